import { describe, expect } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import { join } from "node:path"
import { IncusService } from "../../../src/incus/IncusService.ts"
import { findLeftovers, removeLeftovers } from "../../../src/session/clean.ts"
import { HistoryStore } from "../../../src/session/HistoryStore.ts"
import { eventually } from "../support/eventually.ts"
import * as Library from "../support/library.ts"
import {
  containers,
  inside,
  statusOf,
  type,
  untilScreen,
  untilStatus,
  withoutOffSwitch
} from "../support/look.ts"
import { otherUser } from "../support/otherUser.ts"
import { incus } from "../support/ownDaemon.ts"
import { background, clincus, run, succeeds } from "../support/program.ts"
import { openTerminal } from "../support/terminal.ts"
import { World } from "../support/World.ts"

const deep = (depth: number, key: string) =>
  `python3 -c 'd=${depth}; open("/home/code/.claude/.claude.json", "w").write("{\\"primaryApiKey\\":\\"${key}\\",\\"a\\":" + "["*d + "]"*d + "}")'`

describe("what a container leaves behind", () => {
  Library.test("keeps neither a key nor another session, be it nested, deep, long or wide", () =>
    Effect.gen(function*() {
      const { saved, workspace } = yield* World
      const { instances } = yield* IncusService
      const directory = workspace()
      const begin = background(directory, "--tool", "claude", "--debug")
      const state = (session: string, ...rest: Array<string>) =>
        join(saved, "sessions-claude", session, ".claude", ...rest)
      // A control beside each: another session that is to be finished by the same command.
      for (const depth of [1, 3000, 7000]) {
        const [bomb, other] = [yield* begin, yield* begin]
        yield* inside(bomb.container, deep(depth, "CANARYKEY"), 1000)
        yield* Effect.forEach([bomb, other], ({ container }) => instances.destroy(container))
        expect(yield* clincus("list")).toMatchObject({ status: 0, stderr: "" })
        expect(Fs.readdirSync(join(saved, "open"))).toEqual([])
        const file = state(bomb.session, ".claude.json")
        expect([depth, Fs.existsSync(file) && Fs.readFileSync(file, "utf8").includes("CANARYKEY")]).toEqual([
          depth,
          false
        ])
      }
      const { container, session } = yield* begin
      yield* inside(
        container,
        `cd ~/.claude && mkdir -p backups && cd backups && python3 - <<'END'
import os
for _ in range(63):
    os.mkdir("d"); os.chdir("d")
for i in range(4000):
    os.makedirs("x%d/y" % i)
END`,
        1000
      )
      const started = Date.now()
      yield* succeeds("kill", container)
      expect(Date.now() - started).toBeLessThan(30_000)
      expect(Fs.existsSync(state(session, "backups"))).toBe(false)
    }))

  Library.test("is given back to the user whatever its names are, and by whom the helper was begun", () =>
    Effect.gen(function*() {
      const { prefix, saved, workspace } = yield* World
      const { instances } = yield* IncusService
      const directory = workspace({ uid: 1001, gid: 1001 })
      const user = yield* otherUser(1001)
      const { container, session } = yield* user.background(directory, "--tool", "claude", "--debug")
      yield* inside(
        container,
        `cd /home/code/.claude && mkdir -p backups && cd backups && for i in $(seq 30); do
           n=$(printf '%0250d' $i); mkdir "$n" && cd "$n" || exit 1; done; touch file; chown root /home/code/.claude; chmod 700 /home/code/.claude`
      )
      const { stderr } = yield* user.succeeds(directory, "kill", container)
      expect(stderr).toBe(`Killed ${container}.\n`)
      expect(Fs.existsSync(join(saved, "sessions-claude", session, ".claude/backups"))).toBe(false)
      // A helper whose process died is removed by the next command; one whose process lives is not.
      const helper = (name: string, owner: unknown) =>
        instances.createAndStart({
          name: prefix + name,
          image: "clincus",
          ephemeral: true,
          config: { "user.clincus.helper": JSON.stringify(owner) },
          devices: { eth0: { type: "none" } },
          profiles: ["default", "clincus"]
        })
      const boot = Fs.readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()
      const namespace = Fs.readlinkSync("/proc/self/ns/pid")
      const started = Fs.readFileSync("/proc/self/stat", "utf8").split(") ")[1]?.split(" ")[19]
      yield* helper("reclaim-dead", { pid: process.pid, started: "1", boot, namespace })
      yield* helper("reclaim-alive", { pid: process.pid, started, boot, namespace })
      yield* clincus("list")
      expect(yield* containers).toEqual({ [`${prefix}reclaim-alive`]: "Running" })
      yield* instances.destroy(`${prefix}reclaim-alive`)
    }))
})

describe("a session that goes on", () => {
  Library.test("is not ended by a copy of its container, nor is the copy taken for it", () =>
    Effect.gen(function*() {
      const { home, prefix, saved, workspace } = yield* World
      Fs.mkdirSync(join(home, ".fake"))
      Fs.writeFileSync(join(home, ".fake/credentials.json"), "secret")
      const { container, session } = yield* background(workspace())
      const copy = `${prefix}a-backup`
      yield* incus({}, "copy", container, copy)
      for (const args of [["list"], ["clean", "--force"], ["list", "--all"]]) yield* succeeds(...args)
      expect(yield* containers).toEqual({ [container]: "Running", [copy]: "Stopped" })
      expect(yield* succeeds("list")).not.toContain(copy)
      expect(Fs.existsSync(join(saved, "sessions-fake", session, ".fake/credentials.json"))).toBe(true)
      yield* succeeds("kill", container)
      expect(Fs.existsSync(join(saved, "sessions-fake", session, ".fake/credentials.json"))).toBe(false)
      expect(yield* containers).toEqual({ [copy]: "Stopped" })
    }))

  Library.test("keeps its slot while it reboots, ephemeral or persistent", () =>
    Effect.gen(function*() {
      const { workspace } = yield* World
      for (const mode of [[], ["--persistent"]]) {
        const directory = workspace()
        const { container, session } = yield* background(directory, "--debug", "--slot", "1", ...mode)
        yield* inside(
          container,
          `${withoutOffSwitch} printf '[Unit]\\nDefaultDependencies=no\\n[Service]\\nExecStart=/bin/sh -c "echo boot >> /workspace/boots; sleep 0.4; reboot -f || systemctl reboot"\\n' > /etc/systemd/system/again.service
          mkdir -p /etc/systemd/system/sysinit.target.wants; ln -s ../again.service /etc/systemd/system/sysinit.target.wants/`
        )
        yield* Effect.ignore(inside(container, "reboot -f || systemctl reboot"))
        const boots = () =>
          Fs.existsSync(join(directory, "boots"))
            ? Fs.readFileSync(join(directory, "boots"), "utf8").length / 5
            : 0
        for (const until = Date.now() + 60_000; Date.now() < until && boots() < 4;) {
          const other = yield* run(["shell", "--background", "--debug", "--slot", "1"], { directory })
          expect(other).toMatchObject({ status: 1, stderr: expect.stringContaining("slot 1 of") })
        }
        expect(boots()).toBeGreaterThan(3)
        const { instances } = yield* IncusService
        expect((yield* instances.get(container)).config["user.clincus.session"]).toBe(session)
        yield* succeeds("kill", "--force", container)
      }
    }))

  Library.test("is not removed by a clean that has asked before it began", () =>
    Effect.gen(function*() {
      const { workspace } = yield* World
      const history = yield* HistoryStore
      const directory = workspace()
      const { container, session, tool } = yield* background(directory)
      yield* untilScreen(container, "ready")
      yield* type(container, ": apples")
      yield* untilScreen(container, "apples")
      yield* succeeds("kill", container)
      const offered = yield* findLeftovers({ sessions: true, unusedFor: 0 })
      expect(offered.length).toBe(1)
      const again = yield* background(directory, "--resume")
      expect(yield* removeLeftovers(offered)).toEqual(offered)
      expect(Fs.existsSync(history.directory({ tool, id: session }))).toBe(true)
      yield* succeeds("kill", again.container)
      // The control: one that nobody runs goes, claim and all.
      expect(yield* removeLeftovers(offered)).toEqual([])
      expect(Fs.existsSync(history.directory({ tool, id: session }))).toBe(false)
      expect((yield* history.runs.list).runs).toEqual([])
    }))

  Library.test("on another server, or of a record that cannot be read, is neither ended nor begun again, and says so", () =>
    Effect.gen(function*() {
      const { saved, workspace } = yield* World
      const directory = workspace()
      const { container, session } = yield* background(directory)
      const file = join(saved, "open", `fake.${session}`)
      const record = JSON.parse(Fs.readFileSync(file, "utf8"))
      const { instances } = yield* IncusService
      yield* instances.destroy(container)
      Fs.writeFileSync(file, JSON.stringify({ ...record, server: "0".repeat(64) }))
      expect(yield* succeeds("list")).toContain("No session")
      expect(Fs.existsSync(file)).toBe(true)
      const elsewhere = yield* run(["shell", "--background", `--resume=${session}`], { directory })
      expect(elsewhere).toMatchObject({
        status: 1,
        stderr: expect.stringContaining("on another Incus server")
      })
      expect(elsewhere.stderr).toContain(`rm '${file}'`)
      Fs.writeFileSync(file, "")
      const unread = yield* run(["shell", "--background", `--resume=${session}`], { directory })
      expect(unread).toMatchObject({ status: 1, stderr: expect.stringContaining("cannot be read") })
      // The control: the record as it was is of a session that is over.
      Fs.writeFileSync(file, JSON.stringify(record))
      yield* succeeds("list")
      expect(Fs.existsSync(file)).toBe(false)
    }))

  Library.test("may say that its tool has ended while it has not, and to Incus nothing at all", () =>
    Effect.gen(function*() {
      const { workspace } = yield* World
      const directory = workspace()
      const { container, session } = yield* background(directory)
      yield* untilScreen(container, "ready")
      yield* inside(
        container,
        `! curl -s --unix-socket /dev/incus/sock -X PATCH -d '{"state":"Ready"}' x/1.0; echo 0 > /var/lib/clincus/outcome/status`
      )
      expect(yield* statusOf(container)).toBe("Running")
      expect(yield* succeeds("tmux", "capture", container)).toContain("ready")
      const again = yield* run(["shell", "--background", `--resume=${session}`], { directory })
      expect(again).toMatchObject({ status: 0, stderr: expect.stringContaining("is running already") })
    }))

  Library.test("has variables of any name, and starts the tool that was asked for", () =>
    Effect.gen(function*() {
      const { workspace } = yield* World
      const directory = workspace()
      const names = ["words", "word", "remove", "pair", "old", "i", "owned", "owner", "PATH"]
      const { container } = yield* background(directory, ...names.flatMap((name) => ["--env", `${name}=x`]))
      yield* untilScreen(container, "fake start ready")
      yield* type(container, `echo "$words $owned $PATH" > /workspace/seen`)
      yield* eventually("a file", Effect.sync(() => Fs.existsSync(join(directory, "seen"))), (there) => there)
      expect(Fs.readFileSync(join(directory, "seen"), "utf8")).toBe("x x x\n")
      const refused = yield* run(["shell", "--background", "--env", "_clincus_uid=0"], { directory })
      expect(refused.status).toBe(2)
    }))

  Library.test("is told from one whose tool has ended in a shell's favour", () =>
    Effect.gen(function*() {
      const { configuration, configure, workspace } = yield* World
      yield* configure(
        `${configuration}\n[session]\non_exit = "shell"\n[tool.missing]\nbinary = "/nowhere"\n`
      )
      const missing = yield* run(["shell", "--background", "--tool", "missing"], { directory: workspace() })
      expect(missing).toMatchObject({
        status: 1,
        stderr: expect.stringContaining("ended at once, with status 127")
      })
      expect(yield* containers).toEqual({})
      const terminal = yield* openTerminal({ directory: workspace() })
      yield* terminal.line("clincus shell --tool missing")
      yield* terminal.shows("This is a shell in the container")
      yield* terminal.line("exit")
    }))
})

describe("the off-switch of a container", () => {
  for (
    const [what, line] of [
      ["its system restarts", "reboot -f || systemctl reboot"],
      ["everything in it is killed", "kill -9 -1"],
      ["tmux is killed", "pkill -9 tmux"],
      [
        "what watches is killed, and then the tool ends",
        "pkill -9 -f '[/]var/lib/clincus/watch'; sleep 1; pkill -x fake"
      ]
    ] as const
  ) {
    Library.test(`works if ${what}: an ephemeral session is gone, a persistent one stopped, and is gone on with`, () =>
      Effect.gen(function*() {
        const { saved, workspace } = yield* World
        const directory = workspace()
        const begin = (...mode: ReadonlyArray<string>) =>
          Effect.gen(function*() {
            const session = yield* background(directory, ...mode)
            yield* untilScreen(session.container, "ready")
            yield* type(session.container, ": apples")
            yield* inside(
              session.container,
              "until systemctl is-active -q clincus-session; do sleep 0.2; done"
            )
            yield* Effect.ignore(inside(session.container, line))
            return session
          })
        const ephemeral = yield* begin()
        yield* untilStatus(ephemeral.container, "Gone")
        const persistent = yield* begin("--persistent", "--slot", "2")
        yield* untilStatus(persistent.container, "Stopped")
        yield* eventually(
          "nothing open",
          Effect.map(succeeds("list"), () => Fs.readdirSync(join(saved, "open"))),
          (open) => open.length === 0
        )
        const again = yield* run([
          "shell",
          "--background",
          `--resume=${persistent.session}`,
          "--format",
          "json"
        ], { directory })
        expect(JSON.parse(again.stdout)).toMatchObject({ container: persistent.container })
        yield* untilScreen(persistent.container, "said : apples")
        // The control: it is not switched off while the tool goes on.
        yield* Effect.sleep("3 seconds")
        expect(yield* statusOf(persistent.container)).toBe("Running")
        yield* succeeds("shutdown", persistent.container)
        // Started by hand it has no session, and is left alone.
        yield* incus({}, "start", persistent.container)
        yield* Effect.sleep("3 seconds")
        yield* succeeds("list")
        expect(yield* statusOf(persistent.container)).toBe("Running")
      }))
  }
})
