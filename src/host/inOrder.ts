import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

/**
 * Hands pieces that come by callbacks to an effect, one after the other: `tell` takes a piece and waits for nothing, `seen`
 * waits until the effect has had all that was told before.
 */
export const inOrder = <A, R>(
  see: (piece: A) => Effect.Effect<void, never, R>
): Effect.Effect<
  { readonly tell: (piece: A) => void; readonly seen: Effect.Effect<void> },
  never,
  R | Scope.Scope
> =>
  Effect.gen(function*() {
    const queue = yield* Queue.unbounded<Option.Option<A>>()
    const fiber = yield* Stream.fromQueue(queue).pipe(
      Stream.takeWhile(Option.isSome),
      Stream.runForEach(({ value }) => see(value)),
      Effect.forkScoped
    )
    return {
      tell: (piece) => void queue.unsafeOffer(Option.some(piece)),
      seen: queue.offer(Option.none()).pipe(Effect.zipRight(Fiber.join(fiber)))
    }
  })
