import { describe, expect, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { ask, capture, follow, foreground, NotStarted } from "../../../src/host/programs.ts"

const script = (text: string) => ["sh", "-c", text] as const

/** Process group and session of this process, or of the one that prints its own; see proc_pid_stat(5). */
const groupOf = (stat: string) => stat.slice(stat.lastIndexOf(")") + 2).split(" ").slice(2, 4)
const ownGroup = () => groupOf(readFileSync("/proc/self/stat", "utf8"))

describe("capture", () => {
  it.effect("gives what a program says and its status", () =>
    Effect.gen(function*() {
      expect(yield* capture({ argv: script("cat; echo out; echo err >&2; exit 3"), input: "in " })).toEqual({
        status: 3,
        stdout: "in out\n",
        stderr: "err\n"
      })
    }))

  it.effect("gives 128 and the signal that a program died of", () =>
    Effect.map(capture({ argv: script("kill -KILL $$") }), ({ status }) => expect(status).toBe(137)))

  it.effect("gives a program the directory and the variables that it is to have, and end-of-file", () =>
    Effect.map(
      capture({
        argv: script("pwd; echo $A$B; cat"),
        directory: "/",
        environment: { PATH: "/usr/bin:/bin", A: "a" }
      }),
      ({ stdout }) => expect(stdout).toBe("/\na\n")
    ))

  it.effect("loses nothing of much output, and minds no input that is not read", () =>
    Effect.gen(function*() {
      const { stdout } = yield* capture({
        argv: script("head -c 3000000 /dev/zero"),
        input: "x".repeat(1_000_000)
      })
      expect(stdout.length).toBe(3_000_000)
    }))

  it.effect("does not wait for what a program leaves running", () =>
    Effect.gen(function*() {
      const { stdout } = yield* capture({ argv: script("sleep 30 & echo $!") })
      process.kill(Number(stdout))
    }))

  it.effect("says which program is not there", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(capture({ argv: ["no-such-program"] }))
      expect(error).toBeInstanceOf(NotStarted)
      expect(error.message).toContain("no-such-program cannot be started")
    }))
})

describe("ask", () => {
  it.effect("gives what is printed where the program ends well, and nothing else", () =>
    Effect.gen(function*() {
      expect(yield* ask("pwd")).toBe("/\n")
      expect(yield* ask("sh", "-c", "echo said; exit 1")).toBeUndefined()
      expect(yield* ask("no-such-program")).toBeUndefined()
    }))
})

describe("follow", () => {
  it.effect("hands over all output in its order, however long each piece takes", () =>
    Effect.gen(function*() {
      const said: Array<string> = []
      const status = yield* follow(
        { argv: script("for i in 1 2 3; do echo $i; sleep 0.02; done; echo end >&2; exit 4") },
        (piece) => Effect.delay(Effect.sync(() => said.push(Buffer.from(piece).toString())), "10 millis")
      )
      expect(status).toBe(4)
      expect(said.join("")).toBe("1\n2\n3\nend\n")
    }).pipe(Effect.withClock(Clock.make())))

  it.effect("ends a program that is interrupted with its children, and reads what it says until it has cleaned up", () =>
    Effect.gen(function*() {
      const directory = mkdtempSync(join(tmpdir(), "programs-"))
      yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(directory, { recursive: true })))
      const begun = yield* Deferred.make<void>()
      const fiber = yield* follow(
        // More than a pipe holds: a program whose output nobody reads never ends.
        {
          argv: script(
            `trap 'head -c 200000 /dev/zero; echo cleaned >${directory}/end; exit' TERM; (trap 'echo child >${directory}/child; exit' TERM; echo begun; while :; do sleep 0.05; done) & wait; wait`
          )
        },
        () => Deferred.succeed(begun, undefined)
      ).pipe(Effect.fork)
      yield* Deferred.await(begun)
      yield* Fiber.interrupt(fiber)
      expect(readFileSync(join(directory, "end"), "utf8")).toBe("cleaned\n")
      expect(readFileSync(join(directory, "child"), "utf8")).toBe("child\n")
    }).pipe(Effect.scoped))
})

describe("a program in the foreground", () => {
  it.effect("is in the process group of this one, for keys and questions; the others are apart", () =>
    Effect.gen(function*() {
      const said: Array<string> = []
      const status = yield* foreground({ argv: ["cat", "/proc/self/stat"] }, {
        onOutput: (piece) => Effect.sync(() => said.push(Buffer.from(piece).toString()))
      })
      expect(status).toBe(0)
      expect(groupOf(said.join(""))).toEqual(ownGroup())
      const apart = yield* capture({ argv: ["cat", "/proc/self/stat"] })
      expect(groupOf(apart.stdout)[1]).not.toBe(ownGroup()[1])
    }))

  it.effect("has the streams that it is given", () =>
    Effect.map(
      foreground({ argv: script("read line; echo nobody reads this") }, { stdio: "ignore" }),
      (status) => expect(status).toBe(0)
    ))
})
