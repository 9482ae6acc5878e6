import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import {
  IncusConnectionLost,
  IncusDenied,
  IncusRequestError,
  IncusSilent,
  InstanceNotFound,
  OperationLost
} from "../../../src/incus/errors.ts"
import { retryPassing, untilAccepted } from "../../../src/incus/retry.ts"

const request = { method: "GET", path: "/1.0" }
const refused = (status: number, reason = "no", operation?: string) =>
  new IncusRequestError({ ...request, status, reason, ...(operation === undefined ? {} : { operation }) })
const silent = (sent: boolean) => new IncusSilent({ ...request, seconds: 10, sent })

/** How often something that always fails so is tried in a minute, by a policy of ten seconds. */
const attempts = <E extends { readonly _tag: string }>(
  policy: (effect: Effect.Effect<never, E>) => Effect.Effect<never, E>,
  failure: E
) =>
  Effect.gen(function*() {
    let count = 0
    const fiber = yield* Effect.fork(Effect.flip(policy(Effect.suspend(() => {
      count++
      return Effect.fail(failure)
    }))))
    yield* TestClock.adjust("1 minute")
    expect(yield* Fiber.join(fiber)).toMatchObject({ _tag: failure._tag })
    return count
  })

describe("what is tried again", () => {
  it.effect("is what may pass, more and more rarely, and not for ever", () =>
    Effect.gen(function*() {
      for (
        const failure of [
          new IncusConnectionLost({ ...request, cause: "cut" }),
          silent(true),
          new OperationLost({ ...request, operation: "x" }),
          refused(500),
          refused(400, "Instance is busy running a stop operation"),
          refused(400, "failed", "x")
        ]
      ) {
        const count = yield* attempts(retryPassing("10 seconds"), failure)
        expect(count, failure.message).toBeGreaterThan(10)
        expect(count, failure.message).toBeLessThan(25)
      }
    }))

  it.effect("is nothing that was refused or is not there", () =>
    Effect.gen(function*() {
      for (
        const failure of [
          refused(400),
          refused(403),
          refused(404),
          refused(412),
          new IncusDenied({ socket: "/s" }),
          new InstanceNotFound({ name: "one" })
        ]
      ) expect(yield* attempts(retryPassing("10 seconds"), failure), failure.message).toBe(1)
    }))

  it.effect("is a request that was not accepted, and none that was", () =>
    Effect.gen(function*() {
      expect(yield* attempts(untilAccepted("10 seconds"), silent(false))).toBeGreaterThan(10)
      expect(yield* attempts(untilAccepted("10 seconds"), silent(true))).toBe(1)
    }))
})
