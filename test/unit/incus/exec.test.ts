import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import type { TerminalIO, TerminalSize } from "../../../src/incus/execApi.ts"
import { IncusService } from "../../../src/incus/IncusService.ts"
import { before, cutAfter, cutBefore } from "../../../src/incus/memory/faults.ts"
import { CannotRun, type MemoryProcess, type MemoryProgram } from "../../../src/incus/memory/guest.ts"
import { MemoryIncus } from "../../../src/incus/memory/MemoryIncus.ts"
import { onTwin, times } from "./support/twin.ts"

const run = (request: { readonly input?: string } = {}) =>
  Effect.flatMap(IncusService, ({ exec }) => exec.run("one", { command: ["tool"], ...request }))

/** A twin with one container, and this program for every command. */
const withProgram = (exec: MemoryProgram) => <A, E>(test: Effect.Effect<A, E, IncusService | MemoryIncus>) =>
  Effect.flatMap(MemoryIncus, (incus) => incus.put({ name: "one" })).pipe(
    Effect.zipRight(test),
    onTwin({ guest: { exec } })
  )

const whole = ({ input }: MemoryProcess) =>
  Effect.map(Stream.runCollect(Stream.decodeText(input)), (all) => [...all].join(""))

describe("a command", () => {
  it.live("that ends at once loses nothing of what it said", () =>
    Effect.gen(function*() {
      const results = yield* Effect.replicateEffect(run(), 20)
      expect(new Set(results.map(({ stderr, stdout }) => `${stdout}|${stderr}`))).toEqual(
        new Set(["first second|third"])
      )
    }).pipe(withProgram(({ write }) =>
      Effect.as(Effect.all([write("first "), write("second"), write("third", 2)]), 0)
    )))

  it.live("reads what it is given, to the end", () =>
    Effect.gen(function*() {
      const long = "x".repeat(200_000)
      expect(yield* run({ input: long })).toMatchObject({ status: 0, stdout: "200000" })
      expect(yield* run()).toMatchObject({ stdout: "0" })
    }).pipe(withProgram((process) =>
      Effect.flatMap(whole(process), ({ length }) => Effect.as(process.write(String(length)), 0))
    )))

  for (const status of [126, 127] as const) {
    it.live(`has ${status} where Incus says so, and where it is the status of a shell`, () =>
      Effect.gen(function*() {
        expect(yield* run()).toEqual({ status, stdout: "", stderr: "" })
        expect(yield* run({ input: "shell" })).toEqual({ status, stdout: "", stderr: "" })
      }).pipe(
        withProgram((process) =>
          Effect.flatMap(
            whole(process),
            (text) => text === "shell" ? Effect.succeed(status) : new CannotRun({ status })
          )
        )
      ))
  }

  it.live("is tried again where Incus failed to enter the container, and has run once", () => {
    let runs = 0
    return Effect.gen(function*() {
      const incus = yield* MemoryIncus
      const error = "Failed to retrieve PID of executing child process"
      yield* incus.fault(before("exec", { status: 500, error }, 1))
      yield* incus.fault(before("exec", { status: 500, error }, 2))
      expect(yield* run()).toMatchObject({ status: 0 })
      expect([runs, yield* times("exec")]).toEqual([1, 3])
    }).pipe(withProgram(() => Effect.sync(() => ++runs - runs)))
  })

  it.live("is not run where its streams cannot be opened", () => {
    let runs = 0
    return Effect.gen(function*() {
      const incus = yield* MemoryIncus
      yield* incus.fault(cutBefore("socket"))
      expect(yield* Effect.flip(run())).toMatchObject({ _tag: "IncusConnectionLost" })
      yield* Effect.sleep("10 seconds")
      expect(runs).toBe(0)
    }).pipe(withProgram(() => Effect.sync(() => ++runs)))
  })

  it.live("is killed where its client is interrupted", () =>
    Effect.gen(function*() {
      const [begun, killed] = yield* Effect.all([Deferred.make<void>(), Deferred.make<void>()])
      yield* Effect.gen(function*() {
        const fiber = yield* Effect.fork(run())
        yield* Deferred.await(begun)
        yield* Fiber.interrupt(fiber)
        yield* Deferred.await(killed)
      }).pipe(withProgram(() =>
        Effect.zipRight(Deferred.succeed(begun, undefined), Effect.never).pipe(
          Effect.onInterrupt(() => Deferred.succeed(killed, undefined))
        )
      ))
    }))

  it.live("whose answer is lost is not told as one that ran", () =>
    Effect.gen(function*() {
      const incus = yield* MemoryIncus
      yield* incus.fault(cutAfter("exec"))
      expect(yield* Effect.flip(run())).toMatchObject({ _tag: "IncusConnectionLost" })
    }).pipe(withProgram(() => Effect.succeed(0))))

  it.live("that runs while the daemon restarts is lost, and said to be", () =>
    Effect.gen(function*() {
      const begun = yield* Deferred.make<void>()
      yield* Effect.gen(function*() {
        const incus = yield* MemoryIncus
        const fiber = yield* Effect.fork(Effect.flip(run()))
        yield* Deferred.await(begun)
        yield* incus.restart
        expect(yield* Fiber.join(fiber)).toMatchObject({ _tag: "OperationLost" })
      }).pipe(withProgram(() => Effect.zipRight(Deferred.succeed(begun, undefined), Effect.never)))
    }))
})

/** A terminal that a test types at. */
const terminal = Effect.gen(function*() {
  const [typed, resizes] = yield* Effect.all([Queue.unbounded<Uint8Array>(), Queue.unbounded<TerminalSize>()])
  const drawn = yield* Queue.unbounded<string>()
  const io: TerminalIO = {
    size: { columns: 80, rows: 24 },
    input: Stream.fromQueue(typed),
    resizes: Stream.fromQueue(resizes),
    output: (chunk) => Effect.asVoid(drawn.offer(Buffer.from(chunk).toString("utf8")))
  }
  return { io, drawn, resizes, type: (text: string) => typed.offer(Buffer.from(text)) }
})

/** Draws its size and what is typed; `q` ends it with 4. */
const echo: MemoryProgram = ({ input, resizes, terminal, write }) =>
  Effect.gen(function*() {
    const size = ({ columns, rows }: TerminalSize) => write(`${columns}x${rows}`)
    yield* Effect.flatMap(Effect.orDie(terminal), size)
    yield* Effect.fork(Stream.runForEach(resizes, size))
    yield* input.pipe(
      Stream.decodeText(),
      Stream.takeWhile((text) => text !== "q"),
      Stream.runForEach((text) => write(text))
    )
    return 4
  })

describe("a terminal", () => {
  const attach = (io: TerminalIO) =>
    Effect.flatMap(IncusService, ({ exec }) => exec.terminal("one", { command: ["tool"] }, io))

  it.live("draws what is said, follows its size, and ends with the command's status", () =>
    Effect.gen(function*() {
      const { drawn, io, resizes, type } = yield* terminal
      const fiber = yield* Effect.fork(attach(io))
      expect(yield* drawn.take).toBe("80x24")
      yield* resizes.offer({ columns: 111, rows: 33 })
      expect(yield* drawn.take).toBe("111x33")
      yield* type("hello")
      expect(yield* drawn.take).toBe("hello")
      yield* type("q")
      expect(yield* Fiber.join(fiber)).toBe(4)
    }).pipe(withProgram(echo)))

  it.live("goes on where nothing more is typed", () =>
    Effect.gen(function*() {
      const { drawn, io, resizes } = yield* terminal
      const fiber = yield* Effect.fork(attach({ ...io, input: Stream.make(Buffer.from("only")) }))
      expect([yield* drawn.take, yield* drawn.take]).toEqual(["80x24", "only"])
      yield* Effect.sleep("1 minute")
      yield* resizes.offer({ columns: 1, rows: 2 })
      expect(yield* drawn.take).toBe("1x2")
      yield* Fiber.interrupt(fiber)
    }).pipe(withProgram(echo)))

  it.live("that is given up ends its command", () =>
    Effect.gen(function*() {
      const killed = yield* Deferred.make<void>()
      yield* Effect.gen(function*() {
        const { drawn, io } = yield* terminal
        const fiber = yield* Effect.fork(attach(io))
        yield* drawn.take
        yield* Fiber.interrupt(fiber)
        yield* Deferred.await(killed)
      }).pipe(
        withProgram((process) => Effect.onInterrupt(echo(process), () => Deferred.succeed(killed, undefined)))
      )
    }))

  it.live("is over with its container, with the status of a command that was killed", () =>
    Effect.gen(function*() {
      const incus = yield* MemoryIncus
      const { drawn, io } = yield* terminal
      const fiber = yield* Effect.fork(attach(io))
      yield* drawn.take
      yield* incus.powerOff("one")
      expect(yield* Fiber.join(fiber)).toBe(137)
    }).pipe(withProgram(echo)))

  it.live("fails where the connection is cut", () =>
    Effect.gen(function*() {
      const incus = yield* MemoryIncus
      const { drawn, io } = yield* terminal
      const fiber = yield* Effect.fork(Effect.flip(attach(io)))
      yield* drawn.take
      yield* incus.restart
      expect(yield* Fiber.join(fiber)).toMatchObject({ _tag: "OperationLost" })
    }).pipe(withProgram(echo)))

  it.live("says 127 of a command that is not there", () =>
    Effect.gen(function*() {
      const { io } = yield* terminal
      expect(yield* attach(io)).toBe(127)
    }).pipe(withProgram(() => new CannotRun({ status: 127 }))))
})
