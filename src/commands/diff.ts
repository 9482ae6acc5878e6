import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import { describe } from "../cli/describe.ts"
import { escape } from "../cli/escape.ts"
import { format, notice, Output, print } from "../cli/output.ts"
import { table } from "../cli/table.ts"
import type { Changes } from "../session/changes.ts"
import { Sessions } from "../session/Sessions.ts"
import { selection, slot, workspace } from "./options.ts"
import { requireKnown } from "./sessionName.ts"

const target = Args.text({ name: "SESSION" }).pipe(
  Args.withDescription(
    "A container, or the id of a session or its beginning; the only running one by default."
  ),
  Args.optional
)

const risky = Options.boolean("risky").pipe(
  Options.withDescription("Only what runs later on this machine, and what runs it.")
)

const columns = [{ title: "KIND" }, { title: "PATH", shrink: "path" }, {
  title: "WHY",
  shrink: "end"
}] as const

/** What `--format json` prints. Keys are only ever added. */
const toJson = ({ changed, complete, risks, session, since, workspace }: Changes, onlyRisky: boolean) => ({
  session,
  workspace,
  since: new Date(since).toISOString(),
  complete,
  ...(onlyRisky ? {} : { changed }),
  risky: risks
})

export const command = Command.make(
  "diff",
  { risky, slot, workspace, format, target },
  (given) =>
    Effect.gen(function*() {
      const wanted = yield* selection({ ...given, container: given.target })
      const sessions = yield* Sessions
      const output = yield* Output
      yield* Effect.ignoreLogged(sessions.reconcile)
      const changes = yield* sessions.changes(wanted).pipe(
        Effect.catchTag("CannotResume", () => requireKnown(wanted.container ?? ""))
      )
      const { changed, complete, risks } = changes
      yield* print(given.format, toJson(changes, given.risky), () =>
        given.risky
          ? table(
            columns,
            risks.map(({ count, kind, path, why }) => [
              kind,
              count === 1 ? path : `${path} (${count})`,
              why
            ]),
            { stream: output.stdout }
          )
          : changed.map((path) => escape(path)).join("\n"))
      if (!complete) {
        yield* notice("Note: there is more in the workspace than was looked at: this is not all.")
      }
      if ((given.risky ? risks : changed).length === 0 && given.format === "text") {
        yield* notice(given.risky ? "Nothing that runs later has changed." : "Nothing has changed.")
      }
    })
).pipe(
  Command.withDescription(
    describe("List what has changed in a session's workspace since the session was started.", {
      group: "Sessions",
      details: [
        "Read from the times of the files, whoever has changed them; what was deleted is not seen, git tells that. --risky lists what runs later on this machine: scripts of package.json and builds, workflows, programs, set-uid files, repositories in the workspace with hooks of their own, protected paths that have changed all the same."
      ],
      examples: [
        ["clincus diff", "What the only running session has changed."],
        ["clincus diff --risky 3f2b", "What to look at before you build, after a session."]
      ]
    })
  )
)
