import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { fileScript, scriptOf } from "../../../src/guest/buildScript.ts"
import { steps } from "../../../src/guest/imageProvision.ts"

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

describe("registry_package", () => {
  const packaged = (integrity: string, variables: Record<string, string>) => {
    const directory = mkdtempSync(join(tmpdir(), "clincus-test-"))
    try {
      const body = `
cd '${directory}'
export TMPDIR=$PWD
mkdir package
echo content > package/file
tar -czf it.tgz package
digest=sha512-$(openssl dgst -sha512 -binary it.tgz | base64 -w0)
# What a registry says, and the package itself; jq finds the three facts in it.
curl() {
  case $* in
    *-o*) cp it.tgz "$5" ;;
    *) echo "${integrity}" ;;
  esac
}
jq() {
  local about
  about=$(cat)
  case $* in
    *integrity*) case $about in right) echo "$digest" ;; wrong) echo sha512-other ;; esac ;;
    *) echo "$about" ;;
  esac
}
registry_package some latest unpacked
cat unpacked/file`
      return bash(scriptOf(body, { REGISTRY: "http://registry", ...variables }))
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  }

  it("takes what is as the registry says, and nothing else", () => {
    expect(packaged("right", {})).toMatchObject({ status: 0, stdout: expect.stringContaining("content") })
    const wrong = packaged("wrong", { INSECURE_BASE: "yes" })
    expect(wrong).toMatchObject({ status: 1, stderr: expect.stringContaining("but what came is sha512-") })
    expect(wrong.stdout).not.toContain("content")
  })

  it("takes what cannot be checked only where that is asked for", () => {
    const refused = packaged("none", {})
    expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining("--insecure-base") })
    expect(refused.stdout).not.toContain("content")
    expect(packaged("none", { INSECURE_BASE: "yes" })).toMatchObject({
      status: 0,
      stdout: expect.stringContaining("content"),
      stderr: expect.stringContaining("unchecked")
    })
  })
})

describe("steps", () => {
  it.each(Object.entries(steps))("%s is bash", (_, { script }) => {
    const { status, stderr } = bash(scriptOf(script, {}), "-n")
    expect([status, stderr]).toEqual([0, ""])
  })
})
