import * as Effect from "effect/Effect"
import * as Random from "effect/Random"

/** So many hexadecimal digits, from the Random service: a seed gives the same ones again. */
export const hex = (digits: number): Effect.Effect<string> =>
  Effect.map(
    Effect.replicateEffect(Random.nextIntBetween(0, 16), digits),
    (numbers) => numbers.map((number) => number.toString(16)).join("")
  )

/** A UUID, version 4. */
export const uuid: Effect.Effect<string> = Effect.map(
  hex(32),
  (digits) =>
    [
      digits.slice(0, 8),
      digits.slice(8, 12),
      `4${digits.slice(13, 16)}`,
      `8${digits.slice(17, 20)}`,
      digits.slice(20)
    ].join("-")
)
