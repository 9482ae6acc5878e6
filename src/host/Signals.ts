import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"

/**
 * A signal that clincus handles.
 *
 * @see Signals
 */
export type SignalName = "SIGINT" | "SIGTERM" | "SIGQUIT" | "SIGHUP"

/**
 * Which signal interrupted the program, if one did. A finalizer asks it to tell a closed terminal (SIGHUP, a session
 * goes on without it) from a wish to end (SIGINT, SIGTERM).
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Effect from "effect/Effect"
 * import * as Option from "effect/Option"
 *
 * export const closed = Effect.gen(function*() {
 *   const { received } = yield* Clincus.Signals
 *   return Option.contains<Clincus.SignalName>("SIGHUP")(yield* received)
 * })
 */
export class Signals extends Context.Tag("clincus/Signals")<Signals, {
  /** The first signal that was received, by its name; none while the program runs undisturbed. */
  readonly received: Effect.Effect<Option.Option<SignalName>>
}>() {}

/**
 * For programs that handle signals by themselves.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Effect from "effect/Effect"
 *
 * export const attachOwn = (session: Clincus.Session, terminal: Clincus.AttachedTerminal) =>
 *   Effect.flatMap(Clincus.Sessions, (sessions) => sessions.attachOwn(session, terminal)).pipe(
 *     Effect.provide(Clincus.noSignals)
 *   )
 */
export const none: Layer.Layer<Signals> = Layer.succeed(Signals, { received: Effect.succeed(Option.none()) })
