import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { isNotFound } from "../../../src/incus/client.ts"
import { type IncusFailure, OperationLost, requestOutcome } from "../../../src/incus/errors.ts"
import { IncusService } from "../../../src/incus/IncusService.ts"
import type { Instances } from "../../../src/incus/instancesApi.ts"
import { after, before, type Phase } from "../../../src/incus/memory/faults.ts"
import { MemoryIncus } from "../../../src/incus/memory/MemoryIncus.ts"
import { onTwin, times } from "./support/twin.ts"

const change = () => Option.some({ config: { "user.x": "1" }, devices: {}, ephemeral: false })

const verbs: ReadonlyArray<
  readonly [
    verb: string,
    at: Phase,
    before: "Running" | "Stopped",
    act: (instances: Instances) => Effect.Effect<void, { readonly _tag: string }>
  ]
> = [
  ["stop", "stop", "Running", (instances) => instances.stop("one", { force: true })],
  ["start", "start", "Stopped", (instances) => instances.start("one")],
  ["remove", "delete", "Stopped", (instances) => instances.remove("one")],
  ["destroy", "stop", "Running", (instances) => instances.destroy("one")],
  ["rename", "rename", "Stopped", (instances) => instances.rename("one", "two")],
  ["edit", "edit", "Stopped", (instances) => instances.edit("one", change)]
]

/** Stops a container that runs. */
const stop = Effect.flatMap(IncusService, ({ instances }) => instances.stop("one", { force: true }))
const start = Effect.flatMap(IncusService, ({ instances }) => instances.start("one"))
const put = (status: "Running" | "Stopped" = "Running") =>
  Effect.flatMap(MemoryIncus, (incus) => incus.put({ name: "one", status }))

describe("an operation that the daemon has forgotten", () => {
  for (const [verb, at, status, act] of verbs) {
    it.live(`${verb}: is a success where it was done, and where it is remembered`, () =>
      Effect.gen(function*() {
        const incus = yield* MemoryIncus
        const { instances } = yield* IncusService
        yield* put(status)
        yield* act(instances)
        yield* instances.destroy("two")
        yield* put(status)
        yield* incus.fault(after(at, "forget"))
        yield* act(instances)
      }).pipe(onTwin()))

    it.live(`${verb}: is a failure that says so where it was not done`, () =>
      Effect.gen(function*() {
        const incus = yield* MemoryIncus
        const { instances } = yield* IncusService
        yield* put(status)
        const there = yield* incus.look("one")
        yield* incus.fault(before(at, "forget"))
        const failure = yield* Effect.flip(act(instances))
        expect(failure).toBeInstanceOf(OperationLost)
        expect(failure).toMatchObject({
          operation: expect.stringMatching(/^[0-9a-f-]{36}$/),
          message: expect.stringMatching(
            /no longer knows what became of .* container one is there, (running|stopped)/
          ),
          hint: expect.stringContaining("clincus list")
        })
        expect(isNotFound(failure)).toBe(false)
        expect(yield* incus.look("one")).toEqual(there)
      }).pipe(onTwin()))
  }

  it.live("because it was restarted, is judged in the same way", () =>
    Effect.gen(function*() {
      const incus = yield* MemoryIncus
      yield* put()
      yield* incus.fault(before("stop.wait", { meanwhile: incus.restart }))
      expect(yield* Effect.flip(stop)).toMatchObject({ _tag: "OperationLost" })
      expect(yield* incus.look("one")).toMatchObject({ value: { status: "Running" } })
      yield* stop
    }).pipe(onTwin({ times: { stop: "1 second" } })))

  it.live("says so where the instance cannot be looked at", () =>
    Effect.gen(function*() {
      const incus = yield* MemoryIncus
      yield* put()
      yield* incus.fault(before("stop", "forget"))
      yield* incus.fault(before("look", "garbage", "every"))
      expect(yield* Effect.flip(stop)).toMatchObject({
        _tag: "OperationLost",
        message: expect.stringContaining("could not be looked at")
      })
    }).pipe(onTwin()))

  it.live("of a command is not a missing instance", () =>
    Effect.gen(function*() {
      const incus = yield* MemoryIncus
      const { exec } = yield* IncusService
      yield* put()
      yield* incus.fault(after("exec", "forget"))
      expect(yield* Effect.flip(exec.run("one", { command: ["true"] }))).toMatchObject({
        _tag: "OperationLost"
      })
    }).pipe(onTwin()))

  it.live("an instance that is missing from the start is still called that", () =>
    Effect.gen(function*() {
      const { instances } = yield* IncusService
      expect(yield* Effect.flip(stop)).toMatchObject({ _tag: "InstanceNotFound" })
      yield* instances.destroy("one")
    }).pipe(onTwin()))
})

describe("destroy", () => {
  it.live("stops again what was starting, and so neither to be stopped nor to be deleted at first", () =>
    Effect.gen(function*() {
      const incus = yield* MemoryIncus
      const { instances } = yield* IncusService
      yield* put()
      yield* incus.fault(before("stop", { status: 400, error: "The instance is already stopped" }))
      yield* instances.destroy("one")
      expect(yield* times("stop")).toBe(2)
      expect(yield* instances.list).toEqual([])
    }).pipe(onTwin()))
})

describe("waiting for an operation", () => {
  it.live("goes on, in rounds, where the daemon says that it is still at work", () =>
    Effect.gen(function*() {
      const incus = yield* MemoryIncus
      yield* put()
      yield* stop
      const waits = (yield* incus.requests).filter(({ phases }) => phases.includes("stop.wait"))
      expect(waits).toHaveLength(4)
      expect(waits[0]?.path).toMatch(/\?timeout=30$/)
    }).pipe(onTwin({ times: { stop: "100 seconds" } })))

  it.live("tells an operation that failed because something was not found from one that is lost", () => {
    let reason = "Storage pool not found"
    return Effect.gen(function*() {
      const incus = yield* MemoryIncus
      yield* put("Stopped")
      yield* incus.fault(before("start.wait", { status: 404, error: reason }, "every"))
      expect(yield* Effect.flip(start)).toMatchObject({ _tag: "IncusRequestError", reason })
      reason = "Instance not found"
      expect(yield* Effect.flip(start)).toMatchObject({ _tag: "InstanceNotFound" })
    }).pipe(onTwin({ guest: { boot: () => Effect.suspend(() => Effect.fail(reason)) } }))
  })

  it.live("goes on where the connection is cut for a moment", () =>
    Effect.gen(function*() {
      const incus = yield* MemoryIncus
      yield* put()
      yield* incus.fault(before("stop.wait", "cut", 1))
      yield* incus.fault(before("stop.wait", "cut", 2))
      yield* stop
      expect([yield* times("stop"), yield* times("stop.wait")]).toEqual([1, 3])
    }).pipe(onTwin()))

  for (
    const [trouble, tag] of [
      ["cut", "IncusConnectionLost"],
      ["hang", "IncusSilent"],
      ["truncated", "IncusUnexpected"]
    ] as const
  ) {
    it.live(`ends where the daemon does only this: ${trouble}`, () =>
      Effect.gen(function*() {
        const incus = yield* MemoryIncus
        yield* put()
        yield* incus.fault(before("stop.wait", trouble, "every"))
        expect(yield* Effect.flip(stop)).toMatchObject({ _tag: tag })
      }).pipe(onTwin()))
  }

  it.live("that fails tells the operation's words, and that a part may be done", () =>
    Effect.gen(function*() {
      const { instances } = yield* IncusService
      yield* put("Stopped")
      const failure = yield* Effect.flip(start)
      expect(failure).toMatchObject({ _tag: "IncusRequestError", reason: "device is broken" })
      expect(failure._tag === "IncusRequestError" && requestOutcome(failure)).toBe("Unknown")
      yield* put("Running")
      const refused: IncusFailure = yield* Effect.flip(instances.remove("one"))
      expect(requestOutcome(refused)).toBe("Refused")
    }).pipe(onTwin({ guest: { boot: () => Effect.fail("device is broken") } })))
})
