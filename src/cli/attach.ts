import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import { ConfigService } from "../config/ConfigService.ts"
import { IncusService } from "../incus/IncusService.ts"
import { shutdownSession } from "../session/end.ts"
import { HistoryStore, type Outcome } from "../session/HistoryStore.ts"
import { guestOf, type LiveSession } from "../session/live.ts"
import { settle } from "../session/reconcile.ts"
import { type Guest, TmuxService } from "../tmux/TmuxService.ts"
import { ExitStatus } from "./errors.ts"
import { escape } from "./escape.ts"
import { notice } from "./output.ts"
import { TerminalNeeded, UserTerminal } from "./UserTerminal.ts"

/** What became of a session whose terminal came back. */
export type AfterAttach = "detached" | "ended" | "gone"

/** A session as far as attaching to it goes. */
export interface Attachable {
  readonly guest: Guest
  readonly tool: string
  readonly id: string
}

/** How long the system of a session gets that ends at detach (s). */
const shutdownSeconds = 10

/** Lines of the tool's last screen that are shown when it failed. */
const lastLines = 20

/** Fails unless there is a terminal; `instead` says what to do without one. */
export const requireTerminal = (what: string, instead: string) =>
  Effect.flatMap(UserTerminal, ({ present }) => present ? Effect.void : new TerminalNeeded({ what, instead }))

/** Connects the user's terminal to the tool until it is detached or the session ends, and tells which it was. */
export const attach = ({ guest, id, tool }: Attachable) =>
  Effect.gen(function*() {
    const terminal = yield* UserTerminal
    const tmux = yield* TmuxService
    const history = yield* HistoryStore
    const incus = yield* IncusService
    // The container may be killed under a terminal that is attached to it: that is an end, not a failure.
    const cut = yield* terminal.lend((io) => tmux.attach(guest, terminal.kind, io)).pipe(
      Effect.as(Option.none()),
      Effect.catchAll((error) => Effect.succeed(Option.some(error)))
    )
    /** Only what is certain counts as an end: the tool's own word, or a container that is off or gone. */
    const look = Effect.gen(function*() {
      const outcome = yield* history.outcome({ tool, id })
      if (Option.isSome(outcome)) return { after: "ended" as const, outcome }
      const off = yield* incus.instances.get(guest.container).pipe(
        Effect.map((instance) => instance.status === "Stopped"),
        Effect.catchTag("InstanceNotFound", () => Effect.succeed(true)),
        Effect.orElseSucceed(() => false)
      )
      return off ? { after: "gone" as const, outcome } : undefined
    })
    const first = yield* look
    if (first !== undefined) return first
    const alive = yield* tmux.alive(guest).pipe(Effect.orElseSucceed(() => false))
    if (alive && Option.isSome(cut)) return yield* cut.value
    if (!alive) {
      // It may be about to end: a container that is killed takes a moment to be gone.
      const end = yield* Effect.repeat(look, {
        schedule: Schedule.spaced("250 millis").pipe(Schedule.intersect(Schedule.recurs(12))),
        until: (seen) => seen !== undefined
      }).pipe(Effect.zipRight(look))
      if (end !== undefined) return end
    }
    // In doubt it lives, and is left alone.
    return { after: "detached" as const, outcome: Option.none<Outcome>() }
  })

/** Says how a session ended that a terminal was attached to. A tool that did not live to tell was ended with its container. */
export const sayEnd = (container: string, tool: string, outcome: Option.Option<Outcome>) =>
  Option.match(outcome, {
    onNone: () => notice(`${container} was ended from outside; the conversation is saved.`),
    onSome: (found) => sayOutcome(tool, found)
  })

/** Attaches to a session that runs already, and does what is configured for a detach. */
export const attachToLive = (session: LiveSession) =>
  Effect.gen(function*() {
    const { labels } = session
    const { after, outcome } = yield* attach({
      guest: guestOf(session),
      tool: labels.tool,
      id: labels.session
    })
    if (after === "detached") {
      const config = yield* ConfigService
      const { settings } = yield* config.load({})
      if (settings.session.on_detach === "keep") return yield* sayDetached(session.container)
      return yield* shutdownSession(session, shutdownSeconds)
    }
    yield* settle(session.container)
    yield* sayEnd(session.container, labels.tool, outcome)
  })

/** What the user is told after a detach: how to come back, and how to end it. */
export const sayDetached = (container: string) =>
  notice([
    `Detached: ${container} keeps running.`,
    `  clincus attach ${container}     come back`,
    `  clincus shutdown ${container}   end it`,
    `  clincus kill ${container}       end it at once`
  ].join("\n"))

/** Shows how a tool failed, with its last lines, and passes its exit status on; says nothing of a tool that did well. */
export const sayOutcome = (title: string, outcome: { readonly status: number; readonly screen: string }) =>
  Effect.gen(function*() {
    if (outcome.status === 0) return
    const lines = outcome.screen.split("\n").slice(-lastLines).map((line) => `  ${escape(line)}`)
    yield* notice([
      ...(outcome.screen === "" ? [] : lines),
      `clincus: ${title} ended with status ${outcome.status}`
    ].join("\n"))
    return yield* new ExitStatus({ code: outcome.status })
  })
