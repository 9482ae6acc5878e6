import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as State from "../../src/session/StateDirectory.ts"

const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }

/** A state directory and, beside it, what nobody may touch. */
const place = Effect.acquireRelease(
  Effect.sync(() => {
    const base = Fs.mkdtempSync(join(tmpdir(), "clincus-state-"))
    const [root, outside] = [join(base, "state"), join(base, "outside")]
    Fs.mkdirSync(root)
    Fs.mkdirSync(join(outside, "deep"), { recursive: true })
    Fs.writeFileSync(join(outside, "file"), "theirs")
    Fs.writeFileSync(join(outside, "deep", "file"), "theirs")
    const intact = () =>
      Fs.readFileSync(join(outside, "file"), "utf8") === "theirs"
      && Fs.readFileSync(join(outside, "deep", "file"), "utf8") === "theirs"
      && Fs.readdirSync(outside, { recursive: true }).length === 3
    return { base, root, outside, intact }
  }),
  ({ base }) => Effect.sync(() => Fs.rmSync(base, { recursive: true, force: true }))
)

describe("a directory that a container wrote", () => {
  it.scoped("is written to, read and emptied", () =>
    Effect.gen(function*() {
      const { root } = yield* place
      yield* State.write(root, "a/b/file", "text", owner)
      expect(yield* State.read(root, "a/b/file", 100)).toBe("text")
      expect(yield* State.isFile(root, "a/b/file")).toBe(true)
      expect(yield* State.isFile(root, "a/b")).toBe(false)
      expect(Fs.statSync(join(root, "a/b/file")).mode & 0o777).toBe(0o600)
      expect(Fs.statSync(join(root, "a")).mode & 0o777).toBe(0o700)
      expect(yield* State.size(root, 10)).toEqual({ bytes: 4, complete: true })
      expect(yield* State.size(root, 2)).toEqual({ bytes: 0, complete: false })
      yield* State.remove(root, "a")
      yield* State.remove(root, "not/there")
      expect(Fs.readdirSync(root)).toEqual([])
    }))

  it.scoped("has its links replaced, never followed", () =>
    Effect.gen(function*() {
      const { intact, outside, root } = yield* place
      Fs.symlinkSync(join(outside, "file"), join(root, "link"))
      Fs.symlinkSync(outside, join(root, "directory"))
      expect(yield* State.read(root, "link", 100)).toBeUndefined()
      expect(yield* State.read(root, "directory/file", 100)).toBeUndefined()
      expect(yield* State.isFile(root, "link")).toBe(false)
      expect(yield* State.isFile(root, "directory/file")).toBe(false)
      expect(yield* State.size(root, 100)).toEqual({ bytes: 0, complete: true })
      yield* State.remove(root, "directory/deep")
      expect(intact()).toBe(true)
      yield* State.write(root, "link", "ours", owner)
      yield* State.write(root, "directory/deep/file", "ours", owner)
      expect(intact()).toBe(true)
      expect(Fs.lstatSync(join(root, "link")).isFile()).toBe(true)
      expect(Fs.lstatSync(join(root, "directory")).isDirectory()).toBe(true)
      Fs.symlinkSync(outside, join(root, "other"))
      yield* State.makeDirectory(root, "other/new", owner)
      Fs.symlinkSync(outside, join(root, "gone"))
      yield* State.remove(root, "gone")
      expect(Fs.existsSync(join(root, "gone"))).toBe(false)
      expect(intact()).toBe(true)
    }))

  it.scoped("cannot hold a reader up, nor fill its memory", () =>
    Effect.gen(function*() {
      const { root } = yield* place
      spawnSync("mkfifo", [join(root, "pipe")])
      Fs.writeFileSync(join(root, "large"), "")
      Fs.truncateSync(join(root, "large"), 2 ** 40)
      Fs.mkdirSync(join(root, "directory"))
      for (const name of ["pipe", "large", "directory", "missing"]) {
        expect(yield* State.read(root, name, 1000)).toBeUndefined()
      }
      yield* State.write(root, "pipe", "text", owner)
      yield* State.write(root, "directory", "text", owner)
      expect(yield* State.read(root, "pipe", 4)).toBe("text")
      expect(yield* State.read(root, "directory", 3)).toBeUndefined()
    }))
})
