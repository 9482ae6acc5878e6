import { describe, expect } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Fs from "node:fs"
import { join } from "node:path"
import { IncusService } from "../../src/incus/IncusService.ts"
import { HistoryStore } from "../../src/session/HistoryStore.ts"
import { eventually } from "../daemon/support/eventually.ts"
import * as Library from "../daemon/support/library.ts"
import {
  containers,
  inside,
  metadata,
  savedPath,
  screen,
  statusOf,
  type,
  untilScreen,
  untilStatus
} from "../daemon/support/look.ts"
import { background, clincus, json, run, succeeds } from "../daemon/support/program.ts"
import { openTerminal } from "../daemon/support/terminal.ts"
import { image, World } from "../daemon/support/World.ts"

const iso = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
const none = "00000000-0000-4000-8000-000000000000"

describe("clincus list", () => {
  Library.test("shows what runs, what is stopped and what is saved, for people and for scripts", () =>
    Effect.gen(function*() {
      const { workspace } = yield* World
      expect(yield* succeeds("list")).toBe("No session is running.\n")
      expect(yield* json("list")).toEqual({ active_containers: [] })
      const [here, there] = [workspace(), workspace()]
      const [one, two] = yield* Effect.all([
        background(here),
        background(there, "--tool", "claude", "--debug", "--persistent", "--slot", "4")
      ], { concurrency: "unbounded" })
      yield* succeeds("shutdown", two.container)
      const running = {
        container: one.container,
        session: one.session,
        slot: 1,
        state: "running",
        persistent: false,
        tool: "fake",
        workspace: here,
        started_at: iso
      }
      const stopped = {
        container: two.container,
        session: two.session,
        slot: 4,
        state: "stopped",
        persistent: true,
        tool: "claude",
        workspace: there,
        started_at: iso
      }
      const both = yield* json("list")
      expect(both).toEqual({ active_containers: expect.arrayContaining([running, stopped]) })
      const saved = yield* json("list", "--all", "--workspace", there)
      expect(saved).toEqual({
        active_containers: [stopped],
        saved_sessions: [{
          session: two.session,
          tool: "claude",
          workspace: there,
          slot: 4,
          container: two.container,
          persistent: true,
          started_at: iso,
          last_used_at: iso,
          ended_at: iso,
          end: { reason: "shutdown" }
        }]
      })
      expect(yield* json("list", "--all", "--tool", "fake")).toMatchObject({
        active_containers: [{ session: one.session }],
        saved_sessions: [{ session: one.session, ended_at: null, end: null }]
      })
      expect(yield* json("list", "--tool", "codex")).toEqual({ active_containers: [] })
      const text = (yield* succeeds("list", "--all")).split("\n")
      const columns = (line: string | undefined) => line?.trim().split(/\s{2,}/)
      expect(columns(text[0])).toEqual(["CONTAINER", "SLOT", "STATE", "MODE", "TOOL", "WORKSPACE", "AGE"])
      expect(text.map(columns)).toContainEqual([
        one.container,
        "1",
        "running",
        "ephemeral",
        "fake",
        here,
        expect.stringMatching(/^\d+s$/)
      ])
      expect(text.map(columns)).toContainEqual([
        two.session,
        "claude",
        there,
        expect.stringMatching(/^\d+s$/),
        "shutdown"
      ])
    }))

  Library.test("one damaged session hides itself and no other", () =>
    Effect.gen(function*() {
      const { saved, workspace } = yield* World
      const { container, session } = yield* background(workspace(), "--debug")
      yield* succeeds("kill", container)
      const damaged = join(saved, "sessions-fake", none)
      Fs.mkdirSync(damaged)
      Fs.writeFileSync(join(damaged, "metadata.json"), "{ \"version\": 1, ")
      Fs.writeFileSync(join(saved, "sessions-stray"), "a file where a directory might be")
      Fs.writeFileSync(join(saved, "sessions-fake", "stray"), "")
      Fs.writeFileSync(join(saved, "open", "damaged"), "{")
      const result = yield* clincus("list", "--all", "--format", "json")
      expect(result.status).toBe(0)
      expect(JSON.parse(result.stdout).saved_sessions).toMatchObject([{ session }])
      expect(result.stderr).toContain(damaged)
    }))
})

describe("clincus tmux", () => {
  Library.test("captures lines and colours, and lists terminals", () =>
    Effect.gen(function*() {
      const { workspace } = yield* World
      const directory = workspace()
      const { container, session } = yield* background(directory)
      yield* untilScreen(container, "fake>")
      yield* type(container, "seq 1 100; printf '\\033[31mred\\033[m\\n'")
      yield* untilScreen(container, "\nred")
      expect(yield* screen(container, "--lines", "3")).toBe("100\nred\nfake>\n")
      expect(yield* screen(container, "--lines", "3", "--ansi")).toContain("\u001b[31mred")
      expect(yield* screen(container)).not.toContain("\n50\n")
      expect(yield* screen(container, "-n", "80")).toContain("\n50\n")
      // By slot, and the only one.
      const [bySlot, only] = yield* Effect.all([
        run(["tmux", "capture", "--slot", "1"], { directory }),
        run(["tmux", "capture", "--format", "json"])
      ])
      expect(bySlot.stdout).toContain("\nred\n")
      expect(JSON.parse(only.stdout)).toEqual({ container, screen: `${bySlot.stdout.trimEnd()}\n` })
      expect(yield* json("tmux", "list")).toEqual([{
        container,
        session,
        tool: "fake",
        workspace: directory,
        terminals: 0,
        columns: expect.any(Number),
        rows: expect.any(Number),
        last_activity: iso
      }])
    }))

  Library.test("sends any text unharmed, with and without Enter, keys, and standard input", () =>
    Effect.gen(function*() {
      const { workspace } = yield* World
      const directory = workspace()
      // A tool that writes down every line that it is sent, as bytes.
      Fs.writeFileSync(
        join(directory, "fake"),
        "#!/bin/bash\ntrap 'echo INT >> got' INT\necho ready\nwhile :; do IFS= read -r line && printf '%s\\n' \"$line\" >> got; done\n",
        { mode: 0o755 }
      )
      const { container } = yield* background(directory)
      yield* untilScreen(container, "ready")
      const got = Effect.sync(() =>
        Fs.existsSync(join(directory, "got")) ? Fs.readFileSync(join(directory, "got"), "utf8") : ""
      )
      const send = (...args: ReadonlyArray<string>) => succeeds("tmux", "send", ...args)
      const texts = [
        `it's "quoted" $HOME \`id\` \\n #{host} ; | & ünïcödé 終 🙂`,
        "Enter C-c Escape",
        "-l --key",
        "line one\nline two"
      ]
      yield* Effect.forEach(texts, (text) => send(container, "--", text))
      const all = `${texts.join("\n")}\n`
      yield* eventually("all texts", got, (seen) => seen.length >= all.length)
      expect(yield* got).toBe(all)
      // Nothing is done before Enter.
      yield* send(container, "half ", "--no-enter")
      yield* untilScreen(container, "half")
      yield* send("--slot", "1", "--workspace", directory, "and half")
      yield* eventually("a line", got, (seen) => seen.endsWith("half and half\n"))
      yield* run(["tmux", "send", "-"], { input: "from a file\nof two lines\n" })
      yield* eventually("the input", got, (seen) => seen.endsWith("\nfrom a file\nof two lines\n"))
      yield* send(container, "--key", "C-c")
      yield* eventually("a key", got, (seen) => seen.endsWith("\nINT\n"))
      yield* send(container, "twice", "--key", "Enter", "--key", "Enter")
      yield* eventually("two keys", got, (seen) => seen.endsWith("\ntwice\n\n"))
      const misuse = yield* clincus("tmux", "send", container, "two", "words")
      expect(misuse).toMatchObject({ status: 2, stderr: expect.stringContaining("Put the text in quotes") })
    }))
})

describe("which session is meant", () => {
  Library.test("the only one, one by its name or its slot; several are named where nobody can be asked", () =>
    Effect.gen(function*() {
      const { workspace } = yield* World
      const directory = workspace()
      const [one, two] = yield* Effect.all([
        background(directory, "--debug", "--slot", "1"),
        background(directory, "--debug", "--slot", "2")
      ], { concurrency: "unbounded" })
      const result = yield* clincus("attach")
      expect(result.status).toBe(1)
      expect(result.stderr).toContain("2 sessions are running: ")
      expect(result.stderr).toContain(one.container)
      expect(result.stderr).toContain(two.container)
      const terminal = yield* openTerminal({ directory })
      yield* terminal.line("clincus attach --slot 2; echo status=$?")
      yield* terminal.until("slot 2", (seen) => seen.includes(` ${two.container} `))
      yield* terminal.keys("C-b", "d")
      expect(yield* terminal.status).toBe(0)
      const wrong = yield* run(["attach", "--slot", "3"], { directory })
      expect(wrong).toMatchObject({
        status: 1,
        stderr: expect.stringContaining(`no session is running in slot 3 for ${directory}`)
      })
      const alone = yield* run(["attach", one.container])
      expect(alone).toMatchObject({
        status: 2,
        stderr: expect.stringContaining("attaching needs a terminal")
      })
    }))
})

describe("the ends of sessions", () => {
  Library.test("kill ends ours only, asks before what is installed is lost, and saves what was said", () =>
    Effect.gen(function*() {
      const { prefix, workspace } = yield* World
      const { instances } = yield* IncusService
      const foreign = `${prefix}foreign`
      yield* instances.createAndStart({
        name: foreign,
        image,
        ephemeral: false,
        config: {},
        devices: {},
        profiles: ["default", "clincus"]
      })
      const directory = workspace()
      const [one, kept] = yield* Effect.all([
        background(directory, "--slot", "1"),
        background(directory, "--slot", "2", "--persistent")
      ], { concurrency: "unbounded" })
      yield* untilScreen(one.container, "fake>")
      yield* type(one.container, "echo hello")
      yield* untilScreen(one.container, "\nhello")

      // One name that is not ours, and nothing is killed.
      expect(yield* clincus("kill", one.container, foreign)).toEqual({
        status: 1,
        stdout: "",
        stderr: `clincus: ${foreign} is not a container of clincus\n`
          + "clincus leaves it alone; 'incus' itself can manage it.\n"
      })
      expect(yield* clincus("kill", kept.container)).toMatchObject({
        status: 2,
        stderr: expect.stringContaining("Answer on the command line: --force")
      })
      expect(yield* clincus("kill", "--all")).toMatchObject({ status: 2 })
      expect(yield* clincus("kill")).toMatchObject({ status: 2 })
      expect(Object.keys(yield* containers).length).toBe(3)

      const terminal = yield* openTerminal()
      yield* terminal.line(`clincus kill ${kept.container}; echo status=$?`)
      yield* terminal.shows("[y/N]")
      yield* terminal.line("n")
      expect(yield* terminal.status).toBe(0)
      expect(yield* statusOf(kept.container)).toBe("Running")
      yield* terminal.clear
      yield* terminal.line(`clincus kill ${kept.container}; echo status=$?`)
      yield* terminal.shows("[y/N]")
      yield* terminal.line("y")
      expect(yield* terminal.status).toBe(0)
      expect(yield* statusOf(kept.container)).toBe("Gone")

      expect(yield* clincus("kill", one.container)).toEqual({
        status: 0,
        stdout: "",
        stderr: `Killed ${one.container}.\n`
      })
      expect(yield* containers).toEqual({ [foreign]: "Running" })
      expect((yield* metadata(one)).end).toEqual({ reason: "killed" })
      expect(Fs.readFileSync(yield* savedPath(one, ".fake/conversation"), "utf8")).toBe("said echo hello\n")
      expect(yield* clincus("kill", "--all", "--force")).toMatchObject({ status: 0 })
      expect(yield* containers).toEqual({ [foreign]: "Running" })
    }))

  Library.test("shutdown asks the programs to end; ephemeral ones go, persistent ones stay", () =>
    Effect.gen(function*() {
      const { workspace } = yield* World
      const directory = workspace()
      const [one, kept] = yield* Effect.all([
        background(directory, "--slot", "1"),
        background(directory, "--slot", "2", "--persistent")
      ], { concurrency: "unbounded" })
      yield* untilScreen(one.container, "fake>")
      yield* type(one.container, "trap 'echo asked > asked' HUP TERM EXIT")
      yield* inside(
        one.container,
        "until systemctl is-system-running | grep -qE 'running|degraded'; do sleep 0.1; done"
      )
      const result = yield* clincus("shutdown", "--all", "--timeout", "20")
      expect(result.status).toBe(0)
      expect(result.stderr.split("\n").toSorted()).toEqual([
        "",
        `Shut down ${one.container}.`,
        `Shut down ${kept.container}.`
      ])
      expect(yield* containers).toEqual({ [kept.container]: "Stopped" })
      expect(Fs.existsSync(join(directory, "asked"))).toBe(true)
      expect((yield* metadata(one)).end).toEqual({ reason: "shutdown" })
      expect((yield* metadata(kept)).end).toEqual({ reason: "shutdown" })
    }))

  Library.test("a session in the background ends with its tool, nobody there, and says how by the next command", () =>
    Effect.gen(function*() {
      const { workspace } = yield* World
      const directory = workspace()
      const [one, kept] = yield* Effect.all([
        background(directory, "--slot", "1"),
        background(directory, "--slot", "2")
      ], { concurrency: "unbounded" })
      yield* succeeds("persist", kept.container)
      yield* Effect.forEach([one, kept], ({ container }) => untilScreen(container, "fake>"))
      yield* type(one.container, "exit 12")
      yield* type(kept.container, "exit")
      yield* untilStatus(one.container, "Gone")
      yield* untilStatus(kept.container, "Stopped")
      // For some tenths of a second Incus says once more that it runs.
      yield* eventually(
        "an end that is noted",
        Effect.zipRight(succeeds("list"), metadata(kept)),
        ({ end }) => end !== undefined
      )
      expect((yield* metadata(one)).end).toEqual({ reason: "exited", status: 12 })
      expect((yield* metadata(kept)).end).toEqual({ reason: "exited", status: 0 })
      expect(yield* metadata(kept)).toMatchObject({ persistent: true })
      const again = yield* background(directory, "--slot", "2")
      expect(again).toMatchObject({ container: kept.container, persistent: true })
      expect(yield* clincus("persist", again.container)).toMatchObject({
        status: 0,
        stderr: `${again.container} is persistent already.\n`
      })
    }))
})

describe("clincus info", () => {
  Library.test("tells everything of a session, live and saved", () =>
    Effect.gen(function*() {
      const world = yield* World
      yield* world.configure(`${world.configuration}\n[limits]\nmemory = "512MiB"\nprocesses = 400`)
      const directory = world.workspace({ uid: 1001, gid: 1001 })
      const one = yield* background(directory, "--env", "TOKEN=value-of-token")
      const live = yield* json("info")
      expect(live).toMatchObject({
        session: one.session,
        container: one.container,
        tool: "fake",
        workspace: directory,
        workspace_inside: "/workspace",
        slot: 1,
        state: "running",
        persistent: false,
        image,
        started_at: iso,
        ended_at: null,
        ended: null,
        runs_as: "uid 1001, gid 1001",
        runs_inside_as: "uid 1000, gid 1000",
        root_on_mounts: false,
        variables: expect.arrayContaining(["TOKEN"]),
        limits: {
          "limits.cpu.allowance": "50%",
          "limits.memory": "512MiB",
          "limits.memory.swap": "false",
          "limits.processes": "400"
        },
        ends_at: null,
        mounts: expect.arrayContaining([{ name: "workspace", at: "/workspace", from: directory }]),
        processes: expect.any(Number),
        state_directory: yield* savedPath(one),
        state_size_complete: true
      })
      expect(JSON.stringify(live)).not.toContain("value-of-token")
      const text = yield* succeeds("info", one.container)
      expect(text).toMatch(new RegExp(`^workspace +${directory}$`, "m"))
      expect(text).toMatch(
        /^ +limits\.memory 512MiB\n +limits\.memory\.swap false\n +limits\.processes 400$/m
      )
      yield* succeeds("kill", one.container)
      expect(yield* json("info", one.session.slice(0, 8))).toMatchObject({
        session: one.session,
        state: "saved",
        ended: "killed",
        ended_at: iso,
        mounts: [],
        memory_bytes: null
      })
      expect(yield* clincus("info", "zz")).toMatchObject({
        status: 1,
        stderr: expect.stringContaining("no session or container is named 'zz'")
      })
    }))
})

describe("configuration", () => {
  Library.test("options win over profiles, profiles over the project, and that lowers the user's limits", () =>
    Effect.gen(function*() {
      const { configuration, configure, home, root, workspace } = yield* World
      yield* configure(`${configuration}
[session]
on_exit = "end"
[limits]
cpu = 4
[profiles.heavy.limits]
memory = "1GiB"
`)
      const directory = workspace({
        config: "[defaults]\npersistent = true\n[limits]\ncpu = 2\nmemory = \"300MiB\"\n"
      })
      const user = join(home, ".config/clincus/config.toml")
      const project = join(directory, ".clincus.toml")
      yield* succeeds("trust", directory, "--yes")
      expect(yield* json("config", "-w", directory, "--profile", "heavy")).toMatchObject({
        "defaults.image": { value: image, source: user },
        "defaults.persistent": { value: true, source: project },
        "limits.cpu": { value: 2, source: project },
        "limits.memory": { value: "1GiB", source: `${user} [profiles.heavy]` },
        "session.on_detach": { value: "keep", source: "default" },
        "incus.socket": { source: "INCUS_SOCKET" }
      })
      // Another file in the place of the user's.
      const chosen = join(root, "chosen.toml")
      Fs.writeFileSync(chosen, "[defaults]\nimage = \"other\"\n")
      const other = yield* run(["config", "-w", directory, "--format", "json"], {
        environment: { CLINCUS_CONFIG: chosen }
      })
      expect(JSON.parse(other.stdout)).toMatchObject({
        "defaults.image": { value: "other", source: chosen },
        "tool.name": { value: "claude", source: "default" },
        "limits.cpu": { value: 2, source: project }
      })
      expect(yield* succeeds("config", "-w", directory)).toMatch(
        /^defaults\.persistent +true +\S+\.clincus\.toml$/m
      )

      // And so sessions are made.
      const { instances } = yield* IncusService
      const one = yield* background(directory, "--profile", "heavy")
      expect(one).toMatchObject({ persistent: true, tool: "fake" })
      expect((yield* instances.get(one.container)).config).toMatchObject({
        "limits.cpu": "2",
        "limits.memory": "1GiB"
      })
      const two = yield* background(directory, "--ephemeral", "--tool", "claude", "--debug")
      expect(two).toMatchObject({ persistent: false, tool: "claude" })
      expect((yield* instances.get(two.container)).config).toMatchObject({ "limits.memory": "300MiB" })
      yield* succeeds("kill", "--all", "--force")
    }))

  Library.test("sessions are saved where it says, and the workspace stands where it stands outside", () =>
    Effect.gen(function*() {
      const { configure, root, workspace } = yield* World
      const directory = workspace()
      yield* configure(`
[defaults]
image = "${image}"
[tool]
name = "fake"
binary = "${directory}/fake"
[tool.fake]
[paths]
sessions_dir = "${root}/elsewhere"
preserve_workspace_path = true
[environment.set]
GREETING = "hello from the configuration"
`)
      const one = yield* background(directory)
      yield* untilScreen(one.container, "fake>")
      yield* type(one.container, "pwd; echo $GREETING")
      yield* untilScreen(one.container, `\n${directory}\nhello from the configuration`)
      yield* succeeds("kill", one.container)
      expect(Fs.existsSync(join(root, "elsewhere/sessions-fake", one.session, "metadata.json"))).toBe(true)
    }))
})

describe("clincus clean", () => {
  Library.test("removes what cannot be resumed, the rest when asked, never what runs or stands", () =>
    Effect.gen(function*() {
      const { saved, workspace } = yield* World
      const history = yield* HistoryStore
      expect(yield* succeeds("clean")).toBe("Nothing to clean.\n")
      const directory = workspace()
      const [runs, stands, silent, spoke] = yield* Effect.all([
        background(directory, "--tool", "claude", "--debug", "--slot", "1"),
        background(directory, "--tool", "claude", "--debug", "--slot", "2", "--persistent"),
        background(directory, "--tool", "claude", "--debug", "--slot", "3"),
        background(directory, "--tool", "claude", "--debug", "--slot", "4")
      ], { concurrency: 2 })
      // A conversation, as Claude Code keeps one.
      const file = yield* savedPath(spoke, ".claude/projects/-workspace", `${spoke.session}.jsonl`)
      Fs.mkdirSync(join(file, ".."), { recursive: true })
      Fs.writeFileSync(
        file,
        `${JSON.stringify({ type: "user", message: { role: "user", content: "hello" } })}\n`
      )
      yield* succeeds("kill", silent.container, spoke.container)
      yield* succeeds("shutdown", stands.container)
      Fs.mkdirSync(join(saved, "sessions-claude", none))
      const sessions = Effect.sync(() => Fs.readdirSync(join(saved, "sessions-claude")).toSorted())
      const all = yield* sessions

      const looked = yield* json("clean", "--dry-run")
      expect(looked).toMatchObject({
        removed: false,
        items: [{ name: expect.stringContaining(silent.session), last_used_at: iso }]
      })
      expect(yield* clincus("clean")).toMatchObject({
        status: 2,
        stderr: expect.stringContaining("--force (or --dry-run to only look)")
      })
      expect(yield* sessions).toEqual(all)
      expect(yield* succeeds("clean", "--force", "--older-than", "1h")).toBe("Nothing to clean.\n")
      expect(yield* succeeds("clean", "--force")).toContain(silent.session)
      expect(yield* sessions).toEqual(all.filter((id) => id !== silent.session))

      // What is older is told by when it was last used.
      const old = Option.getOrThrow(yield* history.get({ tool: "claude", id: spoke.session }))
      yield* history.save({ ...old, lastUsedAt: new Date(Date.now() - 40 * 24 * 3_600_000) })
      expect(yield* json("clean", "--sessions", "--older-than", "50d", "--dry-run")).toMatchObject({
        items: [{ name: expect.stringContaining(none) }]
      })
      const terminal = yield* openTerminal({ columns: 200 })
      yield* terminal.line("clincus clean --sessions --older-than 30d; echo status=$?")
      yield* terminal.shows("[y/N]")
      yield* terminal.line("y")
      expect(yield* terminal.status).toBe(0)
      expect(yield* sessions).toEqual([runs.session, stands.session].toSorted())
      expect(yield* containers).toEqual({ [runs.container]: "Running", [stands.container]: "Stopped" })
      yield* succeeds("clean", "--sessions", "--force")
      expect(yield* sessions).toEqual([runs.session, stands.session].toSorted())
    }))

  Library.test("says at once what a session leaves whose tool has just ended", () =>
    Effect.gen(function*() {
      const { workspace } = yield* World
      const session = yield* background(workspace())
      yield* succeeds("tmux", "send", session.container, "exit")
      const status = yield* savedPath(session, "outcome/status")
      yield* eventually("the tool's word", Effect.sync(() => Fs.existsSync(status)), (there) => there)
      // Its container is still going down.
      expect(yield* containers).toHaveProperty([session.container])
      const first = yield* json("clean", "--sessions", "--dry-run")
      expect(first).toMatchObject({
        items: [{ name: expect.stringContaining(session.session), what: "saved session (tool exited)" }]
      })
      expect(yield* json("clean", "--sessions", "--dry-run")).toEqual(first)
    }))

  Library.test("removes containers of ours that belong to no session", () =>
    Effect.gen(function*() {
      const { prefix, workspace } = yield* World
      const { instances } = yield* IncusService
      const make = (name: string, config: Record<string, string>) =>
        instances.createAndStart({
          name: prefix + name,
          image,
          ephemeral: false,
          config,
          devices: {},
          profiles: ["default", "clincus"]
        }).pipe(Effect.zipRight(instances.stop(prefix + name, { force: true })))
      yield* make("leftover", { "user.clincus.session": none })
      yield* make("foreign", {})
      const { container } = yield* background(workspace(), "--debug")
      expect(yield* json("clean", "--force")).toMatchObject({
        removed: true,
        items: [{ name: `${prefix}leftover` }]
      })
      expect(yield* containers).toEqual({ [container]: "Running", [`${prefix}foreign`]: "Stopped" })
    }))
})

describe("resume", () => {
  Library.test("goes on with the conversation: the newest, by id, by the beginning of an id", () =>
    Effect.gen(function*() {
      const { workspace } = yield* World
      const directory = workspace()
      const talk = (line: string, ...args: ReadonlyArray<string>) =>
        Effect.gen(function*() {
          const session = yield* background(directory, ...args)
          yield* untilScreen(session.container, "ready")
          yield* type(session.container, `: ${line}`)
          yield* untilScreen(session.container, line)
          yield* succeeds("kill", session.container)
          return session
        })
      const first = yield* talk("apples", "--slot", "1")
      const second = yield* talk("pears", "--slot", "2")
      const newest = yield* talk("plums", "--resume")
      expect(newest.session).toBe(second.session)
      const again = yield* background(directory, `--continue=${first.session.slice(0, 9)}`, "--slot", "5")
      expect(again).toMatchObject({ session: first.session, slot: 5 })
      const shown = yield* untilScreen(again.container, "fake resume ready")
      expect(shown).toContain("said : apples")
      expect(shown).not.toContain("pears")
      // Of this slot, where one is named; by the command of its own.
      const result = yield* run(["resume", "--slot", "1", "--background", "--format", "json"], { directory })
      expect(JSON.parse(result.stdout)).toMatchObject({
        session: second.session,
        container: first.container
      })
      const both = yield* untilScreen(first.container, "fake resume ready")
      expect(both).toContain("said : pears\nsaid : plums")
      // What runs is attached to.
      const terminal = yield* openTerminal({ directory })
      yield* terminal.line(`clincus shell --resume=${second.session}; echo status=$?`)
      yield* terminal.shows("said : plums")
      yield* terminal.until("its status line", (seen) => seen.includes(` ${first.container} `))
      expect(Object.keys(yield* containers).length).toBe(2)
      yield* terminal.keys("C-b", "d")
      expect(yield* terminal.status).toBe(0)
      yield* succeeds("kill", "--all", "--force")

      // The beginning of several ids, and of none.
      const history = yield* HistoryStore
      const known = Option.getOrThrow(yield* history.get({ tool: "fake", id: first.session }))
      for (const end of ["1", "2"]) {
        const twin = { ...known, id: `abcdef00-0000-4000-8000-00000000000${end}` }
        Fs.mkdirSync(history.directory(twin))
        yield* history.save(twin)
      }
      const ambiguous = yield* run(["shell", "--background", "--resume=abcdef"], { directory })
      expect(ambiguous.status).toBe(1)
      expect(ambiguous.stderr).toContain("'abcdef' fits 2 sessions")
      expect(ambiguous.stderr).toContain("  abcdef00-0000-4000-8000-000000000001  fake  ")
      expect(ambiguous.stderr).not.toContain(first.session)
      const wrong = yield* run(["resume", "ffff", "--background"], { directory })
      expect(wrong.status).toBe(1)
      expect(wrong.stderr).toContain("no saved session has an id that begins with 'ffff'")
      expect(wrong.stderr).toContain(first.session)
      const tool = yield* run(["shell", "--background", "--resume", "--tool", "codex"], { directory })
      expect(tool.stderr).toContain(`there is no saved session of ${directory} with codex`)
      expect(yield* containers).toEqual({})
    }))

  Library.test("keeps the mode and the container of a persistent session, and says when there is no conversation", () =>
    Effect.gen(function*() {
      const { workspace } = yield* World
      const directory = workspace()
      const one = yield* background(directory, "--persistent", "--slot", "3")
      yield* untilScreen(one.container, "ready")
      yield* inside(one.container, "touch /opt/installed")
      yield* succeeds("shutdown", one.container)
      const again = yield* background(directory, "--resume")
      expect(again).toMatchObject({
        session: one.session,
        container: one.container,
        slot: 3,
        persistent: true
      })
      expect(yield* inside(again.container, "ls /opt")).toContain("installed")
      yield* succeeds("shutdown", again.container)
      const elsewhere = yield* run(["shell", "--background", `--resume=${one.session}`, "--slot", "4"], {
        directory
      })
      expect(elsewhere.status).toBe(1)
      expect(elsewhere.stderr).toContain("Leave out --slot, or say --slot 3.")

      const silent = yield* background(directory, "--tool", "claude", "--debug", "--slot", "1")
      yield* succeeds("kill", silent.container)
      const before = (yield* metadata(silent)).end
      const result = yield* run(["shell", "--background", `--resume=${silent.session}`], { directory })
      expect(result.status).toBe(1)
      expect(result.stderr).toContain("holds no conversation; nothing was said to Claude Code in it")
      expect((yield* metadata(silent)).end).toEqual(before)
    }))
})
