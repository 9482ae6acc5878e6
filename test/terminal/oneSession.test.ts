import { describe, expect } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import { join } from "node:path"
import { IncusService } from "../../src/incus/IncusService.ts"
import * as Library from "../daemon/support/library.ts"
import { containers, inside, metadata, statusOf, type, untilScreen } from "../daemon/support/look.ts"
import { incus } from "../daemon/support/ownDaemon.ts"
import { background, clincus, json, run, succeeds } from "../daemon/support/program.ts"
import { openTerminal } from "../daemon/support/terminal.ts"
import { World } from "../daemon/support/World.ts"

/** An Incus project beside the default one; gone with the scope, instances included. */
const otherProject = Effect.gen(function*() {
  const { prefix } = yield* World
  const project = `${prefix}other`
  const created = incus(
    {},
    "project",
    "create",
    project,
    "-c",
    "features.profiles=false",
    "-c",
    "features.images=false"
  )
  const remove = Effect.gen(function*() {
    const names = (yield* incus({}, "list", "--project", project, "-f", "csv", "-c", "n")).split("\n").filter(
      (name) => name !== ""
    )
    for (const name of names) yield* incus({}, "delete", "--force", "--project", project, name)
    yield* incus({}, "project", "delete", project)
  })
  yield* Effect.acquireRelease(created, () => Effect.orDie(remove))
  return project
})

/** A session in which something was said, and that was ended. */
const spoken = (directory: string, ...args: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const session = yield* background(directory, ...args)
    yield* untilScreen(session.container, "ready")
    yield* type(session.container, ": apples")
    yield* untilScreen(session.container, "apples")
    return session
  })

describe("a session is one session on the machine", () => {
  Library.test("under another prefix it is attached to, in another project or frozen it is refused with the way to it", () =>
    Effect.gen(function*() {
      const { instances } = yield* IncusService
      const { prefix, workspace } = yield* World
      const directory = workspace()
      const session = yield* spoken(directory)
      const resume = (environment: Readonly<Record<string, string>>, ...args: ReadonlyArray<string>) =>
        run(["shell", "--background", `--resume=${session.session}`, "--format", "json", ...args], {
          directory,
          environment
        })
      const other = { CLINCUS_CONTAINER_PREFIX: `${prefix}x-` }
      const attached = yield* resume(other)
      expect(attached.stderr).toContain(`${session.container} is running already`)
      expect(JSON.parse(attached.stdout)).toMatchObject({ container: session.container })

      const project = yield* otherProject
      const elsewhere = yield* resume({ INCUS_PROJECT: project })
      expect(elsewhere).toMatchObject({
        status: 1,
        stderr: expect.stringContaining(`INCUS_PROJECT=default clincus attach ${session.container}`)
      })

      yield* incus({}, "pause", session.container)
      for (const environment of [{}, other]) {
        const frozen = yield* resume(environment)
        expect(frozen).toMatchObject({ status: 1, stderr: expect.stringContaining("is frozen, in") })
        expect(frozen.stderr).toContain(`incus resume ${session.container}`)
      }
      expect(Object.keys(yield* containers)).toEqual([session.container])
      expect(yield* clincus("list")).toMatchObject({ status: 0, stdout: expect.stringContaining("frozen") })
      yield* incus({}, "resume", session.container)

      // The control: once it has ended it is resumed, in the other project too, and that end takes nothing from nobody.
      yield* succeeds("kill", session.container)
      const again = yield* resume({ INCUS_PROJECT: project })
      const { container } = JSON.parse(again.stdout)
      expect(yield* incus({}, "list", "--project", project, "-f", "csv", "-c", "ns")).toBe(
        `${container},RUNNING\n`
      )
      const here = yield* resume({})
      expect(here).toMatchObject({ status: 1, stderr: expect.stringContaining(`of the project ${project}`) })
      yield* run(["kill", container], { environment: { INCUS_PROJECT: project } })
      expect(yield* Effect.flip(instances.get(container))).toMatchObject({ _tag: "InstanceNotFound" })
      const home = yield* resume({})
      expect(yield* untilScreen(JSON.parse(home.stdout).container, "fake resume ready")).toContain(
        "said : apples"
      )
    }))

  Library.test("a persistent one has its container under one prefix, and is not begun anew under another", () =>
    Effect.gen(function*() {
      const { prefix, workspace } = yield* World
      const directory = workspace()
      const session = yield* spoken(directory, "--persistent")
      yield* succeeds("shutdown", session.container)
      const resume = (environment: Readonly<Record<string, string>>) =>
        run(["shell", "--background", `--resume=${session.session}`, "--format", "json"], {
          directory,
          environment
        })
      const refused = yield* resume({ CLINCUS_CONTAINER_PREFIX: `${prefix}x-` })
      expect(refused).toMatchObject({
        status: 1,
        stderr: expect.stringContaining(`CLINCUS_CONTAINER_PREFIX=${prefix}`)
      })
      expect(yield* containers).toEqual({ [session.container]: "Stopped" })
      expect(JSON.parse((yield* resume({})).stdout)).toMatchObject({ container: session.container })
    }))

  Library.test("of several who resume it at one instant one starts it", () =>
    Effect.gen(function*() {
      const { workspace } = yield* World
      const directory = workspace()
      const session = yield* spoken(directory)
      yield* succeeds("kill", session.container)
      for (let turn = 0; turn < 5; turn++) {
        const all = yield* Effect.all(
          [1, 2, 3, 4].map(() =>
            run(["shell", "--background", `--resume=${session.session}`, "--format", "json"], { directory })
          ),
          { concurrency: "unbounded" }
        )
        expect(Object.values(yield* containers)).toEqual(["Running"])
        const [container = ""] = Object.keys(yield* containers)
        for (const { status, stderr, stdout } of all) {
          if (status === 0) expect(JSON.parse(stdout)).toMatchObject({ container, session: session.session })
          else {expect(stderr).toMatch(
              /is just being started by another clincus|is in the hands of another clincus/
            )}
        }
        expect(all.some(({ status }) => status === 0)).toBe(true)
        yield* succeeds("kill", container)
      }
    }))
})

describe("a directory that was moved", () => {
  Library.test("takes its sessions along, once they are told where it is", () =>
    Effect.gen(function*() {
      const { workspace } = yield* World
      const before = workspace()
      const session = yield* spoken(before)
      yield* succeeds("kill", session.container)
      const after = `${before}-moved`
      Fs.renameSync(before, after)

      const gone = yield* run(["shell", "--background", `--resume=${session.session}`], { directory: after })
      expect(gone).toMatchObject({
        status: 1,
        stderr: expect.stringContaining(`${before}, the directory of session`)
      })
      expect(gone.stderr).toContain(`clincus shell --resume=${session.session} NEW-DIRECTORY`)
      const unknown = yield* run(["shell", "--background", "--resume"], { directory: after })
      expect(unknown.stderr).toContain(`clincus shell --resume=${session.session} ${after}`)
      expect(Fs.existsSync(before)).toBe(false)

      const moved = yield* run([
        "shell",
        "--background",
        `--resume=${session.session}`,
        after,
        "--format",
        "json"
      ])
      expect(moved.stderr).toContain(`Session ${session.session} is one of ${after} from now on.`)
      const { container } = JSON.parse(moved.stdout)
      expect(yield* untilScreen(container, "fake resume ready")).toContain("said : apples")
      expect(yield* inside(container, "ls /workspace")).toContain("fake")
      yield* succeeds("kill", container)
      expect(yield* metadata(session)).toMatchObject({ workspace: after, containerPath: "/workspace" })
      // From now on it is found without a word.
      const again = yield* run(["shell", "--background", "--resume", "--format", "json"], {
        directory: after
      })
      expect(JSON.parse(again.stdout)).toMatchObject({ session: session.session, workspace: after })
    }))

  Library.test("a persistent session comes with its container, whose name tells its directory; one that runs is not moved", () =>
    Effect.gen(function*() {
      const { workspace } = yield* World
      const [before, after] = [workspace(), workspace()]
      const session = yield* spoken(before, "--persistent")
      yield* inside(session.container, "touch /opt/installed")
      const running = yield* run(["shell", "--background", `--resume=${session.session}`, after])
      expect(running).toMatchObject({
        status: 2,
        stderr: expect.stringContaining(`clincus shutdown ${session.container}`)
      })
      yield* succeeds("shutdown", session.container)

      const taken = yield* background(after, "--slot", "1")
      const moved = yield* run([
        "shell",
        "--background",
        `--resume=${session.session}`,
        after,
        "--format",
        "json"
      ])
      const { container, slot } = JSON.parse(moved.stdout)
      expect(slot).toBe(2)
      expect(container.replace(/-2$/, "-1")).toBe(taken.container)
      expect(yield* inside(container, "ls /opt")).toContain("installed")
      expect(yield* statusOf(session.container)).toBe("Gone")
      expect(yield* json("info", container)).toMatchObject({
        session: session.session,
        workspace: after,
        slot: 2
      })
      yield* succeeds("shutdown", container)
      expect(yield* metadata(session)).toMatchObject({
        workspace: after,
        container,
        slot: 2,
        persistent: true
      })
      // A start that fails leaves it where it is.
      const failed = yield* run([
        "shell",
        "--background",
        `--resume=${session.session}`,
        join(before, "not-there")
      ])
      expect(failed.status).toBe(2)
      expect(yield* metadata(session)).toMatchObject({ workspace: after, container })
    }))
})

describe("a tool that does not start", () => {
  const broken = (name: string) => `
[tool.${name}]
title = "The broken tool"
binary = "/workspace/${name}"
`

  Library.test("is an error in the background, with its last lines, and nothing is left", () =>
    Effect.gen(function*() {
      const { configuration, configure, saved, workspace } = yield* World
      yield* configure(`${configuration}${broken("missing")}${broken("failing")}`)
      const directory = workspace()
      Fs.writeFileSync(
        join(directory, "failing"),
        "#!/bin/sh\necho first line\necho the settings are wrong\nexit 3\n",
        { mode: 0o755 }
      )
      const start = (tool: string) => run(["shell", "--background", "--tool", tool], { directory })
      const missing = yield* start("missing")
      expect(missing).toMatchObject({ status: 1, stdout: "" })
      expect(missing.stderr).toContain("The broken tool ended at once, with status 127")
      expect(missing.stderr).toContain("/workspace/missing: No such file or directory")
      expect(missing.stderr).toContain("Is it in the image?")
      const failing = yield* start("failing")
      expect(failing).toMatchObject({ status: 1, stdout: "" })
      expect(failing.stderr).toContain("with status 3\n  first line\n  the settings are wrong")
      expect(yield* containers).toEqual({})
      for (const folder of ["open", "sessions-missing", "sessions-failing"]) {
        expect(Fs.readdirSync(join(saved, folder))).toEqual([])
      }
      // In a terminal the same is seen on the screen.
      const terminal = yield* openTerminal({ directory, columns: 120 })
      yield* terminal.line("clincus shell --tool failing; echo status=$?")
      expect(yield* terminal.status).toBe(3)
      expect(yield* terminal.screen).toContain("the settings are wrong")
      // The control: one that goes on.
      expect(yield* background(directory)).toMatchObject({ tool: "fake" })
    }))
})
