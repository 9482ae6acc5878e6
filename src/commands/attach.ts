import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import { describe } from "../cli/describe.ts"
import { ExitStatus } from "../cli/errors.ts"
import { choose } from "../cli/prompt.ts"
import { TmuxService } from "../guest/TmuxService.ts"
import { guestOf, liveSessions, matching, type Selection, selectSession } from "../session/live.ts"
import { attachToLive, requireTerminal } from "../terminal/attach.ts"
import { UserTerminal } from "../terminal/UserTerminal.ts"
import { container, selection, slot, workspace } from "./options.ts"

/** The session meant; where several are, the user is asked. */
const pick = (wanted: Selection) =>
  selectSession(wanted).pipe(
    Effect.catchTag("SeveralSessions", (several) =>
      Effect.gen(function*() {
        const sessions = matching(yield* liveSessions, wanted)
        return yield* choose(
          "Which session?",
          sessions.map((session) => ({
            title: `${session.container}  ${session.labels.tool}  ${session.labels.workspace}`,
            value: session
          })),
          { instead: "clincus attach CONTAINER" }
        ).pipe(Effect.catchTag("NoTerminal", () => several))
      }))
  )

const bash = Options.boolean("bash").pipe(
  Options.withDescription("Open a shell beside the tool, as the same user, in the workspace.")
)

export const command = Command.make(
  "attach",
  { bash, slot, workspace, container },
  (given) =>
    Effect.gen(function*() {
      const session = yield* Effect.flatMap(selection(given), pick)
      yield* requireTerminal("attaching", "Use 'clincus tmux capture' and 'clincus tmux send' without one.")
      const guest = guestOf(session)
      if (given.bash) {
        const terminal = yield* UserTerminal
        const tmux = yield* TmuxService
        const status = yield* terminal.lend((io) => tmux.shell(guest, terminal.kind, io))
        if (status !== 0) yield* new ExitStatus({ code: status })
        return
      }
      yield* attachToLive(session)
    })
).pipe(
  Command.withDescription(describe("Attach this terminal to a running session.", {
    group: "Sessions",
    details: ["Ctrl+B d detaches again. Several terminals can be attached to one session."],
    examples: [
      ["clincus attach", "The only session that runs, or a choice of them."],
      ["clincus attach clincus-a1b2c3-1", "A session by its container."],
      ["clincus attach --slot 1", "Slot 1 of the current directory."],
      ["clincus attach --bash", "A shell in the container in the place of the tool."]
    ]
  }))
)
