import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { MemoryDisk } from "../../../src/host/memory/MemoryDisk.ts"
import { after, before, type Fault, type Phase, type Trouble } from "../../../src/incus/memory/faults.ts"
import { MemoryIncus } from "../../../src/incus/memory/MemoryIncus.ts"
import { Sessions } from "../../../src/session/Sessions.ts"
import { containers, credentials, inWorld, Logged, records, saved, start } from "./support/world.ts"

/** What a start asks Incus for, in its order. */
const phases: ReadonlyArray<Phase> = [
  "server",
  "acl",
  "profile",
  "list",
  "create",
  "create.wait",
  "exec",
  "socket",
  "exec.wait"
]

const troubles: ReadonlyArray<Trouble> = ["cut", "hang", "truncated", "garbage", { status: 500, error: "oh" }]

const faults: ReadonlyArray<readonly [name: string, fault: (at: Phase) => Fault]> = [
  ...troubles.flatMap((trouble) => [
    [`before, ${JSON.stringify(trouble)}`, (at: Phase) => before(at, trouble)] as const,
    [`after, ${JSON.stringify(trouble)}`, (at: Phase) => after(at, trouble)] as const
  ]),
  ["before, nobody listens", (at) => before(at, "unavailable")],
  ["after, forgotten", (at) => after(at, "forget")],
  ["before, forgotten", (at) => before(at, "forget")]
]

/** Nothing of any session is there. */
const nothing = Effect.gen(function*() {
  expect([yield* containers, yield* saved, yield* records]).toEqual([{}, [], []])
})

/** The same, but for what is saved of a session whose container was there. */
const undone = Effect.gen(function*() {
  expect([yield* containers, yield* records]).toEqual([{}, []])
  const left = (yield* saved).map((path) => path.replace(/^.*\//, ""))
  expect([[], ["metadata.json"]]).toContainEqual(left)
})

describe("a start", () => {
  for (const phase of phases) {
    it.live(`to which something happens once, at ${phase}, succeeds or leaves nothing`, () =>
      Effect.forEach(faults, ([name, fault]) =>
        Effect.gen(function*() {
          const incus = yield* MemoryIncus
          yield* incus.fault(fault(phase))
          const scope = yield* Scope.make()
          const exit = yield* Effect.exit(Scope.extend(start(), scope))
          if (Exit.isSuccess(exit)) {
            expect(Object.values(yield* containers), name).toEqual(["Running"])
            yield* Scope.close(scope, Exit.void)
            expect([yield* containers, yield* records, yield* credentials], name).toEqual([{}, [], []])
          } else {
            expect(exit.cause._tag, name).toBe("Fail")
            yield* Scope.close(scope, exit)
            yield* nothing
          }
        }).pipe(inWorld())))

    it.live(`after which the daemon hangs, at ${phase}, ends, and what it leaves is mended when the daemon answers`, () =>
      Effect.forEach([before, after], (when) =>
        Effect.gen(function*() {
          const incus = yield* MemoryIncus
          const sessions = yield* Sessions
          const reached = yield* Deferred.make<void>()
          const hang = before(() => true, "hang", "every")
          const then = incus.fault(hang).pipe(
            Effect.zipRight(Deferred.succeed(reached, undefined)),
            Effect.asVoid
          )
          yield* incus.fault(when(phase, { meanwhile: then }))
          yield* incus.fault(when(phase, "hang"))
          const failure = yield* Effect.flip(Effect.scoped(start()))
          expect(["IncusSilent", "TmuxError", "ContainerLeft"], failure.message).toContain(failure._tag)
          expect(yield* Deferred.isDone(reached)).toBe(true)
          // Once Incus may have been asked for a container, nobody knows whether it is there: that is said.
          const says = (yield* Logged).some((line) => /could not be removed.*incus delete --force/.test(line))
          expect(says).toBe(phases.indexOf(phase) >= phases.indexOf("create"))
          yield* incus.heal
          yield* sessions.list
          yield* undone
        }).pipe(inWorld())))

    it.live(`that is interrupted, at ${phase}, leaves nothing`, () =>
      Effect.forEach([before, after], (when) =>
        Effect.gen(function*() {
          const incus = yield* MemoryIncus
          const reached = yield* Deferred.make<void>()
          yield* incus.fault(when(phase, { meanwhile: Effect.asVoid(Deferred.succeed(reached, undefined)) }))
          const fiber = yield* Effect.fork(Effect.scoped(Effect.zipRight(start(), Effect.never)))
          yield* Deferred.await(reached)
          yield* Fiber.interrupt(fiber)
          yield* nothing
        }).pipe(inWorld({ incus: { times: { create: "100 millis", start: "100 millis" } } }))))

    it.live(`whose program is killed, at ${phase}, is undone by the next command, or can be attached to`, () =>
      Effect.forEach([before, after], (when) =>
        Effect.gen(function*() {
          const incus = yield* MemoryIncus
          const disk = yield* MemoryDisk
          const sessions = yield* Sessions
          const reached = yield* Deferred.make<void>()
          yield* incus.fault(when(phase, { meanwhile: Effect.asVoid(Deferred.succeed(reached, undefined)) }))
          yield* incus.fault(when(phase, "killed"))
          yield* Effect.forkDaemon(Effect.scoped(Effect.zipRight(start(), Effect.never)))
          yield* Deferred.await(reached)
          // The daemon ends what it has begun.
          yield* Effect.sleep("10 seconds")
          yield* disk.reborn
          yield* incus.heal
          const live = yield* sessions.list
          if (live.length === 0) return yield* undone
          for (const session of live) expect(yield* sessions.capture(session)).toContain("ready")
          expect(yield* records).toMatchObject([{ phase: "running" }])
        }).pipe(inWorld())))
  }

  it.live("is not undone while its program lives", () =>
    Effect.gen(function*() {
      const incus = yield* MemoryIncus
      const sessions = yield* Sessions
      // Each phase of the start is seen by another command.
      const seen: Array<number> = []
      const look = Effect.ignore(Effect.map(sessions.list, (live) => seen.push(live.length)))
      for (const phase of ["create", "create.wait", "exec", "exec.wait"] as const) {
        yield* incus.fault(before(phase, { meanwhile: look }))
        yield* incus.fault(after(phase, { meanwhile: look }))
      }
      const session = yield* start()
      expect(seen).toHaveLength(8)
      expect(yield* containers).toEqual({ [session.container]: "Running" })
      expect(yield* sessions.capture(session)).toContain("ready")
    }).pipe(inWorld()))
})
