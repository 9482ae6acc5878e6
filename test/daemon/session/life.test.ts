import { describe, expect } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { TmuxService } from "../../../src/guest/TmuxService.ts"
import { IncusService } from "../../../src/incus/IncusService.ts"
import { killSession, persistSession } from "../../../src/session/end.ts"
import { HistoryStore } from "../../../src/session/HistoryStore.ts"
import { liveSessions, sessionNamed } from "../../../src/session/live.ts"
import { reconcile } from "../../../src/session/reconcile.ts"
import { eventually } from "../support/eventually.ts"
import * as Library from "../support/library.ts"
import { containers, inside, statusOf, untilStatus } from "../support/look.ts"
import { World } from "../support/World.ts"

const keyOf = ({ id, tool }: { readonly id: string; readonly tool: string }) => ({ tool, id })
/** A session that lives in a scope of its own, which the test closes. */
const startIn = (...args: Parameters<typeof Library.start>) =>
  Effect.gen(function*() {
    const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
    const session = yield* Library.start(...args).pipe(Scope.extend(scope))
    return { session, close: Scope.close(scope, Exit.void) }
  })
const savedNow = Effect.flatMap(HistoryStore, (history) => history.list).pipe(
  Effect.map(({ sessions }) => sessions.map(({ id }) => id))
)

describe("a session as a library", () => {
  Library.test("what is typed before tmux has the terminal goes to the tool, Ctrl-C too", () =>
    Effect.gen(function*() {
      const { workspace } = yield* World
      const tmux = yield* TmuxService
      const { guest } = yield* Library.start(workspace())
      for (const turn of [1, 2, 3, 4, 5]) {
        const keys = yield* Queue.unbounded<Uint8Array>()
        const type = (text: string) => keys.offer(new TextEncoder().encode(text))
        yield* type("\x03")
        const attached = yield* Effect.fork(tmux.attach(guest, "xterm-256color", {
          size: { columns: 100, rows: 30 },
          input: Stream.fromQueue(keys),
          resizes: Stream.empty,
          output: () => Effect.void
        }))
        yield* type(`echo turn-${turn}\r`)
        yield* eventually(
          "the answer",
          tmux.capture(guest, { ansi: false }),
          (screen) => screen.includes(`\nturn-${turn}\n`)
        )
        yield* type("\x02d")
        expect(yield* Fiber.join(attached)).toEqual({ _tag: "Detached" })
      }
    }))

  describe("its scope", () => {
    Library.test("removes the container at the end, and what was said is saved", () =>
      Effect.gen(function*() {
        const { workspace } = yield* World
        const history = yield* HistoryStore
        const tmux = yield* TmuxService
        const { close, session } = yield* startIn(workspace())
        expect(yield* statusOf(session.container)).toBe("Running")
        yield* tmux.send(session.guest, { text: "echo hello", keys: ["Enter"] })
        yield* eventually(
          "the answer",
          tmux.capture(session.guest, { ansi: false }),
          (screen) => screen.includes("\nhello\n")
        )
        yield* close
        expect(yield* containers).toEqual({})
        const directory = history.directory(keyOf(session))
        expect(readFileSync(join(directory, ".fake/conversation"), "utf8")).toBe("said echo hello\n")
        const metadata = Option.getOrThrow(yield* history.get(keyOf(session)))
        expect(metadata).toMatchObject({
          id: session.id,
          tool: "fake",
          container: session.container,
          containerPath: "/workspace",
          workspace: session.workspace,
          slot: 1,
          persistent: false,
          end: { reason: "detached" }
        })
        expect(metadata.endedAt?.getTime()).toBeGreaterThanOrEqual(metadata.startedAt.getTime())
        expect((yield* history.runs.list).runs).toEqual([])
        expect(statSync(directory).mode & 0o777).toBe(0o700)
        expect(statSync(join(directory, "metadata.json")).mode & 0o777).toBe(0o600)
      }))

    Library.test("leaves a session alone that was let go, which ends when its tool does", () =>
      Effect.gen(function*() {
        const { workspace } = yield* World
        const history = yield* HistoryStore
        const tmux = yield* TmuxService
        const { close, session } = yield* startIn(workspace())
        yield* session.keep
        yield* close
        expect(yield* statusOf(session.container)).toBe("Running")
        expect(yield* reconcile).toMatchObject({ finished: [] })
        yield* tmux.send(session.guest, { text: "exit 3", keys: ["Enter"] })
        yield* untilStatus(session.container, "Gone")
        expect(yield* reconcile).toMatchObject({ finished: [session.id] })
        const metadata = Option.getOrThrow(yield* history.get(keyOf(session)))
        expect(metadata.end).toEqual({ reason: "exited", status: 3 })
      }))

    Library.test("takes the exit status and the last screen of a tool that ended", () =>
      Effect.gen(function*() {
        const { workspace } = yield* World
        const tmux = yield* TmuxService
        const session = yield* Library.start(workspace())
        expect(yield* session.outcome).toEqual(Option.none())
        yield* tmux.send(session.guest, { text: "echo farewell; exit 7", keys: ["Enter"] })
        const outcome = yield* eventually("an outcome", session.outcome, Option.isSome)
        expect(Option.getOrThrow(outcome)).toMatchObject({
          status: 7,
          screen: expect.stringContaining("\nfarewell")
        })
      }))
  })

  describe("a failure at set-up leaves nothing", () => {
    const leavesNothing = (changes: Parameters<typeof Library.start>[1], tag: string, config?: string) =>
      Effect.gen(function*() {
        const world = yield* World
        const before = yield* savedNow
        if (config !== undefined) yield* world.configure(config)
        const error = yield* Effect.flip(Effect.scoped(Library.start(world.workspace(), changes)))
        expect(error._tag).toBe(tag)
        expect(yield* containers).toEqual({})
        expect(yield* savedNow).toEqual(before)

        const entries = (folder: string) =>
          existsSync(join(world.saved, folder)) ? readdirSync(join(world.saved, folder)) : []
        expect(entries("sessions-fake").toSorted()).toEqual([...before].toSorted())
        expect(entries("open")).toEqual([])
        return error
      })

    Library.test("where there is no such image", () =>
      Effect.gen(function*() {
        const error = yield* leavesNothing({ image: "no-such-image" }, "ImageNotFound")
        expect(error.message).toContain("no-such-image")
      }))

    Library.test("where the container is made and does not start", () =>
      Effect.flatMap(
        World,
        ({ configuration }) => leavesNothing({}, "LimitsTooLow", `${configuration}\n[limits]\nmemory = "4kB"`)
      ))

    Library.test("where tmux does not start", () =>
      Effect.gen(function*() {
        // tmux makes no window of no size.
        const error = yield* leavesNothing({ size: { columns: 0, rows: 0 } }, "TmuxError")
        expect(error.message).toContain("cannot start the tool's terminal")
      }))

    Library.test("where the slot does not exist", () => leavesNothing({ slot: 11 }, "SlotOutOfRange"))
  })

  describe("a persistent container", () => {
    Library.test("is stopped, and used again in its slot with what was installed in it", () =>
      Effect.gen(function*() {
        const { workspace } = yield* World
        const { instances } = yield* IncusService
        const directory = workspace()
        // A tool with more directories than the one after it.
        const first = yield* startIn(directory, { persistent: true, tool: "opencode", debug: true })
        expect(first.session).toMatchObject({ persistent: true, restarted: false, slot: 1 })
        yield* inside(first.session.container, "sudo -u '#1000' sudo touch /opt/installed")
        yield* first.close
        expect(yield* statusOf(first.session.container)).toBe("Stopped")

        // Not asking for it does not replace it.
        const second = yield* startIn(directory)
        expect(second.session).toMatchObject({
          container: first.session.container,
          persistent: true,
          restarted: true,
          slot: 1
        })
        expect(second.session.id).not.toBe(first.session.id)
        expect(yield* inside(second.session.container, "ls /opt/installed")).toBe("/opt/installed\n")
        // The state of the session before is none of this one's business.
        const { devices } = yield* instances.get(second.session.container)
        expect(JSON.stringify(devices)).not.toContain(first.session.id)
        expect(Object.values(devices).flatMap(({ path }) => path ?? []).toSorted()).toEqual([
          "/home/code/.fake",
          "/var/lib/clincus/outcome",
          "/workspace"
        ])
        yield* second.close
        expect(yield* statusOf(second.session.container)).toBe("Stopped")
      }))

    Library.test("is given to exactly one of two who start it at the same instant", () =>
      Effect.gen(function*() {
        const { workspace } = yield* World
        const { instances } = yield* IncusService
        const directory = workspace()
        const first = yield* startIn(directory, { persistent: true })
        yield* first.close
        const both = yield* Effect.all(
          [1, 2].map(() => Effect.exit(Library.start(directory, { slot: 1 }))),
          { concurrency: "unbounded" }
        )
        expect(both.filter(Exit.isSuccess).length).toBe(1)
        const failures = both.flatMap((exit) => Option.toArray(Exit.causeOption(exit))).map(String)
        expect(failures.join()).toContain("slot 1 of")
        yield* Effect.addFinalizer(() => Effect.orDie(instances.destroy(first.session.container)))
      }))

    Library.test("is what a session becomes by `persist`, and it sticks", () =>
      Effect.gen(function*() {
        const { workspace } = yield* World
        const { instances } = yield* IncusService
        const history = yield* HistoryStore
        const directory = workspace()
        const { close, session } = yield* startIn(directory)
        yield* Effect.flatMap(sessionNamed(session.container), persistSession)
        yield* close
        expect(yield* statusOf(session.container)).toBe("Stopped")
        expect(Option.getOrThrow(yield* history.get(keyOf(session))).persistent).toBe(true)
        const again = yield* startIn(directory)
        expect(again.session).toMatchObject({ persistent: true, restarted: true })
        yield* again.close
        expect(yield* statusOf(session.container)).toBe("Stopped")
        yield* instances.destroy(session.container)
      }))

    Library.test("stops by itself when its tool ends with nobody there", () =>
      Effect.gen(function*() {
        const { workspace } = yield* World
        const { instances } = yield* IncusService
        const tmux = yield* TmuxService
        const { close, session } = yield* startIn(workspace(), { persistent: true })
        yield* session.keep
        yield* close
        yield* tmux.send(session.guest, { text: "exit", keys: ["Enter"] })
        yield* untilStatus(session.container, "Stopped")
        yield* instances.destroy(session.container)
      }))
  })

  describe("the end from outside", () => {
    Library.test("kill removes the container and says so in the history", () =>
      Effect.gen(function*() {
        const { workspace } = yield* World
        const history = yield* HistoryStore
        const { close, session } = yield* startIn(workspace())
        yield* session.keep
        yield* close
        yield* Effect.flatMap(sessionNamed(session.container), killSession)
        expect(yield* containers).toEqual({})
        expect(Option.getOrThrow(yield* history.get(keyOf(session))).end).toEqual({ reason: "killed" })
      }))

    Library.test("a stopped ephemeral container, as a crash of the host leaves it, gives its slot to the next", () =>
      Effect.gen(function*() {
        const { workspace } = yield* World
        const { instances } = yield* IncusService
        const directory = workspace()
        const { close, session } = yield* startIn(directory)
        yield* session.keep
        yield* close
        // A crash does not give Incus the time to delete it.
        yield* instances.edit(session.container, ({ config, devices }) =>
          Option.some({
            config: { ...config, "user.clincus.started": String(Date.now() - 3_600_000) },
            devices,
            ephemeral: false
          }))
        yield* instances.stop(session.container, { force: true })
        expect(yield* statusOf(session.container)).toBe("Stopped")
        const two = yield* Effect.all([1, 2].map(() => Library.start(directory)), {
          concurrency: "unbounded"
        })
        expect(two.map(({ container }) => container).toSorted()).toEqual([
          session.container,
          session.container.replace(/1$/, "2")
        ])
        expect((yield* liveSessions).filter(({ running }) => running).length).toBe(2)
      }))
  })
})
