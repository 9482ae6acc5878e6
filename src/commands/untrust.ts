import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { describe } from "../cli/describe.ts"
import { UsageError } from "../cli/errors.ts"
import { escape } from "../cli/escape.ts"
import { format, print } from "../cli/output.ts"
import { ConfigService } from "../config/ConfigService.ts"
import { revokeGrants } from "../config/trust.ts"
import { grantData } from "../terminal/agreement.ts"
import { workspacePath } from "./options.ts"

const options = {
  all: Options.boolean("all").pipe(
    Options.withAlias("a"),
    Options.withDescription("What is granted to any directory.")
  ),
  format,
  directory: Args.text({ name: "DIR" }).pipe(
    Args.withDescription("Directory that loses its grants; the current one by default."),
    Args.optional
  )
}

type Given = Command.Command.ParseConfig<typeof options>

const untrust = (given: Given) =>
  Effect.gen(function*() {
    if (given.all && Option.isSome(given.directory)) {
      return yield* new UsageError({
        command: "clincus untrust",
        reason: "--all goes without a directory"
      })
    }
    const config = yield* ConfigService
    const { settings } = yield* config.load({})
    // A directory that is gone can lose its grants as well.
    const workspace = given.all
      ? undefined
      : yield* workspacePath(Option.getOrElse(given.directory, () => "."))
    const revoked = yield* revokeGrants(settings.paths.sessions_dir, workspace)
    yield* print(given.format, { revoked: revoked.map(grantData) }, () =>
      revoked.length === 0
        ? `Nothing was granted${workspace === undefined ? "" : ` to ${escape(workspace)}`}.`
        : [
          "Taken back:",
          ...revoked.map(({ keys, workspace }) => `  ${escape(workspace)}  ${escape(keys.join(", "))}`)
        ].join("\n"))
  })

export const command = Command.make("untrust", options, untrust).pipe(
  Command.withDescription(describe("Take back what was granted to a directory's .clincus.toml.", {
    group: "Other commands",
    details: ["Sessions that run keep what they were started with; the next start asks again."],
    examples: [
      ["clincus untrust", "The current directory's."],
      ["clincus untrust --all", "Everything that was granted."]
    ]
  }))
)
