import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { TmuxError } from "./errors.ts"

/** How long tmux gets to answer. */
const answerTime = "15 seconds"

/**
 * Runs a request to tmux within a time and an amount of output: the tmux is the container's, and may hang, or answer
 * without end. `run` gets what counts its output.
 */
export const bounded = <A, E, R>(
  { action, bytes, container }: {
    readonly container: string
    readonly action: string
    readonly bytes: number
  },
  run: (onOutput: (chunk: Uint8Array) => Effect.Effect<void>) => Effect.Effect<A, E, R>
): Effect.Effect<A, E | TmuxError, R> =>
  Effect.gen(function*() {
    const tooMuch = yield* Deferred.make<never, TmuxError>()
    let room = bytes
    const count = (chunk: Uint8Array) =>
      Effect.suspend(() => {
        room -= chunk.length
        return room < 0
          ? Effect.asVoid(
            Deferred.fail(
              tooMuch,
              new TmuxError({ container, action, reason: `an answer of more than ${bytes / 1024} KiB` })
            )
          )
          : Effect.void
      })
    return yield* run(count).pipe(
      Effect.raceFirst(Deferred.await(tooMuch)),
      Effect.timeoutFail({
        duration: answerTime,
        onTimeout: () => new TmuxError({ container, action, reason: `no answer within ${answerTime}` })
      })
    )
  })
