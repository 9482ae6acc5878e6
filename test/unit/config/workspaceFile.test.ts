import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFileSync, spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import * as Fs from "node:fs"
import { join } from "node:path"
import { swapping } from "../host/support/swapping.ts"
import { type Asked, makeHome, project, user } from "./home.ts"

const makePipe = (path: string) => {
  expect(spawnSync("mkfifo", [path]).status).toBe(0)
}

/** Loads the configuration of a project whose file says `file`, for a user whose own one says `own`. */
const load = (file: string, own = "", asked: Asked = {}) =>
  Effect.gen(function*() {
    const home = yield* makeHome({ [user]: own, [project]: file })
    return yield* home.load(asked)
  })

const hash = (text: string) => createHash("sha256").update(text).digest("hex")

describe("a workspace's own file", () => {
  it.scoped("is in force at once with limits that are lower, and with nothing else", () =>
    Effect.gen(function*() {
      const { from, settings, withheld } = yield* load(
        "[limits]\ncpu = \"0-2\"\nmemory = \"50%\"\nprocesses = 500\ndisk = \"1GiB\"\ntime = \"none\"\n",
        "[limits]\ncpu = 4\nmemory = \"4GiB\"\nprocesses = 100\ntime = \"8h\"\n"
      )
      expect(settings.limits).toMatchObject({
        cpu: "0-2",
        memory: "4GiB",
        processes: 100,
        disk: "1GiB",
        time: "8h",
        ofWorkspace: ["cpu", "disk"],
        byDefault: []
      })
      expect(["limits.cpu", "limits.memory", "limits.processes"].map(from)).toEqual([project, user, user])
      expect(withheld?.requests).toEqual([])
      expect(withheld?.limits).toEqual([
        // Of 16 GiB.
        { key: "limits.memory", asked: "50%", own: "4GiB", reason: "higher" },
        { key: "limits.processes", asked: 500, own: 100, reason: "higher" },
        { key: "limits.time", asked: "none", own: "8h", reason: "higher" }
      ])
    }))

  it.scoped("narrows the network, and does not widen it", () =>
    Effect.gen(function*() {
      const file = (mode: string) => `[network]\nmode = "${mode}"\n`
      const narrowed = yield* load(file("none"))
      expect([narrowed.settings.network.mode, narrowed.from("network.mode")]).toEqual(["none", project])
      const refused = yield* load(file("open"))
      expect(refused.settings.network.mode).toBe("restricted")
      expect(refused.withheld?.limits).toEqual([
        { key: "network.mode", asked: "open", own: "restricted", reason: "higher" }
      ])
      // The control: the user's own word counts.
      expect((yield* load("", file("open"))).settings.network.mode).toBe("open")
      const opening = yield* Effect.flip(load("[network]\nallow = [\"10.0.0.5\"]\n"))
      expect(opening.message).toContain("a workspace's own file may not set it")
    }))

  it.scoped("is told from a user's own file of the same name", () =>
    Effect.gen(function*() {
      const text = (cpu: number) => `[limits]\ncpu = ${cpu}\nmemory = "4GiB"\n`
      const home = yield* makeHome(
        { ".clincus.toml": text(4), [project]: text(2) },
        { CLINCUS_CONFIG: ".clincus.toml" }
      )
      expect((yield* home.load()).settings.limits).toMatchObject({
        cpu: "2",
        memory: "4GiB",
        ofWorkspace: ["cpu"]
      })
      // The control: the user's alone are the user's.
      expect((yield* home.load({ workspace: "." })).settings.limits.ofWorkspace).toEqual([])
    }))

  it.scoped("protects more paths than the user does, and opens none", () =>
    Effect.gen(function*() {
      const own = "[security]\nprotect = [\"mine\"]\nwritable = [\".vscode\"]\n"
      const { settings, withheld } = yield* load("[security]\nprotect = [\"mine\", \"deploy\"]\n", own)
      expect(settings.security).toMatchObject({ protect: ["mine", "deploy"], writable: [".vscode"] })
      expect(withheld).toBe(undefined)
      const refused = yield* Effect.flip(load("[security]\nwritable = [\"deploy\"]\n", own))
      expect(refused.message).toContain("a workspace's own file may not set it")
      for (const path of ["../up", "/etc", "a/../../b", ""]) {
        const wrong = yield* Effect.flip(load(`[security]\nprotect = [${JSON.stringify(path)}]\n`))
        expect(wrong.message).toContain("a path below the workspace")
      }
    }))

  it.scoped("limits a user who has set no limits, but not with what Incus takes for none", () =>
    Effect.gen(function*() {
      const { settings, withheld } = yield* load(
        "[limits]\ncpu = 0\nmemory = \"6GiB\"\nprocesses = \"none\"\n"
      )
      expect(settings.limits).toMatchObject({
        cpu: undefined,
        memory: "6GiB",
        processes: 4096,
        ofWorkspace: ["memory"],
        byDefault: ["processes"]
      })
      expect(withheld?.limits).toEqual([
        { key: "limits.cpu", asked: 0, own: undefined, reason: "unknown" },
        { key: "limits.processes", asked: "none", own: 4096, reason: "higher" }
      ])
      // The control: a user who has opened them may be limited by anything.
      const open = yield* load("[limits]\nmemory = \"80%\"\n", "[limits]\nmemory = \"unlimited\"\n")
      expect(open.settings.limits.memory).toBe("80%")
    }))

  it.scoped("does not change the limits of a profile, lower or not", () =>
    Effect.gen(function*() {
      const { settings, withheld } = yield* load(
        "[limits]\nmemory = \"1GiB\"\nprocesses = 5\n",
        "[profiles.heavy.limits]\nmemory = \"8GiB\"\n",
        { profile: "heavy" }
      )
      expect(settings.limits).toMatchObject({ memory: "8GiB", processes: 5 })
      expect(withheld?.limits).toEqual([
        { key: "limits.memory", asked: "1GiB", own: "8GiB", reason: "profile" }
      ])
    }))

  const asking = "[defaults]\nimage = \"theirs\"\npersistent = true\n[tool]\nname = \"codex\"\n"
  it.scoped("asks for an image, a mode and a tool, and gets none of them", () =>
    Effect.gen(function*() {
      const { from, settings, withheld } = yield* load(asking, "[tool]\nbinary = \"claude-nightly\"\n")
      expect(settings.defaults).toEqual({ image: "clincus", persistent: false })
      expect(settings.tool).toMatchObject({ name: "claude", binary: "claude-nightly" })
      expect(["defaults.image", "defaults.persistent", "tool.name"].map(from)).toEqual([
        "default",
        "default",
        "default"
      ])
      expect(withheld?.sha256).toBe(hash(asking))
      expect(withheld?.requests).toEqual([
        { key: "defaults.image", asked: "theirs", own: "clincus", unasked: false },
        { key: "defaults.persistent", asked: true, own: false, unasked: false },
        { key: "tool.name", asked: "codex", own: "claude", unasked: false }
      ])
      // As they are after a yes, of the same bytes.
      expect(withheld?.granted.defaults).toEqual({ image: "theirs", persistent: true })
      expect(withheld?.granted.tool).toMatchObject({ name: "codex", binary: undefined })
    }))

  it.scoped("asks for nothing that the user has already", () =>
    Effect.gen(function*() {
      const own = "[defaults]\nimage = \"theirs\"\npersistent = true\n"
      const { settings, withheld } = yield* load(`${own}[tool]\nname = "claude"\n`, own)
      expect(settings.defaults).toEqual({ image: "theirs", persistent: true })
      expect(withheld).toBeUndefined()
    }))

  it.scoped("need not ask where a profile or the command line says it", () =>
    Effect.gen(function*() {
      const profiled = yield* load(
        asking,
        "[profiles.p.defaults]\nimage = \"mine\"\npersistent = false\n[profiles.p.tool]\nname = \"aider\"\n",
        { profile: "p" }
      )
      expect(profiled.withheld).toBeUndefined()
      expect(profiled.settings).toMatchObject({
        defaults: { image: "mine", persistent: false },
        tool: { name: "aider" }
      })
      const half = yield* load(asking, "[profiles.p.defaults]\nimage = \"mine\"\n", {
        profile: "p",
        decided: ["tool.name"]
      })
      expect(half.withheld?.requests.map(({ key }) => key)).toEqual(["defaults.persistent"])
      expect(half.withheld?.granted).toMatchObject({
        defaults: { image: "mine", persistent: true },
        tool: { name: "claude" }
      })
    }))

  for (
    const [own, unasked] of [
      ["[tool.claude]\npermission = \"ask\"\n", true],
      ["[profiles.p.tool.claude]\npermission = \"ask\"\n", true],
      ["[tool.claude]\npermission = \"ask\"\n[tool.codex]\npermission = \"bypass\"\n", true],
      ["[tool.claude]\npermission = \"ask\"\n[tool.codex]\npermission = \"ask\"\n", false],
      ["[tool.claude]\npermission = \"bypass\"\n", false],
      ["", false]
    ] as const
  ) {
    it.scoped(`a tool that acts without asking is told apart: ${JSON.stringify(own)}`, () =>
      Effect.gen(function*() {
        const { withheld } = yield* load(
          "[tool]\nname = \"codex\"\n",
          `${own}[profiles.p.session]\n`,
          { profile: "p" }
        )
        expect(withheld?.requests).toEqual([{ key: "tool.name", asked: "codex", own: "claude", unasked }])
      }))
  }
})

describe("a workspace's own file that says too much", () => {
  for (
    const [name, text, message] of [
      [
        "a name",
        `[defaults]\nimage = "${"x".repeat(101)}"\n`,
        `defaults.image has to be a text in quotes of 1 to 100 characters, not "${"x".repeat(40)}…"`
      ],
      [
        "a limit",
        `[limits]\nmemory = "${"1".repeat(101)}"\n`,
        `limits.memory has to be a text in quotes of 1 to 100 characters, not "${"1".repeat(40)}…"`
      ],
      [
        "a key",
        `${"k".repeat(100_000)} = 1\n`,
        `unknown key '${"k".repeat(200)}…': a workspace's own file may not set it`
      ],
      [
        "a value",
        `[defaults]\npersistent = "${"x".repeat(100_000)}"\n`,
        `defaults.persistent has to be true or false, not "${"x".repeat(40)}…"`
      ]
    ] as const
  ) {
    it.scoped(`is refused without repeating all of it: ${name}`, () =>
      Effect.gen(function*() {
        const { message: said } = yield* Effect.flip(load(text))
        expect(said.replace(/^.*?\.clincus\.toml:(\d+:\d+:)? /, "")).toBe(message)
      }))
  }
})

describe("in the place of a workspace's own file", () => {
  const cases: Readonly<Record<string, readonly [make: (path: string) => void, reason: string]>> = {
    "a link": [(path) => Fs.symlinkSync("README", path), "a symbolic link, which is not followed here"],
    "a link to nowhere": [
      (path) => Fs.symlinkSync("/nowhere", path),
      "a symbolic link, which is not followed here"
    ],
    "a named pipe": [makePipe, "a named pipe, not a file"],
    "a directory": [(path) => Fs.mkdirSync(path), "a directory, not a file"],
    "2 MiB": [(path) => Fs.writeFileSync(path, "#".repeat(2 * 1024 * 1024)), "larger than 1 MiB"],
    "a program": [(path) => Fs.copyFileSync("/bin/true", path), "not text in UTF-8"]
  }
  for (const [name, [make, reason]] of Object.entries(cases)) {
    it.live(`${name} is refused at once, by its name`, () =>
      Effect.scoped(Effect.gen(function*() {
        const home = yield* makeHome({})
        // Without a file all is well.
        expect((yield* home.load()).withheld).toBeUndefined()
        make(join(home.path, project))
        const error = yield* Effect.flip(home.load()).pipe(Effect.timeout("3 seconds"))
        expect(error.message).toBe(`${join(home.path, project)}: ${reason}`)
        expect(error.hint).toMatch(
          /^(Put a plain file in its place|A configuration is a short text: mend the file), or remove it\.$/
        )
      })))
  }

  it.live("a user's own file may be a link, and no pipe", () =>
    Effect.scoped(Effect.gen(function*() {
      const home = yield* makeHome({ "dotfiles/clincus.toml": "[tool]\nname = \"aider\"\n" })
      const own = join(home.path, user)
      Fs.mkdirSync(join(home.path, ".config/clincus"), { recursive: true })
      Fs.symlinkSync(join(home.path, "dotfiles/clincus.toml"), own)
      expect((yield* home.load()).settings.tool.name).toBe("aider")
      Fs.rmSync(own)
      makePipe(own)
      const error = yield* Effect.flip(home.load()).pipe(Effect.timeout("3 seconds"))
      expect(error.message).toBe(`${own}: a named pipe, not a file`)
    })))

  it.live("a file that becomes a pipe and a file again never makes it wait", () =>
    Effect.scoped(Effect.gen(function*() {
      const home = yield* makeHome({ [project]: "[limits]\ncpu = 1\n", "plain": "[limits]\ncpu = 1\n" })
      const pipe = join(home.path, "pipe")
      execFileSync("mkfifo", [pipe])
      const plain = join(home.path, "plain")
      yield* swapping(
        { pipe, plain, next: join(home.path, "next"), file: join(home.path, project) },
        `
        fs.linkSync(pipe, next)
        fs.renameSync(next, file)
        fs.linkSync(plain, next)
        fs.renameSync(next, file)`
      )
      const seen = new Map<string, number>()
      const whats = ["a named pipe, not a file", "cpu 1"]
      const guard = Date.now() + 20_000
      while (whats.some((what) => (seen.get(what) ?? 0) < 50) && Date.now() < guard) {
        const what = yield* home.load().pipe(
          Effect.match({
            onFailure: (error) => error.message.replace(/^.*: /, ""),
            onSuccess: ({ settings }) => `cpu ${settings.limits.cpu}`
          }),
          Effect.timeout("3 seconds")
        )
        seen.set(what, (seen.get(what) ?? 0) + 1)
      }
      expect([...seen.keys()].toSorted()).toEqual(whats)
    })))
})
