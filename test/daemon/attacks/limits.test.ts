import { describe, expect } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Fs from "node:fs"
import { IncusService } from "../../../src/incus/IncusService.ts"
import { eventually } from "../support/eventually.ts"
import * as Library from "../support/library.ts"
import {
  inside,
  metadata,
  savedPath,
  screen,
  statusOf,
  type,
  untilScreen,
  untilStatus,
  withoutOffSwitch
} from "../support/look.ts"
import { incus } from "../support/ownDaemon.ts"
import { background, type Handle, json, run, succeeds } from "../support/program.ts"
import { openTerminal } from "../support/terminal.ts"
import { World } from "../support/World.ts"

/** How long a user waits for a look at a session, clincus's own start included (ms). */
const patience = 5000

/** Types into a session and looks at it; gives the longest time that a look took (ms). */
const use = ({ container }: Handle) =>
  Effect.gen(function*() {
    let longest = 0
    for (const word of ["pears", "plums", "quinces"]) {
      const began = Date.now()
      yield* type(container, `echo ${word} | rev`)
      yield* screen(container)
      longest = Math.max(longest, (Date.now() - began) / 2)
    }
    yield* untilScreen(container, "secniuq")
    return longest
  })

const state = (container: string) =>
  Effect.flatMap(IncusService, ({ instances }) => instances.state(container))

/** What was said in a session, as it is on the host. */
const conversation = (session: Handle) =>
  Effect.map(savedPath(session, ".fake/conversation"), (file) => Fs.readFileSync(file, "utf8"))

/** A session that attacks, and another one beside it; the attacker has said something. */
const two = (...limits: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const { workspace } = yield* World
    const [attacker, other] = [yield* background(workspace(), ...limits), yield* background(workspace())]
    yield* Effect.forEach([attacker, other], ({ container }) => untilScreen(container, "ready"))
    yield* type(attacker.container, ": apples")
    yield* untilScreen(attacker.container, "apples")
    return { attacker, other }
  })

/** Ends the attacker, and looks at what is left: within seconds it is gone, and what was said is saved. */
const endsAndIsSaved = (attacker: Handle) =>
  Effect.gen(function*() {
    const began = Date.now()
    if ((yield* statusOf(attacker.container)) !== "Gone") {
      yield* Effect.ignore(succeeds("kill", attacker.container))
    }
    expect(Date.now() - began).toBeLessThan(20_000)
    expect(yield* statusOf(attacker.container)).toBe("Gone")
    expect(yield* conversation(attacker)).toContain("apples")
  })

describe("a session by default", () => {
  Library.test("has bounds for processes, memory with swap, and its share of the processors", () =>
    Effect.gen(function*() {
      const { workspace } = yield* World
      const { container } = yield* background(workspace(), "--debug")
      const limits = {
        "limits.cpu.allowance": "50%",
        "limits.memory": "50%",
        "limits.memory.swap": "false",
        "limits.processes": "4096"
      }
      expect(yield* json("info", container)).toMatchObject({ limits, ends_at: null })
      // The control: each is opened by a word.
      const open = yield* background(
        workspace(),
        "--debug",
        ...["cpu", "memory", "processes", "disk", "time"].flatMap((name) => [`--limit-${name}`, "none"])
      )
      expect(yield* json("info", open.container)).toMatchObject({ limits: {}, ends_at: null })
      const wrong = yield* run(["shell", "--background", "--limit-memory", "much"], {
        directory: workspace()
      })
      expect(wrong).toMatchObject({
        status: 2,
        stderr: expect.stringContaining("--limit-memory cannot be 'much'")
      })
    }))
})

describe("while one session does its worst, another one is used", () => {
  Library.test("as it makes processes without end", () =>
    Effect.gen(function*() {
      const { attacker, other } = yield* two("--limit-processes", "1000")
      const before = yield* use(other)
      yield* type(attacker.container, "bomb() { bomb | bomb & }; bomb")
      yield* eventually("many processes", state(attacker.container), ({ processes }) => processes > 900)
      const during = yield* use(other)
      expect((yield* state(attacker.container)).processes).toBeLessThanOrEqual(1000)
      expect([before, during].every((time) => time < patience)).toBe(true)
      yield* endsAndIsSaved(attacker)
    }))

  Library.test("as it fills its memory, by a program, /tmp or /dev/shm", () =>
    Effect.gen(function*() {
      const { attacker, other } = yield* two("--limit-memory", "400MiB")
      const fill = (line: string) => Effect.either(inside(attacker.container, line, 1000))
      expect(
        (yield* fill("python3 -c 'x = bytearray(300 << 20)'"))._tag,
        "the control: what is allowed is there to be used"
      ).toBe("Right")
      yield* fill("python3 -c 'x = [bytearray(1 << 20) for _ in range(2000)]'")
      expect(yield* screen(attacker.container), "a program that wants too much is alone in it").toContain(
        "apples"
      )
      yield* fill("head -c 1G /dev/zero > /tmp/full")
      expect((yield* state(attacker.container)).memory.usage).toBeLessThanOrEqual(400 * 2 ** 20)
      // What is kept in memory is nobody's: the kernel kills one program after another, the tool too.
      yield* fill("head -c 1G /dev/zero > /dev/shm/full").pipe(Effect.timeoutOption("5 seconds"))
      expect(yield* use(other)).toBeLessThan(patience)
      yield* endsAndIsSaved(attacker)
    }))

  Library.test("as it uses up inotify and open files", () =>
    Effect.gen(function*() {
      const { attacker, other } = yield* two()
      const held = yield* inside(
        attacker.container,
        `python3 - <<'END'
import ctypes, os
libc = ctypes.CDLL(None)
for _ in range(16):
    if os.fork() == 0:
        while libc.inotify_init() >= 0: pass
        while os.dup(0) < 100000: pass
        os.read(0, 1) or __import__("time").sleep(30)
END
true`
      ).pipe(Effect.forkScoped)
      yield* Effect.sleep("2 seconds")
      expect(
        yield* inside(
          other.container,
          "python3 -c 'import ctypes; print(ctypes.CDLL(None).inotify_init() >= 0)'"
        )
      )
        .toBe("True\n")
      expect(yield* use(other)).toBeLessThan(patience)
      yield* endsAndIsSaved(attacker)
      yield* Effect.ignore(held.await)
    }))

  Library.test("as it fills the disk of its container, which stops at its own bound", () =>
    Effect.gen(function*() {
      const { configuration, configure, prefix } = yield* World
      const pool = `${prefix}pool`
      yield* Effect.acquireRelease(
        incus({}, "storage", "create", pool, "btrfs", "size=4GiB"),
        () =>
          Effect.gen(function*() {
            const { instances } = yield* IncusService
            const all = (yield* instances.listAll).filter(({ name }) => name.startsWith(prefix))
            yield* Effect.forEach(all, ({ name }) => instances.destroy(name))
            // The copy of the image is the pool's; it goes with it.
            yield* incus({}, "storage", "delete", pool)
          }).pipe(Effect.orDie)
      )
      yield* configure(`${configuration}\n[incus]\npool = "${pool}"\n`)
      const { attacker, other } = yield* two("--limit-disk", "2GiB")
      const write = (container: string, size: string) =>
        Effect.either(
          inside(container, `head -c ${size} /dev/urandom > /var/full && sync && stat -c %s /var/full`)
        )
      expect((yield* write(attacker.container, "3G"))._tag).toBe("Left")
      // The control: the pool has room, and who is not bounded may fill it.
      expect(yield* write(other.container, "100M")).toMatchObject({ right: `${100 * 2 ** 20}\n` })
      expect((yield* write(other.container, "4G"))._tag).toBe("Left")
      // Even then each can be looked at and ended, and what was said is on the host's disk.
      yield* type(attacker.container, ": oranges")
      yield* untilScreen(attacker.container, ": oranges")
      expect(yield* screen(other.container)).toContain("ready")
      yield* endsAndIsSaved(attacker)
      expect(yield* conversation(attacker)).toContain("oranges")
      yield* succeeds("kill", other.container)
    }))
})

describe("a session whose time is over", () => {
  Library.test("is told so before, ends by itself in an orderly way, and can be gone on with", () =>
    Effect.gen(function*() {
      const { home, workspace } = yield* World
      Fs.mkdirSync(`${home}/.fake`)
      Fs.writeFileSync(`${home}/.fake/credentials.json`, "secret")
      const directory = workspace()
      const terminal = yield* openTerminal({ directory, columns: 100 })
      yield* terminal.line("clincus shell --limit-time 25s; echo status=$?")
      yield* terminal.shows("ready")
      yield* terminal.shows("ends in 20 s: time limit")
      yield* terminal.line(": apples")
      yield* terminal.shows("ends in 10 s: time limit")
      yield* terminal.shows("reached its time limit; saved in")
      expect(yield* terminal.status).toBe(1)
    }))

  Library.test("ends without anybody looking, its credentials gone, though it does not want to", () =>
    Effect.gen(function*() {
      const { home, workspace } = yield* World
      Fs.mkdirSync(`${home}/.fake`)
      Fs.writeFileSync(`${home}/.fake/credentials.json`, "secret")
      const session = yield* background(workspace(), "--limit-time", "4s", "--persistent")
      const credentials = yield* savedPath(session, ".fake/credentials.json")
      yield* untilScreen(session.container, "ready")
      yield* type(session.container, "trap '' TERM HUP INT; while :; do sleep 1; done")
      expect(yield* json("info", session.container)).toMatchObject({ ends_at: expect.stringMatching(/^20/) })
      expect(Fs.existsSync(credentials)).toBe(true)
      yield* untilStatus(session.container, "Stopped").pipe(Effect.retry({ times: 1 }))
      expect(Fs.existsSync(credentials)).toBe(false)
      yield* eventually(
        "an end that is noted",
        Effect.zipRight(succeeds("list"), metadata(session)),
        ({ end }) => end?.reason === "time"
      )
      // It goes on, with time of its own or none.
      yield* run(["shell", "--background", `--resume=${session.session}`], { directory: session.workspace })
      yield* Effect.sleep("6 seconds")
      expect(yield* statusOf(session.container)).toBe("Running")
    }))

  Library.test("is ended by the next command if root in it has prevented its end", () =>
    Effect.gen(function*() {
      const { workspace } = yield* World
      const { instances } = yield* IncusService
      const [attacker, other] = [
        yield* background(workspace(), "--limit-time", "3s"),
        yield* background(workspace())
      ]
      yield* inside(attacker.container, withoutOffSwitch)
      yield* Effect.sleep("6 seconds")
      yield* succeeds("list")
      // The control: a minute is left for an end in an orderly way, and it is not ended before.
      expect(yield* statusOf(attacker.container)).toBe("Running")
      // The minute goes by.
      yield* instances.edit(attacker.container, (instance) =>
        Option.some({
          ...instance,
          config: {
            ...instance.config,
            "user.clincus.deadline": String(Number(instance.config["user.clincus.deadline"]) - 60_000)
          }
        }))
      yield* succeeds("list")
      expect(yield* statusOf(attacker.container)).toBe("Gone")
      expect((yield* metadata(attacker)).end).toMatchObject({ reason: "time" })
      expect(yield* statusOf(other.container)).toBe("Running")
    }))
})
