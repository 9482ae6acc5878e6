import { describe, expect } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import { createConnection, createServer, type Server, type Socket } from "node:net"
import { join } from "node:path"
import { ownProcess } from "../../src/host/process.ts"
import { IncusService } from "../../src/incus/IncusService.ts"
import { HistoryStore } from "../../src/session/HistoryStore.ts"
import { eventually } from "../daemon/support/eventually.ts"
import * as Library from "../daemon/support/library.ts"
import {
  containers,
  inside,
  texts,
  untilScreen,
  untilStatus,
  withoutOffSwitch
} from "../daemon/support/look.ts"
import { background, json, run, succeeds } from "../daemon/support/program.ts"
import { openTerminal } from "../daemon/support/terminal.ts"
import { socket, World } from "../daemon/support/World.ts"

const quietModes = "alternate=0 cursor=1 mouse=0 keypad=0"

/** The only container of this world. */
const only = Effect.map(containers, (all) => Object.keys(all).join())
const newest = Effect.flatMap(HistoryStore, (history) => history.list).pipe(
  Effect.map(({ sessions }) => sessions[0])
)

/** A terminal in a new workspace. */
const begin = (window: Parameters<typeof openTerminal>[0] = {}) =>
  Effect.gen(function*() {
    const { workspace } = yield* World
    const directory = workspace()
    return { directory, terminal: yield* openTerminal({ directory, ...window }) }
  })

/** A socket that leads to the daemon until it is frozen; nothing gets through then, and nothing is cut off. */
const throughProxy = (path: string) =>
  Effect.acquireRelease(
    Effect.async<{ readonly sockets: Set<Socket>; readonly server: Server }>((resume) => {
      const sockets = new Set<Socket>()
      const server = createServer((client) => {
        const upstream = createConnection(socket)
        for (const [from, to] of [[client, upstream], [upstream, client]] as const) {
          sockets.add(from)
          from.on("error", () => to.destroy()).on("close", () => to.destroy()).pipe(to)
        }
      }).listen(path, () => resume(Effect.succeed({ sockets, server })))
    }),
    ({ server, sockets }) =>
      Effect.sync(() => {
        for (const one of sockets) one.destroy()
        server.close()
      })
  ).pipe(Effect.map(({ sockets }) => ({
    freeze: Effect.sync(() => {
      for (const one of sockets) one.unpipe().pause()
    })
  })))

describe("clincus shell in a terminal", () => {
  Library.test("start, type, see, resize; the tool exits, the container is gone, what was said is saved", () =>
    Effect.gen(function*() {
      const { directory, terminal } = yield* begin()
      yield* terminal.line("clincus shell; echo status=$?")
      yield* terminal.shows("fake start ready")
      const container = yield* only
      // The whole window, tmux's status line at its foot.
      const full = yield* terminal.until("the status line", (seen) => seen.includes("C-b d detaches"))
      expect(full.split("\n").length).toBe(24)
      expect(full.split("\n").at(-1)).toContain(container)
      yield* terminal.line("echo 'ünïcödé 終' $((6 * 7)); stty size; pwd")
      yield* terminal.until("the answer", (seen) => seen.includes("\nünïcödé 終 42\n23 80\n/workspace\n"))
      yield* terminal.resize(200, 60)
      yield* terminal.until("the wide status line", (seen) => (seen.split("\n")[59] ?? "").length > 190)
      // tmux tells its panes a moment later.
      yield* terminal.line("until [ \"$(stty size)\" = '59 200' ]; do sleep 0.1; done; touch here; echo wide")
      yield* terminal.shows("\nwide")
      expect(Fs.statSync(join(directory, "here")).uid).toBe(1000)
      // Ctrl-C is the tool's, not clincus's.
      yield* terminal.line("trap 'echo caught' INT; echo armed; sleep 30")
      yield* terminal.shows("\narmed")
      yield* terminal.keys("C-c")
      yield* terminal.shows("caught\nfake>")
      yield* terminal.line("exit 0")
      expect(yield* terminal.status).toBe(0)
      expect(yield* terminal.modes).toBe(quietModes)
      expect(yield* containers).toEqual({})
      const saved = yield* newest
      // Nothing is left on the screen but the command that was typed, and the end in words that fit.
      expect(yield* terminal.screen).toBe(
        "host$ clincus shell; echo status=$?\n" +
          `fake exited; saved in ~/.clincus/sessions-fake. Go on with: clincus shell --resume=${saved?.id}\n` +
          "status=0\nhost$"
      )
      expect(saved).toMatchObject({ workspace: directory, container, end: { reason: "exited", status: 0 } })
      const history = yield* HistoryStore
      const conversation = join(history.directory(saved ?? { tool: "", id: "" }), ".fake/conversation")
      expect(Fs.readFileSync(conversation, "utf8")).toContain("said stty size; pwd".slice(5))
    }))

  Library.test("a large window is filled, colours and scrollback are there", () =>
    Effect.gen(function*() {
      const { terminal } = yield* begin({ columns: 200, rows: 60 })
      yield* terminal.line("clincus shell --debug")
      yield* terminal.until("a prompt", (seen) => seen.includes("C-b d detaches") && seen.includes("$"))
      const container = yield* only
      yield* terminal.line("stty size; tput colors; seq 1 60000; echo end-of-it")
      yield* terminal.shows("end-of-it")
      const lines = (yield* succeeds("tmux", "capture", container, "--lines", "100000")).split("\n")
      // tmux forgets a tenth at a time when it is full.
      expect(lines.length).toBeGreaterThan(45_000)
      expect(lines.length).toBeLessThan(50_200)
      yield* terminal.line("clear; stty size; tput colors")
      yield* terminal.until("its size and colours", (seen) => seen.includes("59 200\n256"))
      yield* terminal.line("exit")
      yield* terminal.shows("host$")
      yield* untilStatus(container, "Gone")
    }))

  Library.test("detach says how to come back; the tool goes on, and the same screen is there again", () =>
    Effect.gen(function*() {
      const { terminal } = yield* begin()
      yield* terminal.line("clincus shell; echo status=$?")
      yield* terminal.shows("fake start ready")
      const container = yield* only
      yield* terminal.line("echo before; (sleep 1; echo meanwhile) & wait")
      yield* terminal.shows("\nbefore")
      yield* terminal.keys("C-b", "d")
      expect(yield* terminal.status).toBe(0)
      expect(yield* terminal.screen).toBe([
        "host$ clincus shell; echo status=$?",
        `Detached: ${container} keeps running.`,
        `  clincus attach ${container}     come back`,
        `  clincus shutdown ${container}   end it`,
        `  clincus kill ${container}       end it at once`,
        "status=0",
        "host$"
      ].join("\n"))
      expect(yield* terminal.modes).toBe(quietModes)
      expect(yield* containers).toEqual({ [container]: "Running" })
      yield* terminal.clear
      yield* terminal.line("clincus attach; echo status=$?")
      const again = yield* terminal.shows("meanwhile")
      expect(again).toContain("fake start ready")
      expect(again).toContain("\nbefore\n")

      // Two terminals on one session see and type the same.
      const second = yield* openTerminal()
      yield* second.line(`clincus attach ${container}; echo status=$?`)
      yield* second.shows("meanwhile")
      yield* second.line("echo from the second")
      yield* terminal.shows("\nfrom the second")
      expect(yield* json("tmux", "list")).toMatchObject([{ container, terminals: 2 }])
      yield* second.keys("C-b", "d")
      expect(yield* second.status).toBe(0)
      yield* terminal.line("echo from the first")
      yield* terminal.shows("\nfrom the first")

      // A shell beside the tool, as the same user.
      yield* second.clear
      yield* second.line(`clincus attach ${container} --bash; echo status=$?`)
      yield* second.until("a prompt", (seen) => /workspace\$/.test(seen))
      yield* second.line("id -un; pwd; tty; exit 5")
      expect(yield* second.status).toBe(5)
      expect(yield* second.screen).toMatch(/\ncode\n\/workspace\n\/dev\/pts\/\d+\n/)

      // Whoever attached sees the end too.
      yield* terminal.line("echo farewell; exit 4")
      expect(yield* terminal.status).toBe(4)
      expect(yield* terminal.screen).toContain([
        "clincus: fake ended with status 4; saved in ~/.clincus/sessions-fake.",
        `Go on with: clincus shell --resume=${(yield* newest)?.id}`,
        "status=4"
      ].join("\n"))
      yield* untilStatus(container, "Gone")
    }))

  Library.test("SIGTERM ends the session: saved, container gone, terminal restored", () =>
    Effect.gen(function*() {
      const { terminal } = yield* begin()
      yield* terminal.line("clincus shell; echo status=$?")
      yield* terminal.shows("fake start ready")
      yield* terminal.line("echo hello")
      yield* terminal.shows("\nhello")
      process.kill(yield* terminal.pid, "SIGTERM")
      expect(yield* terminal.status).toBe(143)
      expect(yield* containers).toEqual({})
      expect(yield* terminal.modes).toBe(quietModes)
      const saved = yield* newest
      expect(saved?.end).toEqual({ reason: "interrupted" })
    }))

  Library.test("SIGQUIT ends the session as well, and leaves no core", () =>
    Effect.gen(function*() {
      const { directory, terminal } = yield* begin()
      yield* terminal.line("ulimit -c unlimited; clincus shell; echo status=$?")
      yield* terminal.shows("fake start ready")
      process.kill(yield* terminal.pid, "SIGQUIT")
      expect(yield* terminal.status).toBe(131)
      expect(yield* terminal.modes).toBe(quietModes)
      expect(yield* terminal.screen).not.toContain("dumped")
      expect(Fs.readdirSync(directory)).toEqual(["fake"])
      expect(yield* containers).toEqual({})
      expect((yield* newest)?.end).toEqual({ reason: "interrupted" })
    }))

  Library.test("stopped, it gives the terminal back; continued, the session is there again", () =>
    Effect.gen(function*() {
      const { terminal } = yield* begin()
      yield* terminal.line("clincus shell --background; clear; clincus attach; echo status=$?")
      yield* terminal.shows("fake>")
      yield* terminal.line("echo before")
      yield* terminal.shows("\nbefore")
      const attached = yield* terminal.modes
      expect(attached).not.toBe(quietModes)
      const pid = yield* terminal.pid
      for (const signal of ["SIGTSTP", "SIGSTOP"] as const) {
        process.kill(pid, signal)
        yield* terminal.shows("Stopped")
        // Nobody is asked before SIGSTOP; the next command line of the shell is readable all the same.
        if (signal === "SIGTSTP") expect(yield* terminal.modes).toBe(quietModes)
        yield* terminal.line("printf 'a\\nb\\n'")
        yield* terminal.shows("\na\nb\n")
        const columns = signal === "SIGTSTP" ? 70 : 90
        yield* terminal.resize(columns, 24)
        yield* terminal.line("fg")
        yield* terminal.until(
          "the size of now",
          (seen) => seen.split("\n").at(-1)?.length === columns - 1
        )
        yield* terminal.until(
          "the session's screen",
          (seen) => seen.includes("C-b d detaches") && seen.includes("\nbefore") && !seen.includes("\nb\n")
        )
        expect(yield* terminal.modes).toBe(attached)
        yield* terminal.line(`echo after ${signal}`)
        yield* terminal.shows(`\nafter ${signal}`)
      }
      // The key with which tmux suspends its client would leave a terminal that nobody can wake.
      yield* terminal.keys("C-b", "C-z")
      yield* terminal.line("echo awake")
      yield* terminal.shows("\nawake")
      yield* terminal.line("exit")
      yield* terminal.shows("Go on with")
      expect(yield* terminal.modes).toBe(quietModes)
    }))

  Library.test("the third signal ends it whatever holds the clean-up, and gives the terminal back", () =>
    Effect.gen(function*() {
      const { root } = yield* World
      const daemon = yield* throughProxy(join(root, "proxy.sock"))
      const { terminal } = yield* begin({ environment: { INCUS_SOCKET: join(root, "proxy.sock") } })
      yield* terminal.line("clincus shell; echo status=$?")
      yield* terminal.shows("fake start ready")
      const pid = yield* terminal.pid
      yield* daemon.freeze
      for (const signal of ["SIGTERM", "SIGQUIT", "SIGINT"] as const) {
        process.kill(pid, signal)
        yield* Effect.sleep("300 millis")
      }
      expect(yield* terminal.status).toBe(143)
      expect(yield* terminal.modes).toBe(quietModes)
      yield* terminal.line("printf 'a\\nb\\n'")
      yield* terminal.until("an echo", (seen) => seen.endsWith("\na\nb\nhost$"))
      // The daemon never heard of the end, but the record says that it was wanted.
      yield* succeeds("list")
      expect(yield* containers).toEqual({})
      expect(Fs.readdirSync(join(root, "home/.clincus/open"))).toEqual([])
    }))

  describe("three signals during set-up leave what the next command mends", () => {
    for (const delay of [0, 100, 200, 300, 400]) {
      Library.test(`${delay} ms after its record appears`, () =>
        Effect.gen(function*() {
          const { home, saved } = yield* World
          const secret = "t0p-secret"
          Fs.mkdirSync(join(home, ".fake"))
          Fs.writeFileSync(join(home, ".fake/credentials.json"), secret)
          const { terminal } = yield* begin()
          yield* terminal.line("clincus shell; echo status=$?")
          yield* eventually("a record", Effect.sync(() => Fs.existsSync(`${saved}/open`)), (there) => there)
          yield* Effect.sleep(delay)
          const pid = yield* terminal.pid
          for (const signal of ["SIGQUIT", "SIGTERM", "SIGINT"] as const) {
            yield* Effect.ignore(Effect.try(() => process.kill(pid, signal)))
            yield* Effect.sleep("5 millis")
          }
          expect(yield* terminal.status).toBe(131)
          expect(yield* terminal.modes).toBe(quietModes)
          const open = Fs.readdirSync(`${saved}/open`).map((name) =>
            Fs.readFileSync(`${saved}/open/${name}`, "utf8")
          )
          yield* succeeds("list")
          if (open.some((record) => record.includes("\"running\""))) {
            // It was up already, and no end had been asked for yet, or one that Incus is about.
            for (const container of Object.keys(yield* containers)) {
              yield* run(["kill", container])
              yield* untilStatus(container, "Gone")
            }
            yield* succeeds("list")
          }
          expect(yield* containers).toEqual({})
          expect(Fs.readdirSync(`${saved}/open`)).toEqual([])
          expect(texts(saved).filter(([, text]) => text.includes(secret))).toEqual([])
        }))
    }
  })

  Library.test("a container in which no tool runs says so, with what can be done", () =>
    Effect.gen(function*() {
      const { workspace } = yield* World
      const terminal = yield* openTerminal()
      const { container, session } = yield* background(workspace())
      // Somebody has taken the off-switch out of the hands of init, and killed tmux.
      yield* inside(
        container,
        `${withoutOffSwitch} pkill -9 tmux`
      )
      yield* terminal.line(`clincus attach ${container}; echo status=$?`)
      expect(yield* terminal.status).toBe(1)
      expect(yield* terminal.screen).toBe([
        `host$ clincus attach ${container}; echo status=$?`,
        `clincus: no tool is running in ${container}`,
        "Its system was restarted, or tmux was killed. The conversation is saved.",
        `  ${`clincus attach ${container} --bash`.padEnd(59)}   look inside`,
        `  ${`clincus kill ${container}`.padEnd(59)}   end it`,
        `  clincus shell --resume=${session}   then go on`,
        "status=1",
        "host$"
      ].join("\n"))
      expect(yield* terminal.modes).toBe(quietModes)
      expect(yield* containers).toEqual({ [container]: "Running" })
      // One that another clincus is still starting is no such container.
      const { saved } = yield* World
      const record = join(saved, "open", `fake.${session}`)
      const running = Fs.readFileSync(record, "utf8")
      Fs.writeFileSync(
        record,
        JSON.stringify({ ...JSON.parse(running), phase: "starting", owner: yield* ownProcess })
      )
      yield* terminal.clear
      yield* terminal.line(`clincus attach ${container}; echo status=$?`)
      expect(yield* terminal.status).toBe(1)
      expect(yield* terminal.screen).toContain(`clincus: the tool in ${container} has not started yet\n`)
      Fs.writeFileSync(record, running)
      // What it says works.
      yield* succeeds("kill", container)
      yield* terminal.clear
      yield* terminal.line(`clincus shell --resume=${session}; echo status=$?`)
      yield* terminal.shows("fake resume ready")
      yield* terminal.line("exit")
      expect(yield* terminal.status).toBe(0)
    }))

  Library.test("tmux that is killed under a terminal ends the session, one that is detached from inside does not", () =>
    Effect.gen(function*() {
      const { terminal } = yield* begin()
      yield* terminal.line("clincus shell; echo status=$?")
      yield* terminal.shows("fake start ready")
      const container = yield* only
      yield* terminal.line("tmux detach-client")
      expect(yield* terminal.status).toBe(0)
      const detached = yield* terminal.screen
      expect(detached).toContain(`?\nDetached: ${container} keeps running.\n`)
      expect(detached).not.toContain("[")
      expect(yield* containers).toEqual({ [container]: "Running" })
      yield* terminal.clear
      yield* terminal.line("clincus attach; echo status=$?")
      yield* terminal.shows("fake>")
      yield* terminal.line("tmux kill-server")
      expect(yield* terminal.status).toBe(0)
      expect(yield* terminal.screen).toBe([
        "host$ clincus attach; echo status=$?",
        `${container} went away; saved in ~/.clincus/sessions-fake.`,
        `Go on with: clincus shell --resume=${(yield* newest)?.id}`,
        "status=0",
        "host$"
      ].join("\n"))
      expect(yield* containers).toEqual({})
    }))

  Library.test("a closed window is a detach: the session lives on", () =>
    Effect.gen(function*() {
      const { terminal } = yield* begin()
      yield* terminal.line("clincus shell")
      yield* terminal.shows("fake start ready")
      const container = yield* only
      const pid = yield* terminal.pid
      yield* terminal.close
      yield* eventually(
        "the end of clincus",
        Effect.sync(() => Fs.existsSync(`/proc/${pid}`)),
        (there) => !there
      )
      expect(yield* containers).toEqual({ [container]: "Running" })
      yield* succeeds("tmux", "send", container, "echo still here")
      yield* untilScreen(container, "\nstill here")
      yield* succeeds("kill", container)
    }))

  describe("Ctrl-C during set-up leaves no container and no saved session", () => {
    for (const delay of [0, 50, 100, 150, 200, 250, 300, 350, 400, 450]) {
      Library.test(`${delay} ms after the start`, () =>
        Effect.gen(function*() {
          const { saved } = yield* World
          const { terminal } = yield* begin()
          const list = () =>
            Fs.existsSync(`${saved}/sessions-fake`) ? Fs.readdirSync(`${saved}/sessions-fake`) : []
          const before = list()
          yield* terminal.line("clincus shell")
          // From the moment on at which the program itself runs.
          yield* eventually("the program", terminal.pid, (pid) => pid > 0)
          yield* Effect.sleep(delay)
          yield* terminal.keys("C-c")
          const seen = yield* terminal.until("an end or a tool", (screen) =>
            /\n(\^C)?host\$$/.test(screen) || screen.includes("C-b d detaches"))
          if (seen.includes("C-b d detaches")) {
            // It was quicker: Ctrl-C is the tool's then.
            yield* terminal.shows("fake>")
            yield* terminal.line("exit")
            // The first prompt shows again as soon as the tool's screen is gone; the next one comes after the end.
            yield* terminal.until("a prompt", (screen) =>
              screen.trimEnd().endsWith("\nhost$"))
          } else {
            yield* terminal.line("echo status=$?")
            expect([yield* terminal.status, seen]).toEqual([130, seen])
            // The tool may just have come up: then there is a session, which has ended.
            const [, id] = /--resume=([0-9a-f-]{36})/.exec(seen.replaceAll("\n", "")) ?? []
            expect(list()).toEqual(id === undefined ? before : [...before, id])
            expect(yield* terminal.modes).toBe(quietModes)
          }
          expect(yield* containers).toEqual({})
          expect(Fs.existsSync(`${saved}/open`) ? Fs.readdirSync(`${saved}/open`) : []).toEqual([])
        }))
    }
  })

  describe("Ctrl-C while the terminal is taken gives it back as it was", () => {
    for (const argument of ["-g", "raw"]) {
      Library.test(`in stty ${argument}`, () =>
        Effect.gen(function*() {
          const { environment, root } = yield* World
          const bin = join(root, "bin")
          Fs.mkdirSync(bin)
          // The key reaches all that run in the foreground.
          Fs.writeFileSync(
            join(bin, "stty"),
            `#!/bin/bash
if [ "$1" = ${argument} ] && mkdir ${root}/once 2>/dev/null; then kill -INT 0; fi
exec /usr/bin/stty "$@"
`,
            { mode: 0o755 }
          )
          const { terminal } = yield* begin({
            environment: { PATH: `${bin}:${environment["PATH"] ?? process.env["PATH"]}` }
          })
          yield* terminal.line("clincus shell; echo status=$?")
          yield* terminal.status
          // A terminal that is left raw does not go back to the first column.
          expect(yield* terminal.screen).toMatch(/\nstatus=130\nhost\$$/)
          expect(Fs.existsSync(`${root}/once`)).toBe(true)
          expect(yield* containers).toEqual({})
        }))
    }
  })

  Library.test("a container that is killed from outside gives the terminal back", () =>
    Effect.gen(function*() {
      const { terminal } = yield* begin()
      yield* terminal.line("clincus shell; echo status=$?")
      yield* terminal.shows("fake start ready")
      const container = yield* only
      yield* succeeds("kill", container)
      expect(yield* terminal.status).toBe(0)
      expect(yield* terminal.modes).toBe(quietModes)
      expect(yield* terminal.screen).toContain(`?\n${container} was killed; saved in `)
      expect((yield* newest)?.end).toEqual({ reason: "killed" })
      // What is typed is seen again, and lines end where they should.
      yield* terminal.line("printf 'a\\nb\\n'")
      yield* terminal.until("an echo", (seen) => seen.endsWith("host$ printf 'a\\nb\\n'\na\nb\nhost$"))
      // By force, behind clincus's back, and for one who had come later.
      yield* terminal.clear
      yield* terminal.line("clincus shell --background; clear; clincus attach; echo status=$?")
      yield* terminal.shows("fake start ready")
      yield* succeeds("kill", yield* only)
      expect(yield* terminal.status).toBe(0)
      expect(yield* terminal.screen).toContain("was killed; saved in ")
      yield* terminal.clear
      yield* terminal.line("clincus shell; echo status=$?")
      yield* terminal.shows("fake start ready")
      const { instances } = yield* IncusService
      yield* instances.destroy(yield* only)
      expect(yield* terminal.status).toBe(0)
      expect(yield* terminal.modes).toBe(quietModes)
    }))

  Library.test("sudo shutdown 0 inside ends the session, what was said is saved", () =>
    Effect.gen(function*() {
      const { terminal } = yield* begin()
      yield* terminal.line("clincus shell; echo status=$?")
      yield* terminal.shows("fake start ready")
      // Whoever types has given the container the time to come up.
      yield* inside(
        yield* only,
        "until systemctl is-system-running | grep -qE 'running|degraded'; do sleep 0.1; done"
      )
      yield* terminal.line("sudo shutdown 0")
      yield* terminal.status
      expect(yield* containers).toEqual({})
      expect(yield* terminal.modes).toBe(quietModes)
      const history = yield* HistoryStore
      const conversation = join(
        history.directory((yield* newest) ?? { tool: "", id: "" }),
        ".fake/conversation"
      )
      expect(Fs.readFileSync(conversation, "utf8")).toBe("said sudo shutdown 0\n")
      expect((yield* history.runs.list).runs).toEqual([])
    }))

  Library.test("a tool that does not start shows its status and its last lines", () =>
    Effect.gen(function*() {
      const { directory, terminal } = yield* begin()
      Fs.rmSync(join(directory, "fake"))
      yield* terminal.line("clincus shell; echo status=$?")
      expect(yield* terminal.status).toBe(127)
      const missing = yield* terminal.screen
      expect(missing).toMatch(/workspace\/fake: No such file or directory/)
      expect(missing).toContain("clincus: fake ended with status 127; saved in ")
      yield* terminal.clear
      Fs.writeFileSync(join(directory, "fake"), "#!/bin/sh\necho it is broken >&2\nexit 9\n", { mode: 0o755 })
      yield* terminal.line("clincus shell; echo status=$?")
      expect(yield* terminal.status).toBe(9)
      expect(yield* terminal.screen).toContain("  it is broken\nclincus: fake ended with status 9; saved in ")
      expect(yield* containers).toEqual({})
    }))

  Library.test("a terminal that the container does not know works all the same", () =>
    Effect.gen(function*() {
      const { terminal } = yield* begin({ environment: { TERM: "weird-term" } })
      yield* terminal.line("clincus shell; echo status=$?")
      yield* terminal.shows("fake start ready")
      yield* terminal.line("echo $TERM; exit")
      expect(yield* terminal.status).toBe(0)
    }))

  Library.test("[session] on_exit = \"shell\" drops to a shell, on_detach = \"end\" ends at a detach", () =>
    Effect.gen(function*() {
      const world = yield* World
      yield* world.configure(`${world.configuration}\n[session]\non_exit = "shell"\non_detach = "end"`)
      const { terminal } = yield* begin()
      yield* terminal.line("clincus shell; echo status=$?")
      yield* terminal.shows("fake start ready")
      yield* terminal.line("exit 6")
      yield* terminal.shows("The tool has ended with status 6.")
      yield* terminal.line("echo $((5 * 5))")
      yield* terminal.shows("\n25")
      yield* terminal.keys("C-b", "d")
      expect(yield* terminal.status).toBe(0)
      expect(yield* containers).toEqual({})
      expect(yield* terminal.screen).not.toContain("keeps running")
    }))

  Library.test("several sessions are offered for a choice", () =>
    Effect.gen(function*() {
      const { directory, terminal } = yield* begin()
      const [one, two] = yield* Effect.all([background(directory), background(directory)], {
        concurrency: "unbounded"
      })
      yield* inside(one.container, "touch /workspace/ready")
      yield* terminal.line("clincus attach; echo status=$?")
      const menu = yield* terminal.shows("Number (1-2):")
      const lines = menu.split("\n")
      expect(lines).toContainEqual("Which session?")
      const first = menu.indexOf(one.container) < menu.indexOf(two.container) ? one : two
      yield* terminal.line("1")
      yield* terminal.until("its screen", (seen) =>
        seen.includes(`${first.container} `) && seen.includes("fake>"))
      yield* terminal.line("exit")
      expect(yield* terminal.status).toBe(0)
      yield* untilStatus(first.container, "Gone")
      yield* succeeds("kill", "--all", "--force")
    }))
})
