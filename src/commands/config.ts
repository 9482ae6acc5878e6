import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { describe } from "../cli/describe.ts"
import { escape } from "../cli/escape.ts"
import { format, notice, Output, print } from "../cli/output.ts"
import { table } from "../cli/table.ts"
import { ConfigService } from "../config/ConfigService.ts"
import { describeRequest, limitData, requestData, sayLimits } from "../terminal/agreement.ts"
import { profile, workspace, workspacePath } from "./options.ts"

const columns = [{ title: "KEY" }, { title: "VALUE", shrink: "end" }, {
  title: "FROM",
  shrink: "path"
}] as const

export const command = Command.make(
  "config",
  { workspace, profile, format },
  (given) =>
    Effect.gen(function*() {
      const output = yield* Output
      const config = yield* ConfigService
      const directory = yield* workspacePath(Option.getOrElse(given.workspace, () => "."))
      const { origins, withheld } = yield* config.load({
        workspace: directory,
        profile: Option.getOrUndefined(given.profile)
      })
      const sorted = origins.toSorted((a, b) => a.key.localeCompare(b.key))
      yield* print(
        given.format,
        {
          ...Object.fromEntries(sorted.map(({ key, source, value }) => [key, { value, source }])),
          ...(withheld === undefined ? {} : {
            not_in_force: {
              value: { requests: withheld.requests.map(requestData), limits: withheld.limits.map(limitData) },
              source: withheld.file
            }
          })
        },
        () =>
          table(columns, sorted.map(({ key, source, value }) => [key, JSON.stringify(value), source]), {
            stream: output.stdout
          })
      )
      if (withheld === undefined) return
      yield* sayLimits(withheld)
      yield* Effect.forEach(
        withheld.requests,
        (request) =>
          notice(
            `Note: ${escape(withheld.file)}: not in force until it is granted: ${describeRequest(request)}.`
          )
      )
    })
).pipe(
  Command.withDescription(describe("Print the configuration in force, and where each value comes from.", {
    group: "Other commands",
    details: [
      "The later wins: built-in values, /etc/clincus/config.toml, ~/.config/clincus/config.toml (or the file that CLINCUS_CONFIG names), INCUS_SOCKET and INCUS_PROJECT, .clincus.toml of the workspace, --profile, options of the command line.",
      "Of .clincus.toml only limits that are lower are in force at once, the rest when it is granted ('clincus trust'). What is not in force is said below the table, and is 'not_in_force' in JSON."
    ],
    examples: [["clincus config --workspace ~/project", "As a session of that directory would have it."]]
  }))
)
