import { describe, expect } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import { join } from "node:path"
import { IncusService } from "../../src/incus/IncusService.ts"
import * as Library from "../daemon/support/library.ts"
import { containers, untilScreen, untilStatus } from "../daemon/support/look.ts"
import { background, clincus, json, run, succeeds } from "../daemon/support/program.ts"
import { openTerminal } from "../daemon/support/terminal.ts"
import { image, World } from "../daemon/support/World.ts"

const persistent = "[defaults]\npersistent = true\n"
const hash = expect.stringMatching(/^[0-9a-f]{64}$/)

/** Nothing was made, neither a container nor a saved session. */
const nothingMade = Effect.gen(function*() {
  const { saved } = yield* World
  expect(yield* containers).toEqual({})
  expect(Fs.existsSync(saved) ? Fs.readdirSync(saved).filter((name) => name !== "trusted.json") : [])
    .toEqual([])
})

describe("a workspace's own file, without a terminal", () => {
  Library.test("gets nothing that is not granted; a grant holds until the file changes", () =>
    Effect.gen(function*() {
      const { workspace } = yield* World
      const directory = workspace({ config: persistent })
      const file = join(directory, ".clincus.toml")
      const refused = {
        status: 1,
        stdout: "",
        stderr: `clincus: ${file} asks for what you have not granted:\n`
          + "  defaults.persistent = true  (yours: false)\n"
          + `Run 'clincus trust ${directory}' to grant it, or choose yourself with --persistent or --ephemeral.\n`
      }
      expect(yield* clincus("shell", "--background", directory)).toEqual(refused)
      expect(yield* clincus("shell", "--background", "--format", "json", directory)).toEqual(refused)
      yield* nothingMade

      // Granting is a question as well.
      expect(yield* clincus("trust", directory)).toEqual({
        status: 2,
        stdout: "",
        stderr: `${file} asks for:\n  defaults.persistent = true  (yours: false)\n`
          + "clincus: cannot ask without a terminal: Grant this to the file as it is now?\n"
          + `Answer on the command line: clincus trust ${directory} --yes\nSee 'clincus trust --help'.\n`
      })
      expect(yield* json("trust", directory, "--yes")).toEqual({
        granted: true,
        workspace: directory,
        file,
        sha256: hash,
        requests: [{ key: "defaults.persistent", asked: true, own: false, without_asking: false }]
      })
      const session = yield* background(directory)
      expect(session.persistent).toBe(true)
      yield* succeeds("kill", "--all", "--force")

      Fs.appendFileSync(file, "# Harmless.\n")
      expect(yield* clincus("shell", "--background", directory)).toEqual(refused)
      expect(yield* containers).toEqual({})
    }))

  Library.test("is not asked where options choose, nor when a session goes on that has its own", () =>
    Effect.gen(function*() {
      const { workspace } = yield* World
      const directory = workspace({
        config: `${persistent}image = "no-such-image"\n[tool]\nname = "claude"\n`
      })
      const refused = yield* clincus("shell", "--background", "--image", image, directory)
      expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining("--tool.") })
      expect(refused.stderr).not.toContain("no-such-image")
      const options = ["--image", image, "--tool", "fake", "--ephemeral"]
      const one = yield* background(directory, ...options)
      expect(one).toMatchObject({ tool: "fake", persistent: false })
      yield* untilScreen(one.container, "fake>")
      yield* succeeds("shutdown", one.container)
      yield* untilStatus(one.container, "Gone")
      const again = yield* background(directory, `--resume=${one.session}`)
      expect(again).toMatchObject({ session: one.session, tool: "fake", persistent: false })
      yield* succeeds("kill", again.container)
      expect(yield* json("trust", "--list")).toEqual({ granted: [] })
    }))

  Library.test("names a tool that would act without asking, and limits that are not taken", () =>
    Effect.gen(function*() {
      const { configuration, configure, workspace } = yield* World
      yield* configure(
        `${configuration}permission = "ask"\n[limits]\nmemory = "300MiB"\nprocesses = 900\n`
      )
      const directory = workspace({
        config: "[tool]\nname = \"codex\"\n[limits]\nmemory = \"4GiB\"\nprocesses = 800\n"
      })
      const file = join(directory, ".clincus.toml")
      const note = `Note: ${file}: limits.memory = "4GiB" is not in force: yours, "300MiB", is lower.\n`
      const request =
        "tool.name = \"codex\"  (yours: \"fake\"; and codex acts without asking, which you have not allowed for fake)"
      expect((yield* clincus("shell", "--background", directory)).stderr).toBe(
        `${note}clincus: ${file} asks for what you have not granted:\n  ${request}\n`
          + `Run 'clincus trust ${directory}' to grant it, or choose yourself with --tool.\n`
      )
      expect((yield* clincus("config", "-w", directory)).stderr).toBe(
        `${note}Note: ${file}: not in force until it is granted: ${request}.\n`
      )
      expect(yield* json("config", "-w", directory)).toMatchObject({
        "tool.name": { value: "fake" },
        "limits.processes": { value: 800, source: file },
        not_in_force: {
          source: file,
          value: {
            requests: [{ key: "tool.name", asked: "codex", own: "fake", without_asking: true }],
            limits: [{ key: "limits.memory", asked: "4GiB", own: "300MiB", reason: "higher" }]
          }
        }
      })
      const { instances } = yield* IncusService
      const { container } = yield* background(directory, "--tool", "fake")
      expect((yield* instances.get(container)).config).toMatchObject({
        "limits.memory": "300MiB",
        "limits.processes": "800"
      })
      yield* succeeds("kill", container)
    }))

  Library.test("a pipe or a link in its place ends it at once", () =>
    Effect.gen(function*() {
      const { workspace } = yield* World
      const directory = workspace()
      const file = join(directory, ".clincus.toml")
      const hint = "Put a plain file in its place, or remove it.\n"
      for (const args of [["config", "-w", directory], ["shell", "--background", directory]]) {
        expect(spawnSync("mkfifo", [file]).status).toBe(0)
        expect(yield* clincus(...args).pipe(Effect.timeout("20 seconds"))).toEqual({
          status: 1,
          stdout: "",
          stderr: `clincus: ${file}: a named pipe, not a file\n${hint}`
        })
        Fs.rmSync(file)
        Fs.symlinkSync("/etc/hostname", file)
        expect(yield* clincus(...args)).toEqual({
          status: 1,
          stdout: "",
          stderr: `clincus: ${file}: a symbolic link, which is not followed here\n${hint}`
        })
        Fs.rmSync(file)
      }
      yield* nothingMade
    }))
})

describe("clincus trust and untrust", () => {
  Library.test("grant, list and take back; a directory that is gone, too", () =>
    Effect.gen(function*() {
      const { workspace } = yield* World
      const [one, two, plain] = [
        workspace({ config: persistent }),
        workspace({ config: persistent }),
        workspace()
      ]
      expect(yield* json("trust", plain)).toEqual({ granted: false, workspace: plain, requests: [] })
      expect(yield* succeeds("trust", plain)).toContain("Nothing to grant")
      expect(yield* succeeds("trust", "--list")).toBe("Nothing is granted.\n")
      expect(yield* succeeds("untrust", one)).toBe(`Nothing was granted to ${one}.\n`)
      yield* succeeds("trust", one, "--yes")
      // The current directory's.
      expect((yield* run(["trust", "-y"], { directory: two })).status).toBe(0)
      const grant = (workspace: string) => ({
        workspace,
        sha256: hash,
        keys: ["defaults.persistent"],
        granted_at: expect.stringMatching(/Z$/)
      })
      expect(yield* json("trust", "--list")).toEqual({ granted: [grant(one), grant(two)] })
      expect(yield* json("trust", "--list", two)).toEqual({ granted: [grant(two)] })
      expect(yield* succeeds("trust", "--list")).toMatch(/^\S+ +defaults\.persistent +[0-9a-f]{12} +\d{4}-/m)
      expect(yield* json("trust", one)).toEqual({ granted: false, workspace: one, requests: [] })
      Fs.rmSync(one, { recursive: true })
      expect(yield* json("trust", "--list", one)).toEqual({ granted: [grant(one)] })
      expect(yield* json("untrust", one)).toEqual({ revoked: [grant(one)] })
      expect(yield* json("untrust", "--all")).toEqual({ revoked: [grant(two)] })
      expect(yield* json("trust", "--list")).toEqual({ granted: [] })
      expect(yield* clincus("untrust", "--all", two)).toMatchObject({ status: 2 })
      expect(yield* clincus("trust", "--list", "--yes")).toMatchObject({ status: 2 })
    }))
})

describe("a workspace's own file, in a terminal", () => {
  Library.test("is asked about once; a no starts nothing, a yes is remembered", () =>
    Effect.gen(function*() {
      const { workspace } = yield* World
      const directory = workspace({ config: persistent })
      const file = join(directory, ".clincus.toml")
      const terminal = yield* openTerminal({ directory, columns: 200 })
      const question = [
        `${file} asks for:`,
        "  defaults.persistent = true  (yours: false)",
        "Start with this, and grant it to the file as it is now? [y/N]"
      ].join("\n")
      const start = "clincus shell; echo status=$?"

      yield* terminal.line(start)
      yield* terminal.shows(question)
      yield* terminal.line("n")
      expect(yield* terminal.status).toBe(1)
      yield* terminal.shows(
        `Nothing was started. Choose yourself with --persistent or --ephemeral, or edit ${file}.`
      )
      yield* nothingMade
      yield* terminal.clear

      // Ctrl-C is no yes either.
      yield* terminal.line(start)
      yield* terminal.shows(question)
      yield* terminal.keys("C-c")
      expect(yield* terminal.status).toBe(130)
      yield* nothingMade
      yield* terminal.clear

      yield* terminal.line(start)
      yield* terminal.shows(question)
      yield* terminal.line("y")
      yield* terminal.shows("fake start ready")
      yield* terminal.line("exit 0")
      expect(yield* terminal.status).toBe(0)
      // It was made as the file asks for.
      expect(Object.values(yield* containers)).toEqual(["Stopped"])
      yield* terminal.clear

      yield* terminal.line(start)
      yield* terminal.shows("fake start ready")
      yield* terminal.line("exit 0")
      expect(yield* terminal.status).toBe(0)
      expect(yield* terminal.screen).not.toContain("asks for")
      yield* terminal.clear

      Fs.appendFileSync(file, "\n")
      yield* terminal.line("clincus shell --background; echo status=$?")
      yield* terminal.shows(question)
      yield* terminal.line("")
      expect(yield* terminal.status).toBe(1)
      expect(Object.values(yield* containers)).toEqual(["Stopped"])
    }))

  Library.test("what it asks for is what was shown, even if it changes before the answer", () =>
    Effect.gen(function*() {
      const { workspace } = yield* World
      const directory = workspace({ config: persistent })
      const file = join(directory, ".clincus.toml")
      const terminal = yield* openTerminal({ directory, columns: 200 })
      yield* terminal.line("clincus shell --background; echo status=$?")
      yield* terminal.shows("grant it to the file as it is now? [y/N]")
      Fs.writeFileSync(file, `${persistent}image = "no-such-image"\n`)
      yield* terminal.line("y")
      expect(yield* terminal.status).toBe(0)
      yield* succeeds("kill", "--all", "--force")
      expect(yield* clincus("shell", "--background", directory)).toMatchObject({
        status: 1,
        stderr: expect.stringContaining("defaults.image = \"no-such-image\"")
      })
    }))
})
