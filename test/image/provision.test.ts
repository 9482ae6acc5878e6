import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { fileScript, scriptOf, steps } from "../../src/image/provision.ts"

const bash = (script: string, ...options: ReadonlyArray<string>) =>
  spawnSync("bash", [...options, "-s"], { input: script, encoding: "utf8" })

describe("scriptOf", () => {
  it("hands variables over whatever is in them", () => {
    const value = "it's \"$HOME\" `id` \\ %s\nsecond line"
    const { stdout } = bash(scriptOf("printf '%s' \"$http_proxy\"", { http_proxy: value }))
    expect(stdout).toBe(value)
  })

  it("ends at the first error, with its status", () => {
    const { status, stdout } = bash(scriptOf("echo one\n(exit 7)\necho two", {}))
    expect([status, stdout]).toEqual([7, "one\n"])
  })

  it("gives commands no input to take the script's rest from", () => {
    const { stdout } = bash(scriptOf("cat\necho after", {}))
    expect(stdout).toBe("after\n")
  })
})

describe("fileScript", () => {
  let directory = ""
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "clincus-test-"))
  })
  afterAll(() => rmSync(directory, { recursive: true, force: true }))

  it("writes bytes as they are, to a path with anything in it", () => {
    const path = join(directory, "it's new", "a $file")
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index)
    expect(bash(scriptOf(fileScript(path, bytes), {})).status).toBe(0)
    expect(new Uint8Array(readFileSync(path))).toEqual(bytes)
  })
})

describe("steps", () => {
  it.each(Object.entries(steps))("%s is bash", (_, { script }) => {
    const { status, stderr } = bash(scriptOf(script, {}), "-n")
    expect([status, stderr]).toEqual([0, ""])
  })
})
