import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import { IncusConnectionLost, IncusSilent } from "../errors.ts"
import { named, type TransportFailure, type TransportRequest } from "../httpRequest.ts"
import type { Line } from "./line.ts"

/** The connections between the client and the twin. */
export interface Connections {
  /**
   * Subjects the answer to a request to what all answers are subject to: the patience of the client, and a daemon that goes
   * away. In a fiber of its own, as a connection is: whether its client can be interrupted at the moment does not matter to it.
   */
  readonly over: <A, E>(
    request: TransportRequest,
    answer: Effect.Effect<A, E | TransportFailure>
  ) => Effect.Effect<A, E | TransportFailure>
  /** The WebSockets that are open. */
  readonly lines: Set<Line>
  /** Ends all of them, and all requests that wait for an answer. */
  readonly cut: Effect.Effect<void>
  /** Returns when that is done next. */
  readonly ended: Effect.Effect<void>
}

export const makeConnections = (
  patience: Duration.Duration
): Effect.Effect<Connections, never, Scope.Scope> =>
  Effect.gen(function*() {
    const scope = yield* Effect.scope
    const lines = new Set<Line>()
    let ended = yield* Deferred.make<void>()
    return {
      over: (request, answer) => {
        const limit = Duration.decode(request.patience ?? patience)
        const lost = new IncusConnectionLost({ ...named(request), cause: new Error("socket hang up") })
        const bounded = answer.pipe(
          Effect.raceFirst(Effect.zipRight(Deferred.await(ended), lost)),
          Effect.timeoutFail({
            duration: limit,
            onTimeout: () =>
              new IncusSilent({ ...named(request), seconds: Duration.toSeconds(limit), sent: true })
          })
        )
        return Effect.uninterruptibleMask((restore) =>
          Effect.interruptible(bounded).pipe(
            Effect.forkIn(scope),
            Effect.flatMap((fiber) =>
              restore(Fiber.join(fiber)).pipe(Effect.onInterrupt(() => Fiber.interruptFork(fiber)))
            )
          )
        )
      },
      lines,
      ended: Effect.suspend(() => Deferred.await(ended)),
      cut: Effect.gen(function*() {
        const before = ended
        ended = yield* Deferred.make<void>()
        yield* Deferred.succeed(before, undefined)
        for (const line of lines) line.end()
      })
    }
  })
