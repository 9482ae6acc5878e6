import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { IncusRequestError, IncusSilent } from "./errors.ts"

/** True for failures of the way to the daemon: it restarts, or does not take connections at the moment. */
export const isConnection = (failure: { readonly _tag: string }): boolean =>
  failure._tag === "IncusConnectionLost" || failure._tag === "IncusUnavailable"

/**
 * True for failures that may pass by themselves: of the connection, of a daemon that is busy, of an operation that came
 * in another's way. A request that the daemon refused will be refused again.
 *
 * @example
 * import * as Incus from "clincus/incus"
 * import * as Effect from "effect/Effect"
 * import * as Schedule from "effect/Schedule"
 *
 * export const version = Effect.flatMap(Incus.IncusService, ({ server }) => server).pipe(
 *   Effect.retry({ while: Incus.mayPass, schedule: Schedule.exponential("100 millis"), times: 5 }),
 *   Effect.map(({ environment }) => environment.server_version)
 * )
 */
export const mayPass = (failure: { readonly _tag: string }): boolean =>
  isConnection(failure)
  || failure._tag === "IncusSilent"
  || failure._tag === "OperationLost"
  || (failure instanceof IncusRequestError
    && (failure.operation !== undefined || failure.status >= 500 || /\bbusy\b/i.test(failure.reason)))

/**
 * Tries again soon, then more and more rarely, once a second in the end, until `limit` is over. The delays are whole
 * milliseconds: a test clock that has come to a part of one cannot tell its nanoseconds.
 */
export const passing = (limit: Duration.DurationInput) =>
  Schedule.exponential("20 millis").pipe(
    Schedule.union(Schedule.spaced("1 second")),
    Schedule.jittered,
    Schedule.modifyDelay((_, delay) => Duration.millis(Math.ceil(Duration.toMillis(delay)))),
    Schedule.upTo(limit)
  )

/** Tries again what fails with something that may pass, until `limit` is over. It must be safe to do twice. */
export const retryPassing =
  (limit: Duration.DurationInput) =>
  <A, E extends { readonly _tag: string }, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.retry(effect, { while: mayPass, schedule: passing(limit) })

/**
 * Tries again what the daemon did not accept, until `limit` is over: nothing was sent. The queue of connections of a busy
 * daemon is full at times.
 */
export const untilAccepted =
  (limit: Duration.DurationInput) =>
  <A, E extends { readonly _tag: string }, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.retry(effect, {
      while: (failure) => failure instanceof IncusSilent && !failure.sent,
      schedule: passing(limit)
    })
