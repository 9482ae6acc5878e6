import { describe, expect } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { symlinkSync } from "node:fs"
import { join } from "node:path"
import { IncusService } from "../../../src/incus/IncusService.ts"
import { liveSessions, sessionNamed } from "../../../src/session/live.ts"
import { startSession } from "../../../src/session/Session.ts"
import { hashOf } from "../../../src/workspace/Workspace.ts"
import * as Library from "../support/library.ts"
import { containers } from "../support/look.ts"
import { background, clincus, succeeds } from "../support/program.ts"
import { image, World } from "../support/World.ts"

describe("slots", () => {
  Library.test("ten sessions begun at the same instant get ten slots, the eleventh a clear error", () =>
    Effect.gen(function*() {
      const { workspace } = yield* World
      const directory = workspace()
      const handles = yield* Effect.all(Array.from({ length: 10 }, () => background(directory, "--debug")), {
        concurrency: "unbounded"
      })
      expect(handles.map(({ slot }) => slot).toSorted((a, b) => a - b)).toEqual([
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
      expect(new Set(handles.map(({ session }) => session)).size).toBe(10)
      expect((yield* liveSessions).map(({ labels, running }) => [labels.session, running]).toSorted())
        .toEqual(
          handles.map(({ session }) => [session, true]).toSorted()
        )
      const eleventh = yield* clincus("shell", "--background", "--debug", directory)
      expect(eleventh).toEqual({
        status: 1,
        stdout: "",
        stderr: `clincus: all 10 slots of ${directory} are in use\n`
          + "End a session ('clincus list' shows them, 'clincus kill CONTAINER' ends one), then try again.\n"
      })
      // The lowest that is free, wherever it is.
      const [fourth = "", seventh = ""] = [4, 7].map((slot) =>
        handles.find((one) => one.slot === slot)?.container ?? ""
      )
      yield* succeeds("kill", seventh, fourth)
      expect(yield* background(directory, "--debug")).toMatchObject({ slot: 4, container: fourth })
      yield* succeeds("kill", "--all", "--force")
      expect(yield* containers).toEqual({})
    }))

  Library.test("one that is in use is refused, with the command that attaches; another one is not taken instead", () =>
    Effect.gen(function*() {
      const { workspace } = yield* World
      const directory = workspace()
      const session = yield* Library.start(directory, { slot: 3 })
      expect(session.slot).toBe(3)
      const error = yield* Effect.flip(Effect.scoped(Library.start(directory, { slot: 3 })))
      expect(error).toMatchObject({ _tag: "SlotInUse", slot: 3, container: session.container })
      expect("hint" in error && error.hint).toContain(`clincus attach ${session.container}`)
      expect(Object.keys(yield* containers)).toEqual([session.container])
    }))

  Library.test("a link to a directory is the same workspace, another directory another one", () =>
    Effect.gen(function*() {
      const { prefix, root, workspace } = yield* World
      const directory = workspace()
      symlinkSync(directory, join(root, "link"))
      const one = yield* Library.start(directory, { debug: true })
      const two = yield* Library.start(join(root, "link", ".", "..", "link"), { debug: true })
      const other = yield* Library.start(workspace(), { debug: true })
      const name = prefix + hashOf(directory).slice(0, 6)
      expect([one.container, two.container]).toEqual([`${name}-1`, `${name}-2`])
      expect(two.workspace).toBe(directory)
      expect(other.container).toMatch(new RegExp(`^${prefix}[0-9a-f]{6}-1$`))
      expect(other.container).not.toBe(one.container)
    }))

  Library.test("a container of the same name that is not this workspace's is never adopted", () =>
    Effect.gen(function*() {
      const { prefix, workspace } = yield* World
      const { instances } = yield* IncusService
      const asked = yield* Library.request(workspace(), { debug: true })
      const name = (digits: number) => `${prefix}${asked.workspace.hash.slice(0, digits)}-1`
      const foreign = (container: string, config: Record<string, string>) =>
        Effect.acquireRelease(
          instances.createAndStart({
            name: container,
            image,
            ephemeral: false,
            config,
            devices: {},
            profiles: ["default", "clincus"]
          }).pipe(Effect.zipRight(instances.stop(container, { force: true }))),
          () => Effect.orDie(instances.destroy(container))
        )
      // Somebody's own container, and another workspace's whose hash begins the same.
      yield* foreign(name(6), {})
      const session = yield* startSession(asked)
      expect(session.container).toBe(name(7))
      const labels = (yield* instances.get(session.container)).config
      const other = Object.fromEntries(
        Object.entries(labels).filter(([key]) => key.startsWith("user.clincus."))
      )
      expect(Option.isSome(yield* Effect.option(sessionNamed(session.container)))).toBe(true)
      yield* Effect.scoped(Effect.gen(function*() {
        const second = yield* Library.request(workspace(), { debug: true })
        const base = `${prefix}${second.workspace.hash.slice(0, 6)}-1`
        yield* foreign(base, { ...other, "user.clincus.workspace": "/somewhere/else" })
        const started = yield* startSession(second)
        expect(started.container).toBe(`${prefix}${second.workspace.hash.slice(0, 7)}-1`)
      }))
      expect((yield* instances.get(name(6))).status).toBe("Stopped")
    }))
})
