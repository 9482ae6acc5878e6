import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { describe } from "../cli/describe.ts"
import { UsageError } from "../cli/errors.ts"
import { escape } from "../cli/escape.ts"
import { format, notice, print } from "../cli/output.ts"
import { confirm } from "../cli/prompt.ts"
import { table } from "../cli/table.ts"
import { ConfigService } from "../config/ConfigService.ts"
import { grantRequests, readGrants } from "../config/trust.ts"
import { grantData, listRequests, requestData, sayLimits, trustCommand } from "../terminal/agreement.ts"
import { openWorkspace } from "../workspace/Workspace.ts"
import { profile, workspacePath } from "./options.ts"

const options = {
  yes: Options.boolean("yes").pipe(Options.withAlias("y"), Options.withDescription("Do not ask.")),
  list: Options.boolean("list").pipe(
    Options.withAlias("l"),
    Options.withDescription(
      "Print what is granted, to all workspaces or to the one named, and grant nothing."
    )
  ),
  profile,
  format,
  directory: Args.text({ name: "DIR" }).pipe(
    Args.withDescription("Directory whose .clincus.toml is meant; the current one by default."),
    Args.optional
  )
}

type Given = Command.Command.ParseConfig<typeof options>

const listGrants = (given: Given, sessionsDirectory: string, workspace: string | undefined) =>
  Effect.gen(function*() {
    const grants = (yield* readGrants(sessionsDirectory)).filter((grant) =>
      workspace === undefined || grant.workspace === workspace
    )
    yield* print(
      given.format,
      { granted: grants.map(grantData) },
      (stream) =>
        grants.length === 0 ? "Nothing is granted." : table(
          [
            { title: "WORKSPACE", shrink: "path" },
            { title: "GRANTED", shrink: "end" },
            { title: "FILE" },
            { title: "SINCE" }
          ],
          grants.map(({ granted_at, keys, sha256, workspace }) => [
            workspace,
            keys.join(", "),
            sha256.slice(0, 12),
            granted_at.toISOString().slice(0, 10)
          ]),
          { stream }
        )
    )
  })

const trust = (given: Given) =>
  Effect.gen(function*() {
    if (given.list && given.yes) {
      return yield* new UsageError({
        command: "clincus trust",
        reason: "--list grants nothing, so there is nothing to say --yes to"
      })
    }
    const config = yield* ConfigService
    if (given.list) {
      const { settings } = yield* config.load({})
      // A directory that is gone may still have grants.
      const named = Option.isNone(given.directory) ? undefined : yield* workspacePath(given.directory.value)
      return yield* listGrants(given, settings.paths.sessions_dir, named)
    }
    const workspace = yield* openWorkspace(Option.getOrElse(given.directory, () => "."))
    const profile = Option.getOrUndefined(given.profile)
    const { settings, withheld } = yield* config.load({ workspace: workspace.path, profile })
    if (withheld !== undefined) yield* sayLimits(withheld)
    if (withheld === undefined || withheld.requests.length === 0) {
      return yield* print(
        given.format,
        { granted: false, workspace: workspace.path, requests: [] },
        () =>
          `Nothing to grant: all that .clincus.toml of ${
            escape(workspace.path)
          } may ask for is in force, or there is no such file.`
      )
    }
    const requests = listRequests(withheld)
    if (!given.yes) {
      yield* notice(`${escape(withheld.file)} asks for:\n${requests}`)
      const agreed = yield* confirm("Grant this to the file as it is now?", {
        instead: `${trustCommand(withheld, profile)} --yes`
      })
      if (!agreed) return yield* notice("Nothing was granted.")
    }
    yield* grantRequests(settings.paths.sessions_dir, withheld)
    yield* print(
      given.format,
      {
        granted: true,
        workspace: workspace.path,
        file: withheld.file,
        sha256: withheld.sha256,
        requests: withheld.requests.map(requestData)
      },
      () => `Granted to ${escape(withheld.file)} as it is now:\n${requests}`
    )
  })

export const command = Command.make("trust", options, trust).pipe(
  Command.withDescription(describe("Grant what .clincus.toml of a directory asks for.", {
    group: "Other commands",
    details: [
      "The authors of the repository wrote that file, or an agent did. So a tool, an image or a mode that it asks for is used only when you have granted it, to this directory and to the file as it is now; a changed file asks again. Limits need no grant, they can only lower yours. 'clincus untrust' takes a grant back."
    ],
    examples: [
      ["clincus trust", "Show what the current directory's file asks for, and ask."],
      ["clincus trust ~/project --yes", "Grant it without a question, in a script for instance."],
      ["clincus trust --list", "What is granted to which directory."]
    ]
  }))
)
