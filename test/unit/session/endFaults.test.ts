import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { MemoryDisk } from "../../../src/host/memory/MemoryDisk.ts"
import { after, before, type Fault, type Phase, type Trouble } from "../../../src/incus/memory/faults.ts"
import { MemoryIncus } from "../../../src/incus/memory/MemoryIncus.ts"
import { Sessions } from "../../../src/session/Sessions.ts"
import { containers, credentials, endOf, inWorld, records, start } from "./support/world.ts"

/** Starts a session and lets its program go. */
const begun = (...args: Parameters<typeof start>) =>
  Effect.scoped(Effect.tap(start(...args), (session) => session.keep))

const kill = { _tag: "kill" } as const
const shutdown = { _tag: "shutdown", seconds: 5 } as const

const troubles: ReadonlyArray<Trouble> = ["cut", "hang", "truncated", "garbage", { status: 500, error: "oh" }]

const faults: ReadonlyArray<readonly [name: string, fault: (at: Phase) => Fault]> = [
  ...troubles.flatMap((trouble) => [
    [`before, ${JSON.stringify(trouble)}`, (at: Phase) => before(at, trouble)] as const,
    [`after, ${JSON.stringify(trouble)}`, (at: Phase) => after(at, trouble)] as const
  ]),
  ["before, forgotten", (at) => before(at, "forget")],
  ["after, forgotten", (at) => after(at, "forget")]
]

/** What an end asks Incus for. */
const phases: ReadonlyArray<Phase> = ["look", "stop", "stop.wait", "delete", "delete.wait"]

describe("an end", () => {
  for (const phase of phases) {
    for (const [verb, how] of [["kill", kill], ["shutdown", shutdown]] as const) {
      it.live(`(${verb}) to which something happens once, at ${phase}, is an end, or says that it is none`, () =>
        Effect.forEach(faults, ([name, fault]) =>
          Effect.gen(function*() {
            const incus = yield* MemoryIncus
            const sessions = yield* Sessions
            const session = yield* begun()
            yield* incus.fault(fault(phase))
            const exit = yield* Effect.exit(sessions.end(session, how))
            yield* incus.heal
            if (Exit.isSuccess(exit)) {
              // Success is a container that is gone, and nothing else.
              expect([yield* containers, yield* records, yield* credentials], name).toEqual([{}, [], []])
              const reason = verb === "kill" ? "killed" : "shutdown"
              expect(yield* endOf(session), name).toEqual(Option.some({ reason }))
            } else {
              expect(exit.cause._tag, name).toBe("Fail")
              yield* sessions.end(session, kill).pipe(Effect.catchTag("ContainerLeft", Effect.die))
              expect(yield* containers, name).toEqual({})
            }
          })).pipe(inWorld()))
    }

    it.live(`whose program is killed, at ${phase}, is brought to its end by the next command`, () =>
      Effect.forEach([before, after], (when) =>
        Effect.gen(function*() {
          const incus = yield* MemoryIncus
          const disk = yield* MemoryDisk
          const sessions = yield* Sessions
          const session = yield* begun()
          const reached = yield* Deferred.make<void>()
          yield* incus.fault(when(phase, { meanwhile: Effect.asVoid(Deferred.succeed(reached, undefined)) }))
          yield* incus.fault(when(phase, "killed"))
          yield* Effect.forkDaemon(sessions.end(session, kill))
          // An ephemeral container is deleted by Incus itself, so not every phase is come to.
          yield* Effect.timeoutOption(Deferred.await(reached), "20 seconds")
          yield* Effect.sleep("10 seconds")
          yield* disk.reborn
          yield* incus.heal
          yield* sessions.list
          expect([yield* containers, yield* records, yield* credentials]).toEqual([{}, [], []])
          expect(yield* endOf(session)).toEqual(Option.some({ reason: "killed" }))
        }).pipe(inWorld())))
  }

  it.live("that a daemon has forgotten without having done anything is none, and says what is there", () =>
    Effect.gen(function*() {
      const incus = yield* MemoryIncus
      const sessions = yield* Sessions
      const session = yield* begun()
      yield* incus.fault(before("stop", "forget", "every"))
      const failure = yield* Effect.flip(sessions.end(session, kill))
      expect(failure).toMatchObject({ _tag: "ContainerLeft", cause: { _tag: "OperationLost" } })
      expect(failure.message).toContain("is there, running")
      expect(yield* containers).toEqual({ [session.container]: "Running" })
      yield* incus.heal
      yield* sessions.end(session, kill)
      expect(yield* containers).toEqual({})
    }).pipe(inWorld()))

  it.live("with a daemon that hangs fails in the end, and the next command ends what was to be ended", () =>
    Effect.gen(function*() {
      const incus = yield* MemoryIncus
      const disk = yield* MemoryDisk
      const sessions = yield* Sessions
      const session = yield* begun()
      yield* incus.fault(before(() => true, "hang", "every"))
      const begin = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
      const failure = yield* Effect.flip(sessions.end(session, kill))
      const took = (yield* Effect.clockWith((clock) => clock.currentTimeMillis)) - begin
      expect(failure).toMatchObject({ _tag: "ContainerLeft", cause: { _tag: "IncusSilent" } })
      expect(took).toBeLessThan(60_000)
      yield* incus.heal
      // Its program may be trying still, so it is let be while that lives.
      yield* sessions.list
      expect(yield* containers).toEqual({ [session.container]: "Running" })
      yield* disk.reborn
      yield* sessions.list
      expect([yield* containers, yield* endOf(session)]).toEqual([{}, Option.some({ reason: "killed" })])
    }).pipe(inWorld()))

  it.live("of a system that does not shut down is made by force", () =>
    Effect.gen(function*() {
      const sessions = yield* Sessions
      const [one, two] = [yield* begun(), yield* begun({ persistent: true })]
      yield* sessions.end(one, shutdown)
      yield* sessions.end(two, shutdown)
      expect(yield* containers).toEqual({ [two.container]: "Stopped" })
      expect(yield* endOf(one)).toEqual(Option.some({ reason: "shutdown" }))
    }).pipe(inWorld({ incus: { guest: { shutdown: () => Effect.never } } })))

  for (const code of ["ENOSPC", "EROFS"] as const) {
    it.live(`on a disk that takes nothing more (${code}) ends the container all the same`, () =>
      Effect.gen(function*() {
        const disk = yield* MemoryDisk
        const sessions = yield* Sessions
        for (const how of [kill, shutdown]) {
          const session = yield* begun()
          yield* disk.fault({ code })
          yield* Effect.exit(sessions.end(session, how))
          expect(yield* containers).toEqual({})
          // What is removed needs no room.
          if (code === "ENOSPC") expect(yield* credentials).toEqual([])
          yield* disk.fault(undefined)
          yield* sessions.list
          expect([yield* records, yield* credentials]).toEqual([[], []])
        }
      }).pipe(inWorld()))

    it.live(`of a start on a disk that takes nothing more (${code}) leaves nothing`, () =>
      Effect.gen(function*() {
        const disk = yield* MemoryDisk
        const incus = yield* MemoryIncus
        const sessions = yield* Sessions
        for (const phase of ["server", "list", "create", "exec"] as const) {
          yield* incus.fault(before(phase, { meanwhile: disk.fault({ code }) }))
          const failure = yield* Effect.flip(Effect.scoped(start()))
          expect(["HistoryError", "StateError", "TmuxError"], failure.message).toContain(failure._tag)
          expect(yield* containers).toEqual({})
          yield* disk.fault(undefined)
          yield* incus.heal
          // What could not be undone is, when the program is not there any more.
          yield* disk.reborn
          yield* sessions.list
          expect([yield* records, yield* credentials]).toEqual([[], []])
        }
      }).pipe(inWorld()))
  }
})
