import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import { IncusService } from "../../../src/incus/IncusService.ts"
import type { Phase } from "../../../src/incus/memory/faults.ts"
import { MemoryIncus, memoryIncus } from "../../../src/incus/memory/MemoryIncus.ts"
import { clocks, endOf, until } from "./support/clocks.ts"
import { times } from "./support/twin.ts"

const io = {
  size: { columns: 80, rows: 24 },
  input: Stream.never,
  resizes: Stream.never,
  output: () => Effect.void
}

/** What waits for the daemon without an end: what it does, and the requests after which it waits. */
const waits: ReadonlyArray<
  readonly [
    what: string,
    at: readonly [phase: Phase, count: number],
    wait: Effect.Effect<unknown, { readonly _tag: string }, IncusService>,
    end: Exit.Exit<void, string>
  ]
> = [
  [
    "a command",
    ["exec.wait", 1],
    Effect.flatMap(IncusService, ({ exec }) => exec.run("up", { command: ["x"] })),
    Exit.fail("OperationLost")
  ],
  [
    "a terminal",
    ["socket", 2],
    Effect.flatMap(IncusService, ({ exec }) => exec.terminal("up", { command: ["x"] }, io)),
    Exit.fail("OperationLost")
  ],
  [
    "a start",
    ["start.wait", 1],
    Effect.flatMap(IncusService, ({ instances }) => instances.start("off")),
    Exit.fail("OperationLost")
  ],
  [
    "a stop",
    ["stop.wait", 1],
    Effect.flatMap(
      IncusService,
      ({ instances }) => instances.stop("up", { force: false, timeoutSeconds: 3600 })
    ),
    Exit.fail("OperationLost")
  ],
  [
    "a stream of events",
    ["events", 1],
    Effect.flatMap(IncusService, ({ events }) => Stream.runDrain(events.instances)),
    Exit.void
  ]
]

/** Nothing in a container ever ends by itself: no command, no boot, no shutdown. */
const twin = memoryIncus({
  // A daemon that has forgotten an operation is looked at for a tenth of it.
  patience: "1 second",
  guest: { exec: () => Effect.never, boot: () => Effect.never, shutdown: () => Effect.never }
})

const withContainers = Effect.flatMap(
  MemoryIncus,
  (incus) => Effect.zipRight(incus.put({ name: "up" }), incus.put({ name: "off", status: "Stopped" }))
)

for (const [kind, clock] of Object.entries(clocks)) {
  describe.concurrent(`a restart of the daemon in memory, with a ${kind} clock`, () => {
    for (const [what, [phase, count], wait, end] of waits) {
      it.live(`ends ${what} as a real restart does, and the next request is answered`, () =>
        Effect.gen(function*() {
          const incus = yield* MemoryIncus
          const { instances } = yield* IncusService
          yield* withContainers
          const fiber = yield* Effect.fork(wait)
          yield* until(clock, Effect.map(times(phase), (seen) => seen >= count))
          const restarting = yield* Effect.fork(incus.restart)
          expect(yield* endOf(clock, restarting)).toEqual(Exit.void)
          const exit = yield* endOf(clock, fiber)
          expect(Exit.mapBoth(exit, { onSuccess: () => undefined, onFailure: ({ _tag }) => _tag })).toEqual(
            end
          )
          // The control: what is asked now is done.
          yield* instances.stop("up", { force: true })
          expect((yield* instances.list).map(({ status }) => status)).toEqual(["Stopped", "Stopped"])
        }).pipe(Effect.provide(twin), Effect.scoped, clock.provide))
    }

    it.live("lets a system go off that waited for a stop", () =>
      Effect.gen(function*() {
        const incus = yield* MemoryIncus
        const { instances } = yield* IncusService
        yield* withContainers
        yield* Effect.fork(Effect.ignore(instances.stop("up", { force: false, timeoutSeconds: 3600 })))
        yield* until(clock, Effect.map(times("stop.wait"), (count) => count > 0))
        const off = yield* Effect.fork(incus.powerOff("up"))
        yield* clock.pass
        yield* incus.restart
        expect(yield* endOf(clock, off)).toEqual(Exit.void)
        expect((yield* instances.get("up")).status).toBe("Stopped")
      }).pipe(Effect.provide(twin), Effect.scoped, clock.provide))

    it.live("is done at once, however long a command takes to clean up", () =>
      Effect.gen(function*() {
        const incus = yield* MemoryIncus
        const { exec } = yield* IncusService
        yield* incus.put({ name: "up" })
        const fiber = yield* Effect.fork(exec.run("up", { command: ["x"] }))
        yield* until(clock, Effect.map(times("exec.wait"), (count) => count > 0))
        yield* Effect.fork(incus.restart)
        expect(yield* endOf(clock, fiber)).toMatchObject({ cause: { error: { _tag: "OperationLost" } } })
      }).pipe(
        Effect.provide(memoryIncus({
          guest: { exec: () => Effect.onInterrupt(Effect.never, () => Effect.sleep("3 seconds")) }
        })),
        Effect.scoped,
        clock.provide
      ))
  })
}
