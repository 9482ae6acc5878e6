import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import { describe } from "../cli/describe.ts"
import { ExitStatus } from "../cli/errors.ts"
import { choose } from "../cli/prompt.ts"
import type { SessionHandle } from "../session/handle.ts"
import { matching, type Selection } from "../session/live.ts"
import { Sessions } from "../session/Sessions.ts"
import { requireTerminal, sayClipboard, sayDetached, sayEnd } from "../terminal/attach.ts"
import { UserTerminal } from "../terminal/UserTerminal.ts"
import { container, selection, slot, workspace } from "./options.ts"

/** The session meant; if several are, the user is asked. */
const pick = (wanted: Selection) =>
  Effect.flatMap(Sessions, (sessions) =>
    sessions.get(wanted).pipe(
      Effect.catchTag("SeveralSessions", (several) =>
        Effect.flatMap(sessions.list, (live) =>
          choose(
            "Which session?",
            matching(live, wanted).map((session) => ({
              title: `${session.container}  ${session.tool}  ${session.workspace}`,
              value: session
            })),
            { instead: "clincus attach CONTAINER" }
          ).pipe(Effect.catchTag("NoTerminal", () => several))))
    ))

/** Attaches the user's terminal to a session that runs, and says how it went. */
export const attachHere = (session: SessionHandle) =>
  Effect.gen(function*() {
    const sessions = yield* Sessions
    const after = yield* sessions.attach(session, yield* UserTerminal)
    yield* sayClipboard
    yield* after._tag === "Detached" ? sayDetached(session) : sayEnd(session, after.outcome)
  })

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
      if (!given.bash) return yield* attachHere(session)
      const sessions = yield* Sessions
      const status = yield* sessions.shell(session, yield* UserTerminal)
      yield* sayClipboard
      if (status !== 0) yield* new ExitStatus({ code: status })
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
