import { describe, expect, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { IncusService } from "../../../src/incus/IncusService.ts"
import { before } from "../../../src/incus/memory/faults.ts"
import { MemoryIncus } from "../../../src/incus/memory/MemoryIncus.ts"
import { onTwin, times } from "./support/twin.ts"

const start = Effect.flatMap(IncusService, ({ instances }) => instances.start("one"))

const put = (status: "Running" | "Stopped") =>
  Effect.flatMap(MemoryIncus, (incus) => incus.put({ name: "one", status }))

const status = Effect.map(
  Effect.flatMap(MemoryIncus, (incus) => incus.look("one")),
  Option.match({ onNone: () => "Gone", onSome: (instance) => instance.status })
)

const forkstart =
  "Failed to run: /usr/libexec/incus/incusd forkstart one /var/lib/incus/containers /run/incus/one/lxc.conf: exit status 1"

/** What Incus says of a start while what is to be started is still being stopped. */
const passing = [
  [500, "Failed to create instance start operation: Instance is busy running a \"stop\" operation"],
  [400, "The instance is already running"],
  [500, "The instance cannot be started as in Stopping status"]
] as const

describe("a start of an instance", () => {
  for (const [code, error] of passing) {
    it.live(`that is refused while the instance is being stopped (${error}) is tried again`, () =>
      Effect.gen(function*() {
        const incus = yield* MemoryIncus
        yield* put("Stopped")
        yield* incus.fault(before("start", { status: code, error }, 1))
        yield* incus.fault(before("start", { status: code, error }, 2))
        yield* start
        expect([yield* status, yield* times("start")]).toEqual(["Running", 3])
      }).pipe(onTwin()))
  }

  it.live("whose program fails while the instance is being stopped is tried again", () => {
    let boots = 0
    return Effect.gen(function*() {
      yield* put("Stopped")
      yield* start
      expect([yield* status, boots]).toEqual(["Running", 4])
    }).pipe(
      onTwin({
        guest: { boot: () => Effect.suspend(() => ++boots < 4 ? Effect.fail(forkstart) : Effect.void) }
      })
    )
  })

  it.live("whose program fails always fails with that, in some seconds", () =>
    Effect.gen(function*() {
      yield* put("Stopped")
      const began = yield* Clock.currentTimeMillis
      expect(yield* Effect.flip(start)).toMatchObject({ _tag: "IncusRequestError", reason: forkstart })
      expect((yield* Clock.currentTimeMillis) - began).toBeLessThan(5000)
      expect(yield* status).toBe("Stopped")
    }).pipe(onTwin({ guest: { boot: () => Effect.fail(forkstart) } })))

  it.live("that fails for another reason is not tried again", () => {
    let boots = 0
    return Effect.gen(function*() {
      yield* put("Stopped")
      const failure = yield* Effect.flip(start)
      expect(failure).toMatchObject({ _tag: "IncusRequestError", reason: "no space left on device" })
      expect(boots).toBe(1)
    }).pipe(
      onTwin({
        guest: { boot: () => Effect.suspend(() => Effect.fail(++boots > 0 ? "no space left on device" : "")) }
      })
    )
  })

  it.live("that runs is no error, and asked for once", () =>
    Effect.gen(function*() {
      yield* put("Running")
      yield* start
      expect(yield* times("start")).toBe(1)
    }).pipe(onTwin()))
})
