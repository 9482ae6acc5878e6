import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { leftOutLine } from "../../../../src/host/copy/copyConfiguration.ts"
import { place, reasons } from "./support/configuration.ts"

const mode = (path: string) => Fs.lstatSync(path).mode & 0o777

const nextTurn = Effect.async<void>((resume) => void setImmediate(() => resume(Effect.void)))

describe("configuration that is copied into a new session", () => {
  it.scoped("is complete, private, and without what is not asked for", () =>
    Effect.gen(function*() {
      const { copy, from, home, inCopy, names, write } = yield* place
      write(".claude/settings.json", "{}")
      write(".claude/history.jsonl")
      write(".claude/plugins/x/.git/config")
      write(".claude/plugins/x/run.sh", "#!/bin/sh")
      Fs.chmodSync(join(from, "plugins/x/run.sh"), 0o4755)
      Fs.mkdirSync(join(from, "plugins/empty"))
      const report = yield* copy({ entries: ["settings.json", "missing", "plugins"] })
      expect(report).toEqual({ copied: 3, bytes: 17, leftOut: [], leftOutCount: 0 })
      expect(names()).toEqual([
        ".claude",
        ".claude/plugins",
        ".claude/plugins/empty",
        ".claude/plugins/x",
        ".claude/plugins/x/plugin.json",
        ".claude/plugins/x/run.sh",
        ".claude/settings.json"
      ])
      expect([mode(inCopy("plugins/x")), mode(inCopy("plugins/x/run.sh")), mode(inCopy("settings.json"))])
        .toEqual([0o700, 0o700, 0o600])
      expect(Fs.readFileSync(inCopy("plugins/x/plugin.json"), "utf8")).toBe("theirs")
      expect(Fs.readFileSync(join(home, ".ssh/id"), "utf8")).toBe("secret")
    }))

  it.scoped("keeps names that are no UTF-8, or hold a new line", () =>
    Effect.gen(function*() {
      const { copy, from, home, inCopy, link } = yield* place
      const name = Buffer.from([0x66, 0xff, 0xfe])
      Fs.writeFileSync(Buffer.concat([Buffer.from(`${from}/plugins/`), name]), "bytes")
      Fs.writeFileSync(join(from, "plugins/ä\nb"), "line")
      link(".claude/plugins/é", "ä\nb")
      link(".claude/plugins/out\n", "../../.ssh")
      const report = yield* copy()
      expect(Fs.readFileSync(Buffer.concat([Buffer.from(inCopy("plugins/")), name]), "utf8")).toBe("bytes")
      expect(Fs.readFileSync(inCopy("plugins/é"), "utf8")).toBe("line")
      expect(reasons(report, home)).toEqual({
        ".claude/plugins/out\n": "is a link that leads out of plugins, to ~/.ssh"
      })
    }))

  it.scoped("goes to where the entry belongs, also an entry with slashes or one inside another", () =>
    Effect.gen(function*() {
      const { copy, home, inCopy, link, names, root } = yield* place
      link(".claude/plugins/same", "x")
      const report = yield* copy({
        from: home,
        entries: [".claude/plugins", ".claude/plugins/same", ".claude/plugins/x/plugin.json"],
        to: ""
      })
      expect(report.leftOut).toEqual([])
      expect(names()).toContain(".claude/plugins/x/plugin.json")
      expect(Fs.readFileSync(inCopy("plugins/same/plugin.json"), "utf8")).toBe("theirs")
      const refused = yield* copy({ entries: ["../.ssh", "/etc/hosts", "plugins/../../.ssh", "", "."] })
      expect(refused).toMatchObject({ copied: 0, leftOutCount: 5 })
      const failure = yield* Effect.flip(copy({ to: "../elsewhere" }))
      expect(failure.message).toContain("leads out of the session")
      expect(Fs.readdirSync(join(root, ".."))).toEqual(["home", "session"])
    }))

  it.scoped("fails where it cannot be written", () =>
    Effect.gen(function*() {
      const { copy, inCopy, root } = yield* place
      const failure = yield* Effect.flip(copy({ root: join(root, "missing") }))
      expect(failure).toMatchObject({ _tag: "StateError", action: "write" })
      expect(failure.message).toBe(
        `cannot write ${root}/missing/.claude of a saved session: no such file or directory`
      )
      Fs.mkdirSync(inCopy("plugins/x/plugin.json"), { recursive: true })
      expect((yield* copy()).leftOut.map(({ why }) => why)).toEqual([
        "is a file where the session has a directory"
      ])
    }))

  it.scoped("replaces a link in its way and writes nothing through it", () =>
    Effect.gen(function*() {
      const { copy, home, inCopy, root } = yield* place
      Fs.symlinkSync(join(home, ".ssh"), join(root, ".claude"))
      yield* copy()
      expect(Fs.readFileSync(inCopy("plugins/x/plugin.json"), "utf8")).toBe("theirs")
      expect(Fs.readdirSync(join(home, ".ssh"))).toEqual(["id"])
    }))
})

describe("what is no file", () => {
  it.scoped("is left out, and holds nothing up", () =>
    Effect.gen(function*() {
      const { copy, from, home, inCopy, link, write } = yield* place
      write(".claude/plugins/z")
      spawnSync("mkfifo", [join(from, "plugins/pipe"), join(from, "commands")])
      link(".claude/agents", "/dev/zero")
      yield* Effect.acquireRelease(
        Effect.async<ReturnType<typeof createServer>>((resume) => {
          const server = createServer().listen(join(from, "plugins/socket"), () =>
            resume(Effect.succeed(server)))
        }),
        (server) =>
          Effect.sync(() => server.close())
      )
      const report = yield* copy({ entries: ["commands", "agents", "plugins"] })
      const other = "is a socket, a pipe or a device"
      expect(reasons(report, home)).toEqual({
        ".claude/commands": other,
        ".claude/agents": other,
        ".claude/plugins/pipe": other,
        ".claude/plugins/socket": other
      })
      expect(Fs.existsSync(inCopy("plugins/z"))).toBe(true)
    }))

  it.scoped("is left out where it cannot be read or vanishes, and the rest is copied", () =>
    Effect.gen(function*() {
      const { copy, from, home, inCopy, link, write } = yield* place
      // Nobody can read the first page of a process, root neither.
      link(".claude/memory", "/proc/self/mem")
      for (let file = 0; file < 500; file += 1) write(`.claude/plugins/many/${file}`)
      write(".claude/plugins/many/z-gone")
      write(".claude/plugins/many/z-link")
      write(".claude/plugins/many/z-stays")
      const fiber = yield* Effect.fork(copy({ entries: ["memory", "plugins"] }))
      yield* nextTurn
      Fs.rmSync(join(from, "plugins/many/z-gone"))
      Fs.rmSync(join(from, "plugins/many/z-link"))
      link(".claude/plugins/many/z-link", join(home, ".ssh/id"))
      const report = yield* Fiber.join(fiber)
      expect(reasons(report, home)).toEqual({
        ".claude/memory": expect.stringContaining("cannot be read"),
        ".claude/plugins/many/z-gone": "vanished meanwhile",
        ".claude/plugins/many/z-link": "is a link that leads out of plugins, to ~/.ssh/id"
      })
      expect(Fs.existsSync(inCopy("memory"))).toBe(false)
      expect(Fs.existsSync(inCopy("plugins/many/z-stays"))).toBe(true)
    }))
})

describe("the bounds of a copy", () => {
  it.scoped("leave out a large file and a deep directory, and copy what is just within", () =>
    Effect.gen(function*() {
      const { copy, from, home, names, write } = yield* place
      write(".claude/plugins/ten", "0123456789")
      write(".claude/plugins/eleven", "0123456789a")
      write(".claude/plugins/a/b/c/d")
      Fs.truncateSync(join(from, "plugins/x/plugin.json"), 2 ** 40)
      const report = yield* copy({ limits: { fileBytes: 10, depth: 2 } })
      expect(reasons(report, home)).toEqual({
        ".claude/plugins/eleven": "is larger than 10 bytes",
        ".claude/plugins/x/plugin.json": "is larger than 10 bytes",
        ".claude/plugins/a/b/c": "is more than 2 directories deep"
      })
      expect(names()).toEqual([
        ".claude",
        ".claude/plugins",
        ".claude/plugins/a",
        ".claude/plugins/a/b",
        ".claude/plugins/ten",
        ".claude/plugins/x"
      ])
    }))

  it.scoped("end an entry that has too much, say where, and go on with the next", () =>
    Effect.gen(function*() {
      const { copy, home, inCopy, write } = yield* place
      for (const name of ["a", "b", "c", "d"]) write(`.claude/skills/${name}`, "0123456789")
      write(".claude/agents/a")
      const entries = ["skills", "agents"]
      const few = yield* copy({ entries, limits: { entries: 2 } })
      expect(reasons(few, home)).toEqual({
        ".claude/skills": "has more than 2 files and directories: what comes from skills/c on is missing"
      })
      expect(Fs.readdirSync(inCopy("skills"))).toEqual(["a", "b"])
      expect(Fs.readdirSync(inCopy("agents"))).toEqual(["a"])
      const small = yield* copy({ entries, to: "small", limits: { totalBytes: 30 } })
      expect(reasons(small, home)).toEqual({
        ".claude/skills": "is larger than 30 bytes: what comes from skills/d on is missing"
      })
      expect(small).toMatchObject({ copied: 4, bytes: 34 })
      const exact = yield* copy({ entries, to: "exact", limits: { totalBytes: 40, entries: 4 } })
      expect(exact).toMatchObject({ copied: 5, leftOut: [] })
    }))

  it.scoped("keep the report short, and its count true", () =>
    Effect.gen(function*() {
      const { copy, home, link } = yield* place
      for (let number = 0; number < 5; number += 1) link(`.claude/plugins/${number}`, home)
      const report = yield* copy({ limits: { listed: 2, entries: 4 } })
      expect(report.leftOut.map(({ why }) => why.slice(0, 9))).toEqual(["has more ", "is a link"])
      expect(report.leftOutCount).toBe(5)
      expect(leftOutLine(report)).toMatch(/plugins, which has more than 4 .* and 4 more\.$/)
      expect(leftOutLine({ leftOut: [], leftOutCount: 0 })).toBeUndefined()
    }))
})

describe("a large copy", () => {
  const count = 20_000

  /** Many names of one file in many directories: quick to make, and each is a file of its own in the copy. */
  const large = Effect.gen(function*() {
    const all = yield* place
    all.write("one", "content")
    for (let directory = 0; directory < 200; directory += 1) {
      const path = join(all.from, "plugins", `d${directory}`)
      Fs.mkdirSync(path)
      for (let file = 0; file < count / 200; file += 1) {
        Fs.linkSync(join(all.home, "one"), join(path, `f${file}`))
      }
    }
    return all
  })

  const openFiles = () => Fs.readdirSync("/proc/self/fd").length

  it.scoped("is complete", () =>
    Effect.gen(function*() {
      const { copy, names } = yield* large
      const before = openFiles()
      expect(yield* copy()).toMatchObject({ copied: count + 1, bytes: 7 * count + 6, leftOut: [] })
      expect(names().length).toBe(count + 1 + 200 + 3)
      expect(openFiles()).toBe(before)
    }), 120_000)

  it.scoped(
    "has stopped when its interrupt returns, and closes what it had open",
    () =>
      Effect.gen(function*() {
        const { copy, names } = yield* large
        const before = openFiles()
        const fiber = yield* Effect.fork(copy())
        while (names().length < 500) {
          yield* nextTurn
        }
        yield* Fiber.interrupt(fiber)
        const written = names().length
        expect(written).toBeLessThan(count)
        yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 200)))
        expect(names().length).toBe(written)
        expect(openFiles()).toBe(before)
      }),
    120_000
  )
})
