import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { AttachedTerminal } from "../../src/session/attach.ts"
import { Sessions } from "../../src/session/Sessions.ts"
import * as Testing from "../../src/testing.ts"
import { clocks, endOf, type WithClock } from "./incus/support/clocks.ts"

/** Runs a test as users of the package do, on twins of its own and with a clock. */
const inWorld = (clock: WithClock) =>
<A, E>(
  test: Effect.Effect<A, E, Sessions | Testing.MemoryIncus | Testing.MemoryDisk>
) =>
  Effect.gen(function*() {
    const world = Testing.memorySessions({
      files: { "/home/me/project/README.md": "" },
      // A daemon that has forgotten an operation is looked at for a tenth of it.
      incus: { patience: "1 second" }
    })
    const fiber = yield* Effect.fork(Effect.provide(test, world))
    return yield* yield* endOf(clock, fiber)
  }).pipe(clock.provide)

const start = Effect.flatMap(Sessions, (sessions) => sessions.start({ workspace: "/home/me/project" }))

/** A terminal that nobody types at, and a look at whether something was drawn on it. */
const makeTerminal = Effect.gen(function*() {
  const drawn = yield* Deferred.make<void>()
  const terminal: AttachedTerminal = {
    kind: "xterm",
    lend: (use) =>
      use({
        size: { columns: 80, rows: 24 },
        input: Stream.never,
        resizes: Stream.never,
        output: () => Effect.asVoid(Deferred.succeed(drawn, undefined))
      })
  }
  return { drawn: Deferred.await(drawn), terminal }
})

for (const [kind, clock] of Object.entries(clocks)) {
  describe.concurrent(`the twins for other people's tests, with a ${kind} clock`, () => {
    it.live("run a session from its start to its end", () =>
      Effect.gen(function*() {
        const sessions = yield* Sessions
        const session = yield* start
        yield* sessions.send(session, { text: "hello", keys: ["Enter"] })
        yield* Effect.sleep("50 millis")
        expect(yield* sessions.capture(session)).toContain("said hello")
        yield* sessions.send(session, { text: "exit 3", keys: ["Enter"] })
        const { end, outcome } = yield* sessions.wait(session)
        expect(end).toEqual(Option.some({ reason: "exited", status: 3 }))
        expect(Option.map(outcome, ({ status }) => status)).toEqual(Option.some(3))
        expect(yield* sessions.list).toEqual([])
      }).pipe(Effect.scoped, inWorld(clock)))

    it.live("leave nothing of a start on a full disk", () =>
      Effect.gen(function*() {
        const [disk, incus] = yield* Effect.all([Testing.MemoryDisk, Testing.MemoryIncus])
        yield* disk.fault({ code: "ENOSPC" })
        expect(yield* Effect.flip(start)).toMatchObject({ _tag: "HistoryError" })
        expect(yield* incus.all).toEqual([])
      }).pipe(Effect.scoped, inWorld(clock)))

    it.live("cut off a terminal when the daemon restarts, and the session goes on", () =>
      Effect.gen(function*() {
        const sessions = yield* Sessions
        const incus = yield* Testing.MemoryIncus
        const session = yield* start
        const { drawn, terminal } = yield* makeTerminal
        const attached = yield* Effect.fork(sessions.attach(session, terminal))
        yield* drawn
        yield* incus.restart
        expect(yield* Effect.flip(Fiber.join(attached))).toMatchObject({ _tag: "OperationLost" })
        yield* sessions.send(session, { text: "hello", keys: ["Enter"] })
        yield* Effect.sleep("50 millis")
        expect(yield* sessions.capture(session)).toContain("said hello")
      }).pipe(Effect.scoped, inWorld(clock)))

    it.live("tell the end of a session that is waited for while the daemon restarts", () =>
      Effect.gen(function*() {
        const sessions = yield* Sessions
        const incus = yield* Testing.MemoryIncus
        const session = yield* start
        const waiting = yield* Effect.fork(sessions.wait(session))
        yield* Effect.sleep("50 millis")
        yield* incus.restart
        yield* sessions.send(session, { text: "exit 3", keys: ["Enter"] })
        const { end } = yield* Fiber.join(waiting)
        expect(end).toEqual(Option.some({ reason: "exited", status: 3 }))
      }).pipe(Effect.scoped, inWorld(clock)))

    it.live("end the stream of what happens when the daemon restarts", () =>
      Effect.gen(function*() {
        const sessions = yield* Sessions
        const incus = yield* Testing.MemoryIncus
        const session = yield* start
        const begun = yield* Deferred.make<void>()
        const events = yield* Effect.fork(
          Stream.runForEach(sessions.events(), ({ _tag }) =>
            _tag === "Started" ? Deferred.succeed(begun, undefined) : Effect.void)
        )
        yield* Deferred.await(begun)
        yield* Effect.sleep("50 millis")
        yield* incus.restart
        expect(yield* Fiber.await(events)).toEqual(Exit.void)
        yield* sessions.end(session, { _tag: "kill" })
        expect(yield* incus.all).toEqual([])
      }).pipe(Effect.scoped, inWorld(clock)))
  })
}
