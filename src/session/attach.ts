import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import { TmuxService } from "../guest/TmuxService.ts"
import { Signals } from "../host/Signals.ts"
import type { TerminalIO } from "../incus/execApi.ts"
import { IncusService } from "../incus/IncusService.ts"
import { shutdownSeconds } from "./container.ts"
import { shutdownSession } from "./end.ts"
import { StillStarting, ToolGone } from "./errors.ts"
import type { SessionHandle } from "./handle.ts"
import type { Outcome } from "./HistoryStore.ts"
import { settle } from "./reconcile.ts"
import type { Session } from "./Session.ts"
import { storeOf } from "./stores.ts"

/**
 * A terminal that can be lent to a session.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Effect from "effect/Effect"
 * import * as Stream from "effect/Stream"
 *
 * export const watch = (session: Clincus.SessionHandle, show: (bytes: Uint8Array) => Effect.Effect<void>) =>
 *   Effect.gen(function*() {
 *     const sessions = yield* Clincus.Sessions
 *     const terminal: Clincus.AttachedTerminal = {
 *       kind: "xterm-256color",
 *       lend: (use) =>
 *         use({ size: { columns: 120, rows: 40 }, input: Stream.empty, resizes: Stream.empty, output: show })
 *     }
 *     const after: Clincus.AfterAttach = yield* sessions.attach(session, terminal)
 *     return after._tag === "Detached" ? "goes on" : "has ended"
 *   })
 */
export interface AttachedTerminal {
  /** Its type, `$TERM`. */
  readonly kind: string
  /** Lends it for as long as the effect runs, and takes it back as it was. */
  readonly lend: <A, E, R>(
    use: (io: TerminalIO) => Effect.Effect<A, E, R>,
    options: { readonly clipboard: boolean }
  ) => Effect.Effect<A, E, R>
}

/**
 * What became of a session whose terminal came back: it was detached from and goes on, or it has ended. `outcome` is what
 * the tool left, if it lived to leave something.
 *
 * @see AttachedTerminal
 */
export type AfterAttach =
  | { readonly _tag: "Detached" }
  | { readonly _tag: "Ended"; readonly outcome: Option.Option<Outcome> }

/** The end of a session, if there is certainty of it: the tool's own word, or a container that is off or gone. */
const lookForEnd = (session: SessionHandle) =>
  Effect.gen(function*() {
    const history = yield* storeOf(session)
    const incus = yield* IncusService
    const outcome = yield* history.outcome(session)
    const ended = Option.some<AfterAttach>({ _tag: "Ended", outcome })
    if (Option.isSome(outcome)) return ended
    const off = yield* incus.instances.get(session.container).pipe(
      Effect.map((instance) => instance.status === "Stopped"),
      Effect.catchTag("InstanceNotFound", () => Effect.succeed(true)),
      Effect.orElseSucceed(() => false)
    )
    return off ? ended : Option.none()
  })

/**
 * Connects a terminal to the tool until it is detached or the session ends, and tells which it was. Only what is certain
 * counts as an end. Fails with `ToolGone` if the container runs and tmux does not, with `StillStarting` if another
 * process has not started the tool yet, and with the connection's failure if that was lost; the session lives on then.
 */
export const connect = (session: SessionHandle, terminal: AttachedTerminal) =>
  Effect.gen(function*() {
    const tmux = yield* TmuxService
    const history = yield* storeOf(session)
    const { container, guest, id, persistent } = session
    const said = yield* Effect.either(terminal.lend((io) => tmux.attach(guest, terminal.kind, io), session))
    const look = lookForEnd(session)
    const first = yield* look
    if (Option.isSome(first)) return first.value
    if (Either.isRight(said) && said.right._tag === "Detached") return said.right
    if (Either.isLeft(said) && (yield* tmux.alive(guest).pipe(Effect.orElseSucceed(() => false)))) {
      return yield* said.left
    }
    const run = yield* history.runs.get(session)
    if (Either.isRight(said) && Option.exists(run, ({ phase }) => phase === "starting")) {
      return yield* new StillStarting({ container })
    }
    // The session may be about to end: a container whose tool is gone, or that is killed, takes a moment to be off.
    const patience = Either.isRight(said) && said.right._tag === "Ended" ? "10 seconds" : "3 seconds"
    const end = yield* Effect.retry(Effect.flatten(look), {
      schedule: Schedule.spaced("250 millis").pipe(Schedule.upTo(patience))
    }).pipe(Effect.option)
    if (Option.isSome(end)) return end.value
    return yield* Either.isLeft(said)
      ? Effect.fail(said.left)
      : new ToolGone({ container, id, persistent })
  })

/**
 * Attaches a terminal to a session that another program, or an earlier command, started, and does at a detach what was
 * decided at the start. Returns when it is detached, or has ended and its run is finished. Fails as `connect` does.
 */
export const attachSession = (session: SessionHandle, terminal: AttachedTerminal) =>
  Effect.gen(function*() {
    const after = yield* connect(session, terminal)
    if (after._tag === "Ended") {
      yield* settle(session)
      return after
    }
    if (session.onDetach === "keep") return after
    yield* shutdownSession(session, shutdownSeconds)
    return { _tag: "Ended", outcome: Option.none() } satisfies AfterAttach
  })

/**
 * The same for a session that ends with the caller's scope. A detach lets it go on, if that was decided, and so does a
 * terminal that is closed; any other interrupt, and a detach that means the end, leave the end to the scope. A lost
 * connection lets it go on as well: that is no reason to take its work away.
 */
export const attachOwn = (session: Session, terminal: AttachedTerminal) =>
  Effect.gen(function*() {
    const signals = yield* Signals
    const letGo = session.onDetach === "keep" ? session.keep : session.endsAs("detached")
    const after = yield* connect(session, terminal).pipe(
      Effect.onInterrupt(() =>
        Effect.flatMap(
          signals.received,
          (signal) => Option.contains(signal, "SIGHUP") ? letGo : Effect.void
        )
      ),
      Effect.tapError(() => session.keep)
    )
    if (after._tag === "Detached") {
      yield* letGo
      return session.onDetach === "keep"
        ? after
        : { _tag: "Ended", outcome: Option.none() } satisfies AfterAttach
    }
    // A command that ended the session has noted so already.
    if (Option.isNone(after.outcome)) yield* session.endsAs("lost")
    return after
  })
