import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { MemoryDisk } from "../../../src/host/memory/MemoryDisk.ts"
import { before } from "../../../src/incus/memory/faults.ts"
import { MemoryIncus } from "../../../src/incus/memory/MemoryIncus.ts"
import { Sessions } from "../../../src/session/Sessions.ts"
import {
  containers,
  credentials,
  endOf,
  home,
  inWorld,
  project,
  records,
  saved,
  start
} from "./support/world.ts"

describe("a session", () => {
  it.live("runs in a container, has its credential there, and leaves its outcome and no credential", () =>
    Effect.gen(function*() {
      const sessions = yield* Sessions
      const session = yield* start()
      expect(yield* containers).toEqual({ [session.container]: "Running" })
      expect(yield* credentials).toHaveLength(1)
      expect(yield* records).toMatchObject([{ phase: "running", container: session.container }])
      yield* sessions.send(session, { text: "hello", keys: ["Enter"] })
      yield* Effect.sleep("1 second")
      expect(yield* sessions.capture(session)).toContain("said hello")
      yield* sessions.send(session, { text: "exit 3", keys: ["Enter"] })
      const { end, outcome } = yield* sessions.wait(session)
      expect(end).toEqual(Option.some({ reason: "exited", status: 3 }))
      expect(outcome).toMatchObject({ value: { status: 3, screen: expect.stringContaining("said hello") } })
      expect([yield* containers, yield* credentials, yield* records]).toEqual([{}, [], []])
    }).pipe(inWorld()))

  it.live("ends with its scope, or goes on if it is let go", () =>
    Effect.gen(function*() {
      const sessions = yield* Sessions
      const [ends, stays] = yield* Effect.all([Scope.make(), Scope.make()])
      const one = yield* Scope.extend(start(), ends)
      const two = yield* Scope.extend(start(), stays)
      yield* two.keep
      yield* Scope.close(ends, Exit.void)
      yield* Scope.close(stays, Exit.void)
      expect(yield* containers).toEqual({ [two.container]: "Running" })
      expect(yield* endOf(one)).toEqual(Option.some({ reason: "detached" }))
      expect((yield* sessions.list).map(({ id }) => id)).toEqual([two.id])
      yield* sessions.end(two, { _tag: "kill" })
      expect([yield* containers, yield* endOf(two), yield* credentials]).toEqual([
        {},
        Option.some({ reason: "killed" }),
        []
      ])
    }).pipe(inWorld()))

  it.live("that is persistent is stopped without its state, and started again in its container", () =>
    Effect.gen(function*() {
      const sessions = yield* Sessions
      const incus = yield* MemoryIncus
      const session = yield* Effect.scoped(start({ persistent: true }))
      expect(yield* containers).toEqual({ [session.container]: "Stopped" })
      const { devices } = Option.getOrThrow(yield* incus.look(session.container))
      expect(Object.keys(devices).filter((name) => /^(state|outcome)/.test(name))).toEqual([])
      const again = yield* sessions.resume({ id: session.id })
      if (again._tag !== "Started") return expect.fail(again._tag)
      expect(again.session).toMatchObject({ container: session.container, restarted: true, id: session.id })
      expect(yield* containers).toEqual({ [session.container]: "Running" })
    }).pipe(inWorld()))

  it.live("that is persistent goes on in its container while Incus is still at stopping that", () => {
    let boots = 0
    return Effect.gen(function*() {
      const sessions = yield* Sessions
      const incus = yield* MemoryIncus
      const session = yield* Effect.scoped(start({ persistent: true }))
      // What Incus calls stopped may not be so wholly: a change, and a start, fail for a moment.
      const busy = "Failed to create instance update operation: Instance is busy running a \"stop\" operation"
      yield* incus.fault(before("edit", { status: 500, error: busy }))
      const again = yield* sessions.resume({ id: session.id })
      expect(again).toMatchObject({
        _tag: "Started",
        session: { container: session.container, restarted: true }
      })
      expect([yield* containers, boots]).toEqual([{ [session.container]: "Running" }, 4])
    }).pipe(inWorld({
      incus: {
        guest: {
          boot: () =>
            Effect.suspend(() => {
              boots += 1
              return boots === 2 || boots === 3 ? Effect.fail("forkstart: exit status 1") : Effect.void
            })
        }
      }
    }))
  })

  it.live("whose tool does not start says what it left, and leaves nothing", () =>
    Effect.gen(function*() {
      const failure = yield* Effect.flip(Effect.scoped(start({ moment: 1000 })))
      expect(failure).toMatchObject({
        _tag: "ToolEnded",
        status: 2,
        screen: expect.stringContaining("no such option")
      })
      expect([yield* containers, yield* saved]).toEqual([{}, []])
    }).pipe(inWorld({ tool: ({ write }) => Effect.as(write("no such option\n"), 2) })))

  it.live("has the user's settings and not other files", () =>
    Effect.gen(function*() {
      const disk = yield* MemoryDisk
      yield* start({ tool: "claude" })
      const files = yield* disk.list(`${home}/.clincus`)
      expect(files.filter((path) => path.endsWith("CLAUDE.md"))).toHaveLength(1)
      expect(files.filter((path) => path.includes("other project"))).toEqual([])
    }).pipe(inWorld({
      files: {
        [`${home}/.claude/CLAUDE.md`]: "be brief",
        [`${home}/.claude/projects/other project/x.jsonl`]: "private"
      }
    })))

  it.live("is refused a workspace with the home directory in it", () =>
    Effect.gen(function*() {
      for (const workspace of ["/home", home, `${home}/.clincus`, `${home}/none`, `${project}/README.md`]) {
        const failure = yield* Effect.flip(Effect.scoped(start({ workspace })))
        expect(["WorkspaceTooWide", "BadWorkspace"], workspace).toContain(failure._tag)
      }
      expect([yield* containers, yield* saved]).toEqual([{}, []])
    }).pipe(inWorld()))
})
