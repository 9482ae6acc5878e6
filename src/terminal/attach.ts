import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import stringWidth from "string-width"
import { ExitStatus, StillStarting, ToolGone } from "../cli/errors.ts"
import { escape } from "../cli/escape.ts"
import { notice, Output } from "../cli/output.ts"
import { ConfigService } from "../config/ConfigService.ts"
import { type Guest, TmuxService } from "../guest/TmuxService.ts"
import { Host } from "../host/Host.ts"
import { IncusService } from "../incus/IncusService.ts"
import { shutdownSession } from "../session/end.ts"
import { HistoryStore, type Outcome } from "../session/HistoryStore.ts"
import { guestOf, type LiveSession } from "../session/live.ts"
import { settle } from "../session/reconcile.ts"
import { holdsConversation } from "../session/resume.ts"
import { TerminalNeeded, UserTerminal } from "./UserTerminal.ts"

/** What became of a session whose terminal came back. */
export type AfterAttach = "detached" | "ended" | "gone"

/** A session as far as attaching to it goes. */
export interface Attachable {
  readonly guest: Guest
  readonly tool: string
  readonly id: string
  readonly persistent: boolean
}

/** An end that was seen: whose it was, and what the tool left, where it lived to. */
export interface SeenEnd {
  readonly id: string
  readonly left: Option.Option<Outcome>
}

/** `outcome` holds what is known of an end; after a detach nothing is. */
export interface Seen {
  readonly after: AfterAttach
  readonly outcome: SeenEnd
}

/** How long the system of a session gets that ends at detach (s). */
const shutdownSeconds = 10

/** Lines of the tool's last screen that are shown when it failed. */
const lastLines = 20

/** Fails unless there is a terminal; `instead` says what to do without one. */
export const requireTerminal = (what: string, instead: string) =>
  Effect.flatMap(UserTerminal, ({ present }) => present ? Effect.void : new TerminalNeeded({ what, instead }))

/**
 * Connects the user's terminal to the tool until it is detached or the session ends, and tells which it was. Only what is
 * certain counts as an end: the tool's own word, or a container that is off or gone. Fails with `ToolGone` where the
 * container runs and tmux does not, and with the connection's failure where that was lost; the session lives on then.
 */
export const attach = ({ guest, id, persistent, tool }: Attachable) =>
  Effect.gen(function*() {
    const terminal = yield* UserTerminal
    const tmux = yield* TmuxService
    const history = yield* HistoryStore
    const incus = yield* IncusService
    const said = yield* Effect.either(terminal.lend((io) => tmux.attach(guest, terminal.kind, io)))
    const seen = (after: AfterAttach, left: Option.Option<Outcome>) =>
      Option.some<Seen>({ after, outcome: { id, left } })
    const look = Effect.gen(function*() {
      const left = yield* history.outcome({ tool, id })
      if (Option.isSome(left)) return seen("ended", left)
      const off = yield* incus.instances.get(guest.container).pipe(
        Effect.map((instance) => instance.status === "Stopped"),
        Effect.catchTag("InstanceNotFound", () => Effect.succeed(true)),
        Effect.orElseSucceed(() => false)
      )
      return off ? seen("gone", left) : Option.none<Seen>()
    })
    const first = yield* look
    if (Option.isSome(first)) return first.value
    if (Either.isRight(said) && said.right._tag === "Detached") {
      return { after: "detached", outcome: { id, left: Option.none() } } satisfies Seen
    }
    if (Either.isLeft(said) && (yield* tmux.alive(guest).pipe(Effect.orElseSucceed(() => false)))) {
      return yield* said.left
    }
    const run = yield* history.runs.get({ tool, id })
    if (Either.isRight(said) && Option.exists(run, ({ phase }) => phase === "starting")) {
      return yield* new StillStarting({ container: guest.container })
    }
    // It may be about to end: a container whose tool is gone, or that is killed, takes a moment to be off.
    const patience = Either.isRight(said) && said.right._tag === "Ended" ? "10 seconds" : "3 seconds"
    const end = yield* Effect.repeat(look, {
      schedule: Schedule.spaced("250 millis").pipe(Schedule.upTo(patience)),
      until: Option.isSome
    }).pipe(Effect.zipRight(look))
    if (Option.isSome(end)) return end.value
    return yield* Either.isLeft(said)
      ? Effect.fail(said.left)
      : new ToolGone({ container: guest.container, id, persistent })
  })

/** A path as the user would write it. */
const short = (path: string, home: string): string =>
  path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path

/** How a session ended that no tool lived to tell of; whoever ended it by a command has noted that. */
const endings: Readonly<Record<string, string>> = { killed: "was killed", shutdown: "was shut down" }

/**
 * Says how a session ended that a terminal was attached to, where it is saved, and how to go on with it. A tool that
 * failed is shown with its last lines, and its exit status becomes the program's.
 */
export const sayEnd = (container: string, tool: string, { id, left }: SeenEnd) =>
  Effect.gen(function*() {
    const history = yield* HistoryStore
    const host = yield* Host
    const output = yield* Output
    const key = { tool, id }
    const metadata = yield* Effect.orElseSucceed(history.get(key), Option.none)
    const useful = Option.isNone(metadata) ||
      (yield* holdsConversation(metadata.value, history.directory(key)))
    const noted = Option.getOrUndefined(metadata)?.end?.reason ?? ""
    const failed = Option.filter(left, ({ status }) => status !== 0)
    const how = Option.isSome(failed)
      ? `clincus: ${tool} ended with status ${failed.value.status}`
      : Option.isSome(left)
      ? `${tool} exited`
      : `${container} ${endings[noted] ?? "went away"}`
    const saved = short(history.directory(key).slice(0, -id.length - 1), host.home)
    const [first, second] = useful
      ? [`${how}; saved in ${saved}.`, `Go on with: clincus shell --resume=${id}`]
      : [`${how}. Nothing was said in it that one could go on with.`, ""]
    // Two lines where one has no room: what is to be copied stays whole.
    const line = `${first} ${second}`.trim()
    const screen = Option.match(failed, { onNone: () => "", onSome: ({ screen }) => screen })
    yield* notice([
      ...(screen === "" ? [] : screen.split("\n").slice(-lastLines).map((line) => `  ${escape(line)}`)),
      escape(stringWidth(line) <= output.stderr.columns() ? line : `${first}\n${second}`.trim(), {
        lines: true
      })
    ].join("\n"))
    if (Option.isSome(failed)) return yield* new ExitStatus({ code: failed.value.status })
  })

/** Attaches to a session that runs already, and does what is configured for a detach. */
export const attachToLive = (session: LiveSession) =>
  Effect.gen(function*() {
    const { labels } = session
    const { after, outcome } = yield* attach({
      guest: guestOf(session),
      tool: labels.tool,
      id: labels.session,
      persistent: labels.persistent === "true"
    })
    if (after === "detached") {
      const config = yield* ConfigService
      const { settings } = yield* config.load({})
      if (settings.session.on_detach === "keep") return yield* sayDetached(session.container)
      yield* shutdownSession(session, shutdownSeconds)
      return yield* sayEnd(session.container, labels.tool, outcome)
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
