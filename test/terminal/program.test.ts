import { afterAll, beforeAll, describe, expect, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import manifest from "../../package.json" with { type: "json" }

const { version } = manifest
const directory = mkdtempSync(join(tmpdir(), "clincus-program-"))
const home = join(directory, "home")
const cache = join(home, ".cache", "clincus")
const program = join(directory, "clincus")

beforeAll(() => {
  mkdirSync(home)
  copyFileSync("dist/clincus", program)
  chmodSync(program, 0o755)
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const run = (...argv: ReadonlyArray<string>) => {
  const { status, stderr, stdout } = spawnSync(program, argv, {
    encoding: "utf8",
    input: "",
    timeout: 20_000,
    env: { PATH: process.env["PATH"], HOME: home },
    cwd: directory
  })
  return { status, stdout, stderr }
}

describe("dist/clincus, copied alone to another place", () => {
  it("prints its version", () => {
    expect(run("version")).toEqual({ status: 0, stdout: `clincus ${version}\n`, stderr: "" })
    expect(run("--version")).toEqual({ status: 0, stdout: `clincus ${version}\n`, stderr: "" })
    expect(JSON.parse(run("version", "--format", "json").stdout)).toEqual({
      clincus: version,
      node: process.versions.node
    })
  })

  it("prints help to stdout, the same for each way of asking", () => {
    const help = run("--help")
    expect(help).toMatchObject({ status: 0, stderr: "" })
    expect(help.stdout).toContain("Usage:\n  clincus COMMAND\n")
    expect(help.stdout).not.toContain("\u001b")
    expect([run(), run("help"), run("-h")]).toEqual([help, help, help])
    expect(run("help", "version")).toEqual(run("version", "--help"))
  })

  it("refuses what it does not understand: one message on stderr, status 2", () => {
    expect(run("vesion")).toEqual({
      status: 2,
      stdout: "",
      stderr: "clincus: unknown command 'vesion'. Did you mean 'version'?\nSee 'clincus --help'.\n"
    })
    expect(run("version", "--fromat", "json")).toEqual({
      status: 2,
      stdout: "",
      stderr:
        "clincus: unknown option '--fromat' of 'clincus version'. Did you mean '--format'?\nSee 'clincus version --help'.\n"
    })
    expect(run("version", "--format")).toEqual({
      status: 2,
      stdout: "",
      stderr: "clincus: option '--format' needs a value: --format=text|json\nSee 'clincus version --help'.\n"
    })
  })
})

describe("what V8 made of the program", () => {
  const files = () => readdirSync(cache).map((name) => join(cache, name))

  it("is kept, for this user alone", () => {
    rmSync(cache, { recursive: true, force: true })
    run("version")
    const [file = "", ...others] = files()
    expect(others).toEqual([])
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(statSync(cache).mode & 0o777).toBe(0o700)
    const written = statSync(file).mtimeMs
    expect(run("version").stdout).toBe(`clincus ${version}\n`)
    expect(statSync(file).mtimeMs).toBe(written)
  })

  it("of another version goes away", () => {
    const [file = ""] = files()
    const old = join(cache, `0123456789abcdef${file.slice(file.lastIndexOf("/") + 17)}`)
    writeFileSync(old, "")
    rmSync(file)
    run("version")
    expect(files()).toEqual([file])
  })

  it("is not trusted when others can write it or it is damaged, but made anew", () => {
    const [file = ""] = files()
    chmodSync(file, 0o666)
    expect(run("version").stdout).toBe(`clincus ${version}\n`)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    writeFileSync(file, "half a file", { mode: 0o600 })
    expect(run("version").stdout).toBe(`clincus ${version}\n`)
    expect(statSync(file).size).toBeGreaterThan(100_000)
  })

  it("has what each command needs that has been run, and is left alone by those that have", () => {
    rmSync(cache, { recursive: true, force: true })
    const sizes = [["version"], ["version"], ["--help"], ["version"], ["completion", "bash"], [
      "completion",
      "zsh"
    ]]
      .map((argv) => {
        expect(run(...argv).status).toBe(0)
        return statSync(files()[0] ?? "").size
      })
    const [version, again, help, still, completion, other] = sizes
    expect([again, still, other]).toEqual([version, help, completion])
    expect(help).toBeGreaterThan(version ?? 0)
    expect(completion).toBeGreaterThan(help ?? 0)
    expect(files()).toHaveLength(1)
  })

  it("is done without where there is no place for it", () => {
    const { status, stdout } = spawnSync(program, ["version"], {
      encoding: "utf8",
      timeout: 20_000,
      env: { PATH: process.env["PATH"], HOME: "/proc/none" }
    })
    expect({ status, stdout }).toEqual({ status: 0, stdout: `clincus ${version}\n` })
  })
})

describe("completion", () => {
  /** What bash offers when Tab is pressed at the end of this line. */
  const tab = (line: string) =>
    spawnSync("bash", [
      "--norc",
      "-c",
      `
      source <(clincus completion bash)
      compopt() { :; }
      COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
      _clincus
      printf '%s\\n' "\${COMPREPLY[@]}"`,
      "bash",
      ...line.split(/(?<=\S)\s+|(=)/).filter((word) => word !== undefined)
    ], {
      encoding: "utf8",
      env: { PATH: `${directory}:${process.env["PATH"]}`, HOME: home },
      cwd: directory
    }).stdout.split("\n").slice(0, -1)

  it("offers commands, options and values in bash", () => {
    expect(tab("clincus vers")).toEqual(["version"])
    expect(tab("clincus completion ")).toEqual(["bash", "zsh", "fish"])
    expect(tab("clincus version --f")).toEqual(["--format"])
    expect(tab("clincus version --format j")).toEqual(["json"])
    expect(tab("clincus version --format=j")).toEqual(["json"])
    expect(tab("clincus version --format=")).toEqual(["text", "json"])
  })

  it("says nothing about a line that makes no sense", () => {
    expect(run("__complete", "--", "bogus", "--worse", "")).toEqual({ status: 0, stdout: "", stderr: "" })
  })
})
