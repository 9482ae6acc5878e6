import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { MemoryDisk } from "../../../src/host/memory/MemoryDisk.ts"
import { before } from "../../../src/incus/memory/faults.ts"
import { MemoryIncus } from "../../../src/incus/memory/MemoryIncus.ts"
import { Sessions } from "../../../src/session/Sessions.ts"
import { hashOf } from "../../../src/workspace/Workspace.ts"
import { containers, inWorld, project, records, saved, start } from "./support/world.ts"

const name = (slot: number, digits = 6) => `clincus-${hashOf(project).slice(0, digits)}-${slot}`

describe("slots", () => {
  it.live("of ten sessions that are begun at once are ten, and the eleventh session has none", () =>
    Effect.gen(function*() {
      const sessions = yield* Effect.forEach(Array.from({ length: 10 }), () => start(), {
        concurrency: "unbounded"
      })
      expect(sessions.map(({ slot }) => slot).toSorted((a, b) => a - b)).toEqual([
        1,
        2,
        3,
        4,
        5,
        6,
        7,
        8,
        9,
        10
      ])
      expect(new Set(sessions.map(({ container }) => container)).size).toBe(10)
      const before = yield* saved
      expect(yield* Effect.flip(Effect.scoped(start()))).toMatchObject({ _tag: "NoFreeSlot" })
      expect([Object.keys(yield* containers).length, (yield* records).length]).toEqual([10, 10])
      expect(yield* saved).toEqual(before)
      // The lowest that is free, wherever it is.
      yield* Effect.flatMap(Sessions, ({ end }) =>
        Effect.forEach(
          sessions.filter(({ slot }) => slot === 7 || slot === 4),
          (session) => end(session, { _tag: "kill" })
        ))
      expect((yield* start()).slot).toBe(4)
    }).pipe(inWorld({ incus: { times: { create: "20 millis", start: "20 millis" } } })))

  it.live("that are asked for are had, or refused if somebody has them", () =>
    Effect.gen(function*() {
      const session = yield* start({ slot: 3 })
      expect(session).toMatchObject({ slot: 3, container: name(3) })
      const failure = yield* Effect.flip(Effect.scoped(start({ slot: 3 })))
      expect(failure).toMatchObject({ _tag: "SlotInUse", slot: 3, container: name(3) })
      for (const slot of [-1, 11, 1.5]) {
        expect(yield* Effect.flip(Effect.scoped(start({ slot })))).toMatchObject({ _tag: "SlotOutOfRange" })
      }
      expect(yield* containers).toEqual({ [name(3)]: "Running" })
    }).pipe(inWorld()))

  it.live("whose name somebody else takes at the last moment are theirs, and the next one is ours", () =>
    Effect.gen(function*() {
      const incus = yield* MemoryIncus
      const take = incus.put({ name: name(1), config: { "user.clincus.run": "another's" } })
      yield* incus.fault(before("create", { meanwhile: take }))
      const session = yield* start()
      expect(session.slot).toBe(2)
      expect(yield* containers).toEqual({ [name(1)]: "Running", [name(2)]: "Running" })
    }).pipe(inWorld()))

  it.live("that are asked for, and that another session takes at the last moment, are in use", () =>
    Effect.gen(function*() {
      const incus = yield* MemoryIncus
      const sessions = yield* Sessions
      const other = Effect.scoped(
        Effect.flatMap(sessions.start({ workspace: project, slot: 5 }), (session) => session.keep)
      )
      yield* incus.fault(before("create", { meanwhile: Effect.orDie(other) }))
      expect(yield* Effect.flip(Effect.scoped(start({ slot: 5 })))).toMatchObject({
        _tag: "SlotInUse",
        slot: 5
      })
      expect([yield* containers, (yield* records).length]).toEqual([{ [name(5)]: "Running" }, 1])
    }).pipe(inWorld()))

  it.live("are not counted by containers of others: the name grows instead", () =>
    Effect.gen(function*() {
      const incus = yield* MemoryIncus
      yield* incus.put({ name: name(4), status: "Stopped" })
      const session = yield* start()
      expect(session.container).toBe(name(1, 7))
      expect((yield* containers)[name(4)]).toBe("Stopped")
    }).pipe(inWorld()))

  it.live("of another project are no matter", () =>
    Effect.gen(function*() {
      const incus = yield* MemoryIncus
      yield* incus.put({ name: name(1), project: "other" })
      expect((yield* start()).container).toBe(name(1))
    }).pipe(inWorld({ incus: { projects: ["default", "other"] } })))

  it.live("of a stopped persistent container are had with the container, and of one that reboots are not", () =>
    Effect.gen(function*() {
      const incus = yield* MemoryIncus
      const first = yield* Effect.scoped(start({ persistent: true }))
      const second = yield* start({ persistent: true })
      expect(second).toMatchObject({ slot: 1, restarted: true, container: first.container })
      const labels = Option.getOrThrow(yield* incus.look(first.container)).config
      expect(labels["user.clincus.session"]).toBe(second.id)
      // It shows as stopped, and somebody has it.
      yield* incus.fault(
        before("list", { meanwhile: Effect.orDie(Effect.asVoid(Effect.fork(incus.reboot(first.container)))) })
      )
      yield* Effect.sleep("1 second")
      const third = yield* start({ persistent: true })
      expect(third.slot).toBe(2)
      yield* Effect.sleep("2 seconds")
      expect(yield* containers).toEqual({ [name(1)]: "Running", [name(2)]: "Running" })
    }).pipe(inWorld({ incus: { times: { reboot: "500 millis" } } })))

  it.live("of a container that a crash left are cleared by whoever wants them", () =>
    Effect.gen(function*() {
      const incus = yield* MemoryIncus
      const disk = yield* MemoryDisk
      const reached = yield* Deferred.make<void>()
      yield* incus.fault(before("exec", { meanwhile: Effect.asVoid(Deferred.succeed(reached, undefined)) }))
      yield* incus.fault(before("exec", "killed"))
      yield* Effect.forkDaemon(Effect.scoped(start({ slot: 1 })))
      yield* Deferred.await(reached)
      expect(yield* containers).toEqual({ [name(1)]: "Running" })
      expect(yield* Effect.flip(Effect.scoped(start({ slot: 1 })))).toMatchObject({ _tag: "SlotInUse" })
      yield* disk.reborn
      expect(yield* start({ slot: 1 })).toMatchObject({ slot: 1 })
      expect((yield* records).length).toBe(1)
    }).pipe(inWorld()))

  it.live("are not had where the kernel has no room for another container", () =>
    Effect.gen(function*() {
      const incus = yield* MemoryIncus
      yield* Effect.forEach(Array.from({ length: 14 }), (_, index) => incus.put({ name: `other-${index}` }))
      expect(yield* Effect.flip(Effect.scoped(start()))).toMatchObject({
        _tag: "TooManyContainers",
        running: 14
      })
      expect(yield* saved).toEqual([])
    }).pipe(inWorld({ files: { "/proc/sys/fs/inotify/max_user_instances": "128\n" } })))
})
