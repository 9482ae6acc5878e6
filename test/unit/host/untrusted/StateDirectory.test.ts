import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { spawnSync } from "node:child_process"
import FsDefault, * as Fs from "node:fs"
import { syncBuiltinESMExports } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as State from "../../../../src/host/untrusted/StateDirectory.ts"
import { swapping } from "../support/swapping.ts"

const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }

/** A user who is not root, where the tests run as root. */
const user = process.getuid?.() === 0 ? { uid: 1000, gid: 1000 } : owner

/** Runs an effect with the rights of that user. */
const asUser = <A, E>(effect: Effect.Effect<A, E>) =>
  process.getuid?.() !== 0 ? effect : Effect.acquireUseRelease(
    Effect.sync(() => process.seteuid?.(user.uid)),
    () => effect,
    () => Effect.sync(() => process.seteuid?.(0))
  )

/** A state directory and, beside it, what nobody may touch. */
const place = Effect.acquireRelease(
  Effect.sync(() => {
    const base = Fs.mkdtempSync(join(tmpdir(), "clincus-state-"))
    Fs.chmodSync(base, 0o755)
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

/** Notes what Node's own functions, which are called directly here, do to the disk. */
const watched = (steps: Array<string>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const { fsync, renameSync } = FsDefault
      FsDefault.fsync = Object.assign((file: number, done: Fs.NoParamCallback) => {
        steps.push(`sync ${Fs.fstatSync(file).isDirectory() ? "directory" : "file"}`)
        fsync(file, done)
      }, fsync)
      FsDefault.renameSync = (from, to) => {
        steps.push("rename")
        renameSync(from, to)
      }
      syncBuiltinESMExports()
      return { fsync, renameSync }
    }),
    (real) =>
      Effect.sync(() => {
        Object.assign(FsDefault, real)
        syncBuiltinESMExports()
      })
  )

describe("a directory that a container wrote", () => {
  it.scoped("is written to, read and emptied", () =>
    Effect.gen(function*() {
      const { root } = yield* place
      yield* State.write(root, "a/b/file", "text", owner)
      expect(yield* State.read(root, "a/b/file", 100)).toBe("text")
      expect(yield* State.read(root, "a/b", 100)).toBeUndefined()
      expect(Fs.statSync(join(root, "a/b/file")).mode & 0o777).toBe(0o600)
      expect(Fs.statSync(join(root, "a")).mode & 0o777).toBe(0o700)
      expect(yield* State.size(root, 10)).toEqual({ bytes: 4, complete: true })
      expect(yield* State.size(root, 2)).toEqual({ bytes: 0, complete: false })
      expect(yield* State.find(root, "a", { most: 10, deep: 1 })).toMatchObject({
        files: [{ path: "b/file", size: 4 }],
        complete: true
      })
      expect(yield* State.find(root, "a", { most: 10, deep: 0 })).toEqual({
        files: [],
        complete: true,
        deeper: true
      })
      yield* State.remove(root, "a")
      yield* State.remove(root, "not/there")
      expect(Fs.readdirSync(root)).toEqual([])
    }))

  it.scoped("has a file whole and on the disk before it has its name", () =>
    Effect.gen(function*() {
      const { root } = yield* place
      const steps: Array<string> = []
      yield* watched(steps)
      yield* State.write(root, "a/file", "text", owner)
      expect(steps.splice(0)).toEqual(["sync file", "rename"])
      yield* State.keep(root, "a")
      yield* State.keep(root, ".")
      expect(steps.splice(0)).toEqual(["sync directory", "sync directory"])
      yield* State.keep(root, "not/there")
      Fs.symlinkSync("a", join(root, "link"))
      yield* State.keep(root, "link")
      expect(steps).toEqual([])
      expect((yield* Effect.flip(State.keep(root, "../outside")))._tag).toBe("StateError")
      expect(Fs.readdirSync(join(root, "a"))).toEqual(["file"])
    }))

  it.scoped("has its links replaced, never followed", () =>
    Effect.gen(function*() {
      const { intact, outside, root } = yield* place
      Fs.symlinkSync(join(outside, "file"), join(root, "link"))
      Fs.symlinkSync(outside, join(root, "directory"))
      expect(yield* State.read(root, "link", 100)).toBeUndefined()
      expect(yield* State.read(root, "directory/file", 100)).toBeUndefined()
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

  it.scoped("is not left by a path, whichever way it is written", () =>
    Effect.gen(function*() {
      const { intact, root } = yield* place
      const long = "x".repeat(256)
      for (
        const path of [
          "../outside/file",
          "a/../../outside/file",
          "/etc/passwd",
          "",
          ".",
          "..",
          "a//b",
          "a\0b",
          long
        ]
      ) {
        const failures = yield* Effect.all([
          Effect.flip(State.write(root, path, "ours", owner)),
          Effect.flip(State.makeDirectory(root, path, owner)),
          Effect.flip(State.remove(root, path))
        ])
        expect(failures.map(({ _tag }) => _tag)).toEqual(["StateError", "StateError", "StateError"])
        expect(yield* State.read(root, path, 100)).toBeUndefined()
      }
      expect(Fs.readdirSync(root)).toEqual([])
      expect(intact()).toBe(true)
      // Names that only look dangerous are names.
      for (const path of ["...", "..a", " ", "-rf", "a b/\n"]) {
        yield* State.write(root, path, "text", owner)
        expect(yield* State.read(root, path, 100)).toBe("text")
        yield* State.remove(root, path)
        expect(yield* State.exists(root, path)).toBe(false)
      }
    }))

  it.scoped("is emptied whatever is in it: modes, depth, names that are no text", () =>
    Effect.gen(function*() {
      const { root } = yield* place
      Fs.chownSync(root, user.uid, user.gid)
      const make =
        `cd '${root}' && mkdir -p kept/victim && cd kept/victim && mkdir locked && touch locked/file &&
        chmod 000 locked && mkdir "$(printf 'n\\377\\nm')" && touch "$(printf 'n\\377\\nm/f\\001')" &&
        mkdir deep && cd deep && for i in $(seq 300); do mkdir d && cd d || exit 1; done && touch bottom`
      const made = spawnSync("bash", ["-c", make], user)
      expect([made.status, String(made.stderr)]).toEqual([0, ""])
      yield* asUser(State.remove(root, "kept/victim"))
      expect(Fs.readdirSync(join(root, "kept"))).toEqual([])
    }))

  it.scoped("says of what belongs to another user that it does, and removes the rest", () =>
    Effect.gen(function*() {
      const { root } = yield* place
      if (process.getuid?.() !== 0) return
      yield* State.write(root, "theirs/file", "text", { uid: 4321, gid: 4321 })
      Fs.chmodSync(join(root, "theirs"), 0o700)
      Fs.chownSync(root, user.uid, user.gid)
      const failure = yield* Effect.flip(asUser(State.remove(root, "theirs")))
      expect(failure.denied).toBe(true)
      expect(failure.message).toContain(join(root, "theirs"))
      expect(failure.hint).toContain("sudo rm -rf")
      expect(yield* asUser(State.hasFilesOfOthers(root, "theirs", [user.uid]))).toBe(true)
      yield* State.remove(root, "theirs")
      expect(yield* State.hasFilesOfOthers(root, "theirs", [user.uid])).toBe(false)
    }))

  it.scoped("is seen to be another user's, and given back, itself and all that is in it", () =>
    Effect.gen(function*() {
      const { intact, outside, root } = yield* place
      if (process.getuid?.() !== 0) return
      const [theirs, ours] = [{ uid: 4321, gid: 4321 }, { uid: user.uid, gid: user.gid }]
      const isTheirs = asUser(State.hasFilesOfOthers(root, "mine/state", [user.uid]))
      Fs.chownSync(root, user.uid, user.gid)
      yield* State.makeDirectory(root, "mine/state", ours)
      expect(yield* isTheirs).toBe(false)
      // The directory that is mounted, and nothing in it.
      Fs.chownSync(join(root, "mine/state"), theirs.uid, theirs.gid)
      Fs.chmodSync(join(root, "mine/state"), 0o755)
      expect(yield* isTheirs).toBe(true)
      yield* State.giveAll(root, "mine/state", ours)
      expect(yield* isTheirs).toBe(false)
      // One that may not be entered, and one in it that may not be looked through.
      for (const [path, mode] of [["mine/state", 0o700], ["mine/state/deep", 0o744]] as const) {
        yield* State.write(root, "mine/state/deep/file", "text", theirs)
        Fs.chownSync(join(root, path), theirs.uid, theirs.gid)
        Fs.chmodSync(join(root, path), mode)
        expect([path, yield* isTheirs]).toEqual([path, true])
        yield* State.giveAll(root, "mine/state", ours)
        Fs.chmodSync(join(root, path), 0o700)
        expect([path, yield* isTheirs]).toEqual([path, false])
      }
      Fs.chmodSync(join(root, "mine/state/deep"), 0)
      Fs.symlinkSync(outside, join(root, "mine/state/link"))
      Fs.symlinkSync(join(outside, "file"), join(root, "mine/state/deep/link"))
      Fs.lchownSync(join(root, "mine/state/link"), theirs.uid, theirs.gid)
      expect(yield* isTheirs).toBe(true)
      yield* State.giveAll(root, "mine/state", ours)
      const owners = ["", "link", "deep", "deep/file", "deep/link"].map((name) =>
        Fs.lstatSync(join(root, "mine/state", name)).uid
      )
      expect(owners).toEqual(owners.map(() => user.uid))
      expect(Fs.statSync(outside).uid).toBe(0)
      expect(Fs.statSync(join(outside, "file")).uid).toBe(0)
      expect(intact()).toBe(true)
    }))

  it.scoped("is not left by whoever looks for its owners, or gives it back", () =>
    Effect.gen(function*() {
      const { intact, outside, root } = yield* place
      Fs.symlinkSync(outside, join(root, "link"))
      Fs.mkdirSync(join(root, "a"))
      Fs.symlinkSync(outside, join(root, "a/state"))
      for (const path of ["link", "link/deep", "a/state"]) {
        expect(yield* State.hasFilesOfOthers(root, path, [4321])).toBe(false)
        yield* State.giveAll(root, path, { uid: 4321, gid: 4321 })
      }
      for (const path of ["../outside", "/etc", "a/../../outside"]) {
        expect(yield* State.hasFilesOfOthers(root, path, [4321])).toBe(false)
        expect((yield* Effect.flip(State.giveAll(root, path, owner)))._tag).toBe("StateError")
      }
      expect(Fs.statSync(outside).uid).toBe(owner.uid)
      expect(Fs.statSync(join(outside, "deep")).uid).toBe(owner.uid)
      expect(intact()).toBe(true)
    }))

  it.live("is never left by what is swapped for a link meanwhile", () =>
    Effect.scoped(Effect.gen(function*() {
      const { intact, outside, root } = yield* place
      Fs.mkdirSync(join(root, "a"))
      // What an agent would run in its container.
      const agent = yield* swapping(
        { root, outside },
        `
        attempt(() => fs.mkdirSync(root + "/a/deep", { recursive: true }))
        attempt(() => fs.writeFileSync(root + "/a/deep/file", ""))
        attempt(() => fs.renameSync(root + "/a", root + "/b"))
        attempt(() => fs.symlinkSync(outside, root + "/a"))
        attempt(() => fs.unlinkSync(root + "/a"))
        attempt(() => fs.renameSync(root + "/b", root + "/a"))
        attempt(() => fs.rmSync(root + "/a/deep", { recursive: true }))
        attempt(() => fs.symlinkSync(outside, root + "/a/deep"))
        attempt(() => fs.unlinkSync(root + "/a/deep"))`
      )
      while (agent.rounds() < 2000) {
        yield* Effect.ignore(State.remove(root, "a/deep"))
        yield* Effect.ignore(State.write(root, "a/deep/file", "ours", owner))
        yield* Effect.ignore(State.makeDirectory(root, "a/deep/more", owner))
        yield* State.read(root, "a/deep/file", 100)
        yield* Effect.yieldNow()
      }
      expect(intact()).toBe(true)
      // The same on what is no link works.
      yield* agent.stop
      for (const name of ["a", "b"]) yield* State.remove(root, name)
      yield* State.write(root, "a/deep/file", "ours", owner)
      yield* State.remove(root, "a/deep")
      expect(Fs.readdirSync(join(root, "a"))).toEqual([])
      expect(intact()).toBe(true)
    })))

  it.live("is left alone from the moment of an interrupt on", () =>
    Effect.scoped(Effect.gen(function*() {
      const { root } = yield* place
      Fs.mkdirSync(join(root, "many"))
      for (let i = 0; i < 5000; i++) Fs.writeFileSync(join(root, "many", String(i)), "")
      const removing = yield* Effect.fork(State.remove(root, "many"))
      yield* Effect.sleep("1 millis")
      yield* Fiber.interrupt(removing)
      const left = Fs.readdirSync(join(root, "many")).length
      yield* Effect.sleep("50 millis")
      expect(Fs.readdirSync(join(root, "many")).length).toBe(left)
      yield* State.removeAll(join(root, "many"))
      expect(Fs.readdirSync(root)).toEqual([])
    })))
})
