import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"

class NotYet extends Data.TaggedError("NotYet")<{ readonly what: string; readonly last: unknown }> {
  override get message(): string {
    return `${this.what} did not come about; the last that was seen:\n${
      typeof this.last === "string" ? this.last : JSON.stringify(this.last, undefined, 2)
    }`
  }
}

/** Looks again and again until what is seen is as wanted; gives that, or fails with the last that was seen (20 s). */
export const eventually = <A, E, R>(
  what: string,
  look: Effect.Effect<A, E, R>,
  wanted: (seen: A) => boolean
): Effect.Effect<A, E | NotYet, R> =>
  look.pipe(
    Effect.filterOrFail(wanted, (last) => new NotYet({ what, last })),
    Effect.retry({
      schedule: Schedule.spaced("60 millis").pipe(Schedule.upTo("20 seconds")),
      while: (error) => error instanceof NotYet
    })
  )

/** What a test did not expect. */
export class Unexpected extends Data.TaggedError("Unexpected")<{ readonly what: string }> {
  override get message(): string {
    return this.what
  }
}
