import { describe, expect, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import { IncusService, layerOnTransport } from "../../../src/incus/IncusService.ts"
import { IncusTransport } from "../../../src/incus/IncusTransport.ts"
import { type Line, makeLine } from "../../../src/incus/memory/line.ts"
import { operation } from "./support/faultyServer.ts"

/** What comes from Incus after the streams of a command are open. */
type Frame = "out" | "out ends" | "out closes" | "err ends" | "err closes" | "exit"

/** A daemon that lets a test say what comes in which order. */
const daemon = Effect.gen(function*() {
  const exited = yield* Deferred.make<void>()
  const [out, err] = [makeLine(), makeLine()]
  const lines: Readonly<Record<string, Line>> = { "0": makeLine(), "1": out, "2": err, control: makeLine() }
  const open = yield* Deferred.make<void>()
  let opened = 0
  const answer = (type: "sync" | "async", metadata: unknown) => ({
    status: 200,
    headers: {},
    body: Buffer.from(JSON.stringify({ type, metadata }))
  })
  const transport = Layer.succeed(IncusTransport, {
    request: ({ method, path }) =>
      method === "POST"
        ? Effect.succeed(answer(
          "async",
          operation("id", {
            status: "Running",
            status_code: 103,
            metadata: { fds: { "0": "0", "1": "1", "2": "2", control: "control" } }
          })
        ))
        : path.includes("/wait")
        ? Effect.as(
          Deferred.await(exited),
          answer("sync", operation("id", { status: "Success", status_code: 200, metadata: { return: 0 } }))
        )
        : Effect.succeed(answer("sync", null)),
    webSocket: (path) =>
      Effect.suspend(() => {
        if (++opened === 4) Deferred.unsafeDone(open, Effect.void)
        return Effect.succeed((lines[/secret=(.+)$/.exec(path)?.[1] ?? ""] ?? out).client)
      }),
    prepare: Effect.void
  })
  const acts: Readonly<Record<Frame, () => void>> = {
    "out": () => out.send({ _tag: "Bytes", bytes: Buffer.from("said") }),
    "out ends": () => out.send({ _tag: "Text", text: "" }),
    "out closes": () => out.end(),
    "err ends": () => err.send({ _tag: "Text", text: "" }),
    "err closes": () => err.end(),
    "exit": () => Deferred.unsafeDone(exited, Effect.void)
  }
  const run = Effect.flatMap(IncusService, ({ exec }) => exec.run("one", { command: ["tool"] })).pipe(
    Effect.provide(layerOnTransport("default").pipe(Layer.provide(transport)))
  )
  return {
    run,
    open: Deferred.await(open),
    come: (frame: Frame) => Effect.zipRight(Effect.sync(acts[frame]), Effect.yieldNow())
  }
})

/** All ways to put several sequences into one, each in its own order. */
const merged = <A>(sequences: ReadonlyArray<ReadonlyArray<A>>): ReadonlyArray<ReadonlyArray<A>> =>
  sequences.every((one) => one.length === 0)
    ? [[]]
    : sequences.flatMap(([first, ...others], index) =>
      first === undefined
        ? []
        : merged(sequences.with(index, others)).map((rest) => [first, ...rest])
    )

/** What a command comes to, if this comes at once, before its streams are listened to or later. */
const outcome = (frames: ReadonlyArray<Frame>, early: boolean) =>
  Effect.gen(function*() {
    const { come, open, run } = yield* daemon
    if (early) yield* Effect.forEach(frames, come)
    const running = yield* Effect.fork(run)
    yield* open
    if (!early) yield* Effect.forEach(frames, come)
    return yield* Fiber.join(running)
  })

const whole = merged<Frame>([["out", "out ends", "out closes"], ["err ends", "err closes"], ["exit"]])
const cut = merged<Frame>([["out", "out closes"], ["err ends", "err closes"], ["exit"]])

describe("the output of a command", () => {
  for (const early of [true, false]) {
    it.effect(`is whole in each of ${whole.length} orders in which its parts come (${early ? "early" : "late"})`, () =>
      Effect.forEach(whole, (frames) =>
        Effect.gen(function*() {
          expect(yield* outcome(frames, early), frames.join()).toEqual({
            status: 0,
            stdout: "said",
            stderr: ""
          })
        })))

    it.effect(`is not told as whole if its stream was cut, in any of ${cut.length} orders (${early ? "early" : "late"})`, () =>
      Effect.forEach(cut, (frames) =>
        Effect.gen(function*() {
          const failure = yield* Effect.flip(outcome(frames, early))
          expect(failure._tag, frames.join()).toBe("IncusConnectionLost")
          expect(failure.message).toContain("before the end of the command's output")
        })))
  }

  it.effect("is read though the program was held up for longer than it waits", () =>
    Effect.gen(function*() {
      const { come, open, run } = yield* daemon
      const sleepers: Array<() => void> = []
      const clock: Clock.Clock = {
        [Clock.ClockTypeId]: Clock.ClockTypeId,
        unsafeCurrentTimeMillis: () => 0,
        unsafeCurrentTimeNanos: () => 0n,
        currentTimeMillis: Effect.succeed(0),
        currentTimeNanos: Effect.succeed(0n),
        sleep: () => Effect.async<void>((resume) => void sleepers.push(() => resume(Effect.void)))
      }
      const running = yield* Effect.fork(Effect.withClock(run, clock))
      yield* open
      yield* come("exit")
      for (let step = 0; step < 100; step++) yield* Effect.yieldNow()
      expect(sleepers).toHaveLength(1)
      // It is late for all who sleep when the program goes on, and nothing has been read yet.
      for (const wake of sleepers.splice(0)) wake()
      for (let step = 0; step < 100; step++) yield* Effect.yieldNow()
      yield* Effect.forEach(["out", "out ends", "err ends"] as const, come)
      expect(yield* Fiber.join(running)).toMatchObject({ status: 0, stdout: "said" })
    }))

  it.effect("is what came in two seconds if a process holds it open", () =>
    Effect.gen(function*() {
      const { come, open, run } = yield* daemon
      const running = yield* Effect.fork(run)
      yield* open
      yield* Effect.forEach(["out", "err ends", "exit"] as const, come)
      for (let step = 0; step < 40; step++) yield* TestClock.adjust("100 millis")
      expect(yield* Fiber.join(running)).toMatchObject({ status: 0, stdout: "said" })
    }))
})
