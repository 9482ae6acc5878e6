import { describe, expect } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFileSync } from "node:child_process"
import * as Fs from "node:fs"
import { join } from "node:path"
import { IncusService } from "../../../src/incus/IncusService.ts"
import { eventually, Unexpected } from "../support/eventually.ts"
import * as Library from "../support/library.ts"
import { containers, inside } from "../support/look.ts"
import { otherUser } from "../support/otherUser.ts"
import { background, json, run, succeeds } from "../support/program.ts"
import { openTerminal } from "../support/terminal.ts"
import { World } from "../support/World.ts"

const idsOf = (file: string) => {
  const { gid, mode, uid } = Fs.lstatSync(file)
  return { uid, gid, mode: mode & 0o7777 }
}

describe("root in a container", () => {
  Library.test("is nobody outside: what it makes gives nobody anything, and what is root's it does not reach", () =>
    Effect.gen(function*() {
      const { saved, workspace } = yield* World
      const directory = workspace({ uid: 1001, gid: 1001 })
      Fs.writeFileSync(join(directory, "roots"), "roots", { mode: 0o600 })
      Fs.writeFileSync(join(directory, "mine"), "mine", { mode: 0o600 })
      Fs.chownSync(join(directory, "mine"), 1001, 1001)
      const { container, session } = yield* background(directory, "--debug")
      yield* inside(
        container,
        `cp /bin/true /workspace/suid && chmod 4755 /workspace/suid
         cp /bin/true ~code/.fake/suid && chmod 4755 ~code/.fake/suid`
      )
      for (const file of [join(directory, "suid"), join(saved, "sessions-fake", session, ".fake/suid")]) {
        const { mode, uid } = idsOf(file)
        expect(mode & 0o4000).toBe(0o4000)
        // An id of the container's own range.
        expect(uid).toBeGreaterThanOrEqual(1_000_000)
      }
      for (
        const attempt of [
          "cat /workspace/roots",
          "echo x > /workspace/roots",
          "chmod 666 /workspace/roots",
          "chown code /workspace/roots"
        ]
      ) {
        const failure = yield* Effect.flip(inside(container, attempt))
        expect(failure).toBeInstanceOf(Unexpected)
      }
      expect(Fs.readFileSync(join(directory, "roots"), "utf8")).toBe("roots")
      // The control: the user's own files are the tool's, and the other way round.
      yield* inside(
        container,
        "cat /workspace/mine && echo tool >> /workspace/mine && echo x > /workspace/made",
        1000
      )
      expect(Fs.readFileSync(join(directory, "mine"), "utf8")).toBe("minetool\n")
      expect(idsOf(join(directory, "made"))).toMatchObject({ uid: 1001, gid: 1001 })
      // Nor does it reach another container's files.
      const other = yield* background(directory, "--debug")
      yield* inside(container, "echo x > /workspace/of-one && chmod 600 /workspace/of-one")
      expect(yield* Effect.flip(inside(other.container, "cat /workspace/of-one"))).toBeInstanceOf(Unexpected)
      expect(yield* inside(container, "cat /workspace/of-one")).toBe("x\n")
    }))

  Library.test("leaves nothing that the user cannot remove: kill and clean take it along", () =>
    Effect.gen(function*() {
      const { home, saved, workspace } = yield* World
      const directory = workspace({ uid: 1001, gid: 1001 })
      Fs.mkdirSync(join(home, ".fake"))
      Fs.writeFileSync(join(home, ".fake/credentials.json"), "secret")
      const user = yield* otherUser(1001)
      const state = (session: string, ...rest: Array<string>) =>
        join(saved, "sessions-fake", session, ".fake", ...rest)
      const locked =
        "chown root ~code/.fake && chmod 700 ~code/.fake && mkdir -p ~code/.fake/a/b && touch ~code/.fake/a/b/c"
      const ends: Record<
        string,
        (container: string) => Effect.Effect<unknown, unknown, World | IncusService>
      > = {
        kill: (container) => user.succeeds(directory, "kill", container),
        shutdown: (container) => user.succeeds(directory, "shutdown", container),
        "the tool": (container) =>
          Effect.zipRight(
            inside(container, "pkill -x fake"),
            eventually("its end", containers, (all) => !(container in all))
          ),
        "a crash": (container) =>
          Effect.flatMap(IncusService, ({ instances }) => instances.destroy(container))
      }
      for (const [name, end] of Object.entries(ends)) {
        const { container, session } = yield* user.background(directory)
        expect(Fs.readFileSync(state(session, "credentials.json"), "utf8")).toBe("secret")
        yield* inside(container, locked)
        yield* end(container)
        const { stderr } = yield* user.succeeds(directory, "list")
        expect([name, stderr]).toEqual([name, ""])
        expect([name, Fs.existsSync(state(session, "credentials.json"))]).toEqual([name, false])
        expect([name, Fs.readdirSync(join(saved, "open"))]).toEqual([name, []])
        expect(idsOf(state(session, "a/b/c"))).toMatchObject({ uid: 1001 })
        // What root left is the tool's when the session goes on.
        const again = yield* user.background(directory, `--resume=${session}`)
        yield* inside(again.container, "echo more > ~/.fake/a/b/c", 1000)
        yield* inside(again.container, locked)
        yield* user.succeeds(directory, "kill", "--force", again.container)
      }
      yield* user.succeeds(directory, "clean", "--sessions", "--force")
      expect(Fs.readdirSync(join(saved, "sessions-fake"))).toEqual([])
      expect(yield* containers).toEqual({})
    }))

  Library.test("gets a user's other group only if the workspace is writable by it, and never one of the system's", () =>
    Effect.gen(function*() {
      const { workspace } = yield* World
      const shared = workspace({ uid: 0, gid: 1001 })
      Fs.chmodSync(shared, 0o2775)
      const user = yield* otherUser(1003, [1001, 4])
      const { container } = yield* user.background(shared, "--debug")
      yield* inside(container, "setpriv --reuid 1000 --regid 1000 --init-groups touch /workspace/made")
      expect(idsOf(join(shared, "made"))).toMatchObject({ uid: 1003, gid: 1001 })
      yield* user.succeeds(shared, "kill", container)

      const system = workspace({ uid: 0, gid: 4 })
      Fs.chmodSync(system, 0o2775)
      const other = yield* user.background(system, "--debug")
      expect(
        yield* Effect.flip(
          inside(other.container, "setpriv --reuid 1000 --regid 1000 --init-groups touch /workspace/made")
        )
      )
        .toBeInstanceOf(Unexpected)
      yield* user.succeeds(system, "kill", other.container)
    }))

  Library.test("is root on mounts only by a word of the configuration, which info repeats", () =>
    Effect.gen(function*() {
      const { configuration, configure, workspace } = yield* World
      // Nobody has made these ids root's to map.
      const directory = workspace({ uid: 61_234, gid: 61_234 })
      const refused = yield* run(["shell", "--background", "--debug"], { directory })
      expect(refused.status).toBe(1)
      expect(refused.stderr).toContain(
        `the container of ${directory} did not start: root may not map user 61234 (/etc/subuid)`
      )
      expect(refused.stderr).toContain(`clincus setup --workspace ${directory}`)
      expect(yield* containers).toEqual({})
      yield* configure(`${configuration}\n[security]\nroot_on_mounts = true\n`)
      const started = yield* run(["shell", "--background", "--debug", "--format", "json"], { directory })
      expect(started.stderr).toContain("root in the container is root on")
      const { container } = JSON.parse(started.stdout)
      yield* inside(
        container,
        "touch /workspace/roots && setpriv --reuid 61234 --regid 61234 --clear-groups touch /workspace/tools"
      )
      expect(idsOf(join(directory, "roots"))).toMatchObject({ uid: 0 })
      expect(idsOf(join(directory, "tools"))).toMatchObject({ uid: 61_234 })
      expect(yield* json("info", container)).toMatchObject({ root_on_mounts: true })
    }))

  Library.test("works on root's own directory with a warning, unless that is forbidden, and is not root on the host", () =>
    Effect.gen(function*() {
      const { configuration, configure, workspace } = yield* World
      const directory = workspace({ uid: 0, gid: 0 })
      const started = yield* run(["shell", "--background", "--debug", "--format", "json"], { directory })
      expect(started.stderr).toContain(
        `Note: ${directory} belongs to root, so the tool is root on it, outside too`
      )
      const { container } = JSON.parse(started.stdout)
      yield* inside(container, "touch /workspace/made")
      expect(idsOf(join(directory, "made"))).toMatchObject({ uid: 0, gid: 0 })
      // With uid 0 outside it could write what configures the host's kernel.
      const before = execFileSync("cat", ["/proc/sys/kernel/core_pattern"], { encoding: "utf8" })
      for (
        const file of ["/proc/sys/kernel/core_pattern", "/proc/sys/vm/swappiness", "/proc/sysrq-trigger"]
      ) {
        expect(yield* Effect.flip(inside(container, `echo 1 > ${file}`))).toBeInstanceOf(Unexpected)
      }
      expect(execFileSync("cat", ["/proc/sys/kernel/core_pattern"], { encoding: "utf8" })).toBe(before)
      yield* succeeds("kill", container)
      const terminal = yield* openTerminal({ directory, columns: 160 })
      yield* terminal.line("clincus shell --debug; echo status=$?")
      yield* terminal.shows("root@")
      yield* terminal.line("exit")
      expect(yield* terminal.status).toBe(0)
      expect(yield* terminal.shows("belongs to root")).toContain("set-uid bit")
      yield* configure(`${configuration}\n[security]\nroot_workspace = false\n`)
      const forbidden = yield* run(["shell", "--background", "--debug"], { directory })
      expect(forbidden).toMatchObject({
        status: 1,
        stderr: expect.stringContaining("root_workspace = false forbids")
      })
    }))
})
