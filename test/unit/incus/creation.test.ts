import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { requestOutcome } from "../../../src/incus/errors.ts"
import { IncusService } from "../../../src/incus/IncusService.ts"
import type { InstanceSpec } from "../../../src/incus/instancesApi.ts"
import { after, before, cutAfter, cutBefore } from "../../../src/incus/memory/faults.ts"
import { MemoryIncus } from "../../../src/incus/memory/MemoryIncus.ts"
import { onTwin, times, troubles } from "./support/twin.ts"

const spec: InstanceSpec = {
  name: "one",
  image: "clincus",
  ephemeral: false,
  config: { "user.clincus.run": "mine" },
  devices: {},
  profiles: []
}

const create = (changes: Partial<InstanceSpec> = {}) =>
  Effect.flatMap(IncusService, ({ instances }) => instances.createAndStart({ ...spec, ...changes }))

const statusOf = (name: string) =>
  Effect.flatMap(MemoryIncus, (incus) => incus.look(name)).pipe(
    Effect.flatten,
    Effect.map(({ status }) => status),
    Effect.orElseSucceed(() => "Gone")
  )

describe("a creation", () => {
  it.live("is one request and a wait", () =>
    Effect.gen(function*() {
      yield* create()
      const requests = yield* Effect.flatMap(MemoryIncus, (incus) => incus.requests)
      expect(requests.map(({ phases }) => phases)).toEqual([["create"], ["wait", "create.wait"]])
    }).pipe(onTwin()))

  for (const trouble of troubles) {
    const name = JSON.stringify(trouble)
    it.live(`whose answer is lost (${name}) is a success where the instance runs, and is sent once`, () =>
      Effect.gen(function*() {
        const incus = yield* MemoryIncus
        yield* incus.fault(after("create", trouble))
        yield* create()
        expect([yield* times("create"), yield* statusOf("one")]).toEqual([1, "Running"])
      }).pipe(onTwin()))

    it.live(`that comes to nothing (${name}) does not say that nothing was made`, () =>
      Effect.gen(function*() {
        const incus = yield* MemoryIncus
        yield* incus.fault(before("create", trouble))
        const failure = yield* Effect.flip(create())
        if (failure._tag === "NameTaken" || failure._tag === "ImageNotFound") {
          return expect.fail(failure._tag)
        }
        expect(requestOutcome(failure)).toBe("Unknown")
        expect(yield* times("create")).toBe(1)
      }).pipe(onTwin()))
  }

  it.live("that wins a race, whose loser is in the way of the start, is started all the same", () => {
    const busy = "Failed to create instance start operation: Instance is busy running a \"create\" operation"
    let starts = 0
    return Effect.gen(function*() {
      yield* create()
      expect([yield* times("create"), yield* statusOf("one")]).toEqual([1, "Running"])
      expect(starts).toBe(3)
    }).pipe(
      onTwin({ guest: { boot: () => Effect.suspend(() => ++starts < 3 ? Effect.fail(busy) : Effect.void) } })
    )
  })

  for (const trouble of [...troubles, { status: 404, error: "not found" }]) {
    it.live(`whose waiting is disturbed (${JSON.stringify(trouble)}) is a success where the instance runs`, () =>
      Effect.gen(function*() {
        const incus = yield* MemoryIncus
        yield* incus.fault(before("create.wait", trouble, "every"))
        yield* create()
        expect(yield* statusOf("one")).toBe("Running")
      }).pipe(onTwin()))
  }

  it.live("that was forgotten says what is there where it does not run", () =>
    Effect.gen(function*() {
      const incus = yield* MemoryIncus
      yield* incus.fault(before("create", "forget", "every"))
      const lost = (seen: RegExp) =>
        Effect.map(Effect.flip(create()), (failure) =>
          expect(failure).toMatchObject({ _tag: "OperationLost", message: expect.stringMatching(seen) }))
      yield* lost(/there is no container one/)
      yield* incus.put({ name: "one", config: spec.config, status: "Stopped" })
      yield* lost(/container one is there, stopped/)
    }).pipe(onTwin()))

  it.live("whose answer is lost waits for what the daemon still does with it", () =>
    Effect.gen(function*() {
      const incus = yield* MemoryIncus
      yield* incus.fault(cutAfter("create"))
      yield* create()
      expect(yield* statusOf("one")).toBe("Running")
      expect([yield* times("operations"), yield* times("create.wait")]).toEqual([1, 2])
    }).pipe(onTwin({ times: { create: "45 seconds" } })))

  it.live("of a name that another has is refused as taken, whether the answer is there or not", () =>
    Effect.gen(function*() {
      const incus = yield* MemoryIncus
      yield* incus.put({ name: "one", config: { "user.clincus.run": "another's" } })
      const there = yield* incus.look("one")
      expect(yield* Effect.flip(create())).toMatchObject({ _tag: "NameTaken" })
      // Without an answer nothing says that the name was taken but the one who has it.
      yield* incus.fault(cutBefore("create", 2))
      expect(yield* Effect.flip(create())).toMatchObject({ _tag: "NameTaken" })
      expect(yield* incus.look("one")).toEqual(there)
    }).pipe(onTwin()))

  it.live("without labels leaves the doubt, whoever's the instance is that runs there", () =>
    Effect.gen(function*() {
      const incus = yield* MemoryIncus
      yield* incus.fault(cutAfter("create"))
      expect(yield* Effect.flip(create({ config: {} }))).toMatchObject({ _tag: "IncusConnectionLost" })
    }).pipe(onTwin()))

  const half = { guest: { boot: () => Effect.fail("Instance is busy running a \"start\" operation") } }

  it.live("is not taken by its own half-made instance", () =>
    Effect.gen(function*() {
      expect(yield* Effect.flip(create())).toMatchObject({ _tag: "IncusRequestError" })
    }).pipe(onTwin(half)))

  it.live("is not said to be another's where the daemon cannot be asked whose it is", () =>
    Effect.gen(function*() {
      const incus = yield* MemoryIncus
      const oh = { status: 500, error: "oh" }
      yield* incus.fault(before("look", oh, "every"))
      yield* incus.fault(before("operations", oh, "every"))
      expect(yield* Effect.flip(create())).toMatchObject({
        _tag: "IncusRequestError",
        reason: expect.stringContaining("busy")
      })
    }).pipe(onTwin(half)))

  it.live("of which the guest says that it is ready is a success as well", () =>
    Effect.gen(function*() {
      const incus = yield* MemoryIncus
      yield* incus.put({ name: "one", config: spec.config, status: "Ready" })
      yield* incus.fault(cutBefore("create"))
      yield* create()
    }).pipe(onTwin()))

  it.live("that is refused, or never sent, says so", () =>
    Effect.gen(function*() {
      const incus = yield* MemoryIncus
      yield* incus.fault(before("create", { status: 400, error: "Invalid devices" }, 1))
      yield* incus.fault(before("create", "unavailable", 2))
      const refused = yield* Effect.flip(create())
      expect(refused._tag === "IncusRequestError" && requestOutcome(refused)).toBe("Refused")
      const unsent = yield* Effect.flip(create())
      expect(unsent._tag === "IncusUnavailable" && requestOutcome(unsent)).toBe("NotSent")
    }).pipe(onTwin()))

  it.live("that is interrupted ends when the daemon has done with it", () =>
    Effect.gen(function*() {
      const incus = yield* MemoryIncus
      const asked = yield* Deferred.make<void>()
      yield* incus.fault(after("create", { meanwhile: Effect.asVoid(Deferred.succeed(asked, undefined)) }))
      yield* incus.fault(after("create", "hang"))
      const fiber = yield* Effect.fork(create())
      yield* Deferred.await(asked)
      yield* Fiber.interrupt(fiber)
      expect(yield* statusOf("one")).toBe("Running")
    }).pipe(onTwin({ times: { create: "5 seconds", start: "5 seconds" } })))
})

describe("the image of a creation", () => {
  const print = "0123456789ab"
  const source = Effect.gen(function*() {
    const incus = yield* MemoryIncus
    yield* create({ image: print })
    return (yield* incus.requests).find(({ phases }) => phases.includes("create"))?.json
  })

  it.live("whose alias looks like a fingerprint is asked for by its alias", () =>
    Effect.gen(function*() {
      expect(yield* source).toMatchObject({ source: { type: "image", alias: print } })
    }).pipe(onTwin({ images: [{ aliases: [print] }] })))

  it.live("is a fingerprint where no image has such an alias", () =>
    Effect.gen(function*() {
      expect(yield* source).toMatchObject({ source: { type: "image", fingerprint: print } })
    }).pipe(onTwin({ images: [{ fingerprint: print.padEnd(64, "0") }] })))
})
