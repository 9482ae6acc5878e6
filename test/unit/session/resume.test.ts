import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { lineTool, type MemoryToolProgram } from "../../../src/guest/memory/pane.ts"
import { after, before, type Phase } from "../../../src/incus/memory/faults.ts"
import { MemoryIncus } from "../../../src/incus/memory/MemoryIncus.ts"
import { HistoryStore } from "../../../src/session/HistoryStore.ts"
import { Sessions } from "../../../src/session/Sessions.ts"
import type { Resumed } from "../../../src/session/SessionsApi.ts"
import { containers, endOf, home, inWorld, project, records, start } from "./support/world.ts"

/** Starts a session and lets its program go. */
const begun = (...args: Parameters<typeof start>) =>
  Effect.scoped(Effect.tap(start(...args), (session) => session.keep))

/** One that has ended by itself. */
const ended = (...args: Parameters<typeof start>) =>
  Effect.gen(function*() {
    const sessions = yield* Sessions
    const session = yield* begun(...args)
    yield* sessions.send(session, { text: "exit 0", keys: ["Enter"] })
    yield* sessions.wait(session)
    return session
  })

const resume = (id: string) => Effect.flatMap(Sessions, (sessions) => sessions.resume({ id }))

/** What came of several who wanted one session. */
const tagOf = Either.match({
  onLeft: (error: { readonly _tag: string }) => error._tag,
  onRight: (resumed: Resumed) => resumed._tag as string
})

describe("resuming", () => {
  it.live("starts a session that has ended, with its id and what is saved of it", () =>
    Effect.gen(function*() {
      const sessions = yield* Sessions
      const session = yield* ended()
      const resumed = yield* resume(session.id.slice(0, 8))
      if (resumed._tag !== "Started") return expect.fail(resumed._tag)
      expect(resumed.session).toMatchObject({ id: session.id, slot: session.slot })
      expect(resumed.session.run).not.toBe(session.run)
      expect(yield* sessions.capture(resumed.session)).toContain(`resume ${session.id}`)
      expect(Option.isNone(yield* endOf(session))).toBe(true)
    }).pipe(inWorld({ tool: saying })))

  it.live("finds one that runs", () =>
    Effect.gen(function*() {
      const session = yield* begun()
      expect(yield* resume(session.id)).toMatchObject({
        _tag: "Live",
        session: { container: session.container }
      })
      expect(yield* containers).toEqual({ [session.container]: "Running" })
    }).pipe(inWorld()))

  it.live("of a workspace takes the newest one that is there, and offers the others", () =>
    Effect.gen(function*() {
      const sessions = yield* Sessions
      const [first, second] = [yield* ended(), yield* ended()]
      yield* ended({ workspace: `${home}/other` })
      const find = (tool?: string) => sessions.find({ workspace: project, tool })
      expect(yield* find()).toMatchObject({ _tag: "Saved", metadata: { id: second.id } })
      const running = yield* sessions.resume({ id: first.id })
      expect(running._tag).toBe("Started")
      expect(yield* find()).toMatchObject({ _tag: "Live", session: { id: first.id } })
      expect(yield* Effect.flip(find("claude"))).toMatchObject({ _tag: "CannotResume" })
      const none = yield* Effect.flip(sessions.find({ id: "ffffffff" }))
      expect(none).toMatchObject({ _tag: "CannotResume" })
      expect("next" in none && none.next).toContain(second.id)
    }).pipe(inWorld({ files: { [`${home}/other/README.md`]: "" } })))

  it.live("ends one whose tool is gone, and starts it", () =>
    Effect.gen(function*() {
      const incus = yield* MemoryIncus
      const session = yield* begun()
      yield* incus.reboot(session.container)
      expect(yield* containers).toEqual({ [session.container]: "Running" })
      const resumed = yield* resume(session.id)
      expect(resumed._tag).toBe("Started")
      expect(Object.values(yield* containers)).toEqual(["Running"])
    }).pipe(inWorld()))

  it.live("waits for one that is about to end", () =>
    Effect.gen(function*() {
      const sessions = yield* Sessions
      const session = yield* begun()
      yield* sessions.send(session, { text: "exit 0", keys: ["Enter"] })
      // The outcome is there, and the container is still being deleted.
      yield* Effect.sleep("300 millis")
      expect((yield* resume(session.id))._tag).toBe("Started")
    }).pipe(inWorld({ incus: { times: { delete: "600 millis" } } })))

  for (const [time, tag] of [["3 seconds", "Started"], [Number.POSITIVE_INFINITY, "CannotResume"]] as const) {
    it.live(`waits for one whose container Incus is still to delete, for some seconds (${time}): ${tag}`, () =>
      Effect.gen(function*() {
        const incus = yield* MemoryIncus
        const session = yield* begun()
        yield* Effect.forkDaemon(incus.powerOff(session.container))
        yield* Effect.sleep("10 millis")
        const resumed = yield* Effect.either(resume(session.id))
        expect(tagOf(resumed)).toBe(tag)
        if (resumed._tag === "Right") return
        expect(resumed.left.message).toContain(
          `has ended, and Incus is still busy with its container ${session.container}`
        )
      }).pipe(inWorld({ incus: { times: { delete: time } } })))
  }

  it.live("says where one is that cannot be had, and how to", () =>
    Effect.gen(function*() {
      const incus = yield* MemoryIncus
      const session = yield* begun()
      const { status: _, ...found } = Option.getOrThrow(yield* incus.look(session.container))
      const because = (reason: RegExp, next: RegExp) =>
        Effect.map(Effect.flip(resume(session.id)), (failure) =>
          expect(failure).toMatchObject({
            _tag: "CannotResume",
            reason: expect.stringMatching(reason),
            next: expect.stringMatching(next)
          }))
      yield* incus.put({ ...found, status: "Frozen" })
      yield* because(/is frozen/, /incus resume/)
      yield* incus.put(found)
      yield* incus.powerOff(session.container)
      yield* incus.put({ ...found, project: "other" })
      yield* because(/project other/, /INCUS_PROJECT=other/)
    }).pipe(inWorld({ incus: { projects: ["default", "other"] } })))

  it.live("of one whose server is not the one that is asked says so, and does not start it again", () =>
    Effect.gen(function*() {
      const history = yield* HistoryStore
      const session = yield* begun()
      const incus = yield* MemoryIncus
      const run = Option.getOrThrow(yield* history.runs.get(session))
      yield* history.runs.note({ ...run, server: "f".repeat(64) })
      yield* incus.powerOff(session.container)
      expect(yield* Effect.flip(resume(session.id))).toMatchObject({
        _tag: "CannotResume",
        reason: expect.stringContaining("another Incus server")
      })
      expect(yield* containers).toEqual({})
    }).pipe(inWorld()))
})

/** What a resume asks Incus for. */
const phases: ReadonlyArray<Phase> = ["list", "server", "create", "create.wait", "exec", "exec.wait"]

describe("one session that several want", () => {
  for (const phase of phases) {
    it.live(`at once, at ${phase}, is started by one`, () =>
      Effect.forEach([before, after], (when) =>
        Effect.gen(function*() {
          const incus = yield* MemoryIncus
          const session = yield* ended()
          const sessions = yield* Sessions
          const other: Array<string> = []
          const meanwhile = Effect.either(sessions.resume({ id: session.id })).pipe(
            Effect.map((result) => void other.push(tagOf(result))),
            Effect.scoped,
            // It ends with its own scope only if it was its own.
            Effect.asVoid
          )
          yield* incus.fault(when(phase, { meanwhile }))
          const first = tagOf(yield* Effect.either(resume(session.id)))
          expect(other).toHaveLength(1)
          const both = [first, ...other]
          // The other one may have come, been started and gone before the first one looked.
          expect(both.filter((tag) => tag === "Started").length, both.join()).toBeGreaterThan(0)
          for (const tag of both) expect(["Started", "Live", "CannotResume"]).toContain(tag)
          expect(Object.values(yield* containers)).toEqual(first === "Started" ? ["Running"] : [])
          expect((yield* records).length).toBe(first === "Started" ? 1 : 0)
        }).pipe(inWorld())))
  }

  it.live("ten times over, is started by one each time", () =>
    Effect.forEach(Array.from({ length: 10 }), () =>
      Effect.gen(function*() {
        const session = yield* ended()
        const results = yield* Effect.forEach(
          Array.from({ length: 4 }, (_, index) => index),
          (index) => Effect.delay(Effect.either(resume(session.id)), `${index * 7} millis`),
          { concurrency: "unbounded" }
        )
        const tags = results.map(tagOf)
        expect(tags.filter((tag) => tag === "Started"), tags.join()).toHaveLength(1)
        for (const tag of tags) expect(["Started", "Live", "CannotResume"]).toContain(tag)
        expect(Object.values(yield* containers)).toEqual(["Running"])
      }).pipe(inWorld({ incus: { times: { create: "10 millis", start: "10 millis", stop: "10 millis" } } }))))
})

/** Says how it was started. */
const saying: MemoryToolProgram = (tool) =>
  Effect.zipRight(tool.write(`${tool.command.slice(1).join(" ")}\n`), lineTool(tool))
