import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import * as TestContext from "effect/TestContext"
import { hurriedClock } from "../../../../src/host/memory/clock.ts"

/** Gives the processor to whatever wants it, and to the usual clock some milliseconds. */
const turn = Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 4)))

/** What a test is run with. */
export interface WithClock {
  readonly provide: <A, E, R>(test: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** Lets time pass, which a test clock does not do by itself. */
  readonly pass: Effect.Effect<void>
}

export const clocks: Readonly<Record<"usual" | "test" | "hurried", WithClock>> = {
  usual: { provide: (test) => test, pass: turn },
  test: {
    provide: (test) => Effect.provide(test, TestContext.TestContext),
    pass: Effect.zipRight(TestClock.adjust("250 millis"), turn)
  },
  hurried: { provide: (test) => Effect.provide(test, hurriedClock), pass: turn }
}

/** Returns when something is so; a defect if it is not so within some seconds of the usual clock. */
export const until = <E, R>({ pass }: WithClock, isSo: Effect.Effect<boolean, E, R>) =>
  Effect.gen(function*() {
    for (let turns = 0; turns < 1000; turns += 1) {
      if (yield* isSo) return
      yield* pass
    }
    return yield* Effect.dieMessage("what was waited for did not come")
  })

/** How a fiber ends; a defect if it still waits after some seconds. */
export const endOf = <A, E>(
  clock: WithClock,
  fiber: Fiber.RuntimeFiber<A, E>
): Effect.Effect<Exit.Exit<A, E>> =>
  Effect.zipRight(
    until(clock, Effect.map(Fiber.poll(fiber), Option.isSome)),
    Fiber.await(fiber)
  )
