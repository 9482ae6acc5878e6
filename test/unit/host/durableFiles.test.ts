import * as NodeFileSystem from "@effect/platform-node-shared/NodeFileSystem"
import * as NodePath from "@effect/platform-node-shared/NodePath"
import * as FileSystem from "@effect/platform/FileSystem"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { unseenLimit } from "../../../src/domain/HostProcess.ts"
import { type DurableFiles, durableFiles } from "../../../src/host/durableFiles.ts"
import { ownProcess } from "../../../src/host/process.ts"
import { stagedName } from "../../../src/host/stagedName.ts"
import { watchedFiles } from "./support/watchedFiles.ts"

const place = Effect.acquireRelease(
  Effect.sync(() => Fs.mkdtempSync(join(tmpdir(), "clincus-durable-"))),
  (path) => Effect.sync(() => Fs.rmSync(path, { recursive: true, force: true }))
)

const on = (fs: Layer.Layer<FileSystem.FileSystem>) =>
  Effect.provide(durableFiles, Layer.merge(fs, NodePath.layer))

const ourselves = Effect.provide(ownProcess, NodeFileSystem.layer)

/** A pid that no process has. */
const deadPid = 4_194_305

describe("a file of ours", () => {
  it.scoped("is on the disk before it has its name, and its name before we go on", () =>
    Effect.gen(function*() {
      const root = yield* place
      const { layer, steps } = watchedFiles()
      const files = yield* on(layer)
      yield* files.replace(join(root, "file"), "one")
      expect(steps.splice(0)).toEqual([
        ["write", "new"],
        ["sync", "new"],
        ["rename", "file"],
        ["sync", root.slice(tmpdir().length + 1)]
      ])
      expect(yield* files.claim(join(root, "claim"), "one")).toBe(true)
      yield* files.keep(root)
      expect(steps.splice(0)).toEqual([
        ["write", "new"],
        ["sync", "new"],
        ["link", "claim"],
        ["remove", "new"],
        ["sync", root.slice(tmpdir().length + 1)]
      ])
      expect(Fs.readdirSync(root).toSorted()).toEqual(["claim", "file"])
      expect(Fs.statSync(join(root, "file")).mode & 0o777).toBe(0o600)
    }))

  it.scoped("is made by one of those who try at once", () =>
    Effect.gen(function*() {
      const root = yield* place
      const all = yield* Effect.all(Array.from({ length: 4 }, () => on(NodeFileSystem.layer)))
      const made = yield* Effect.forEach(
        Array.from({ length: 20 }, (_, index) => index),
        (index) =>
          Effect.suspend(() =>
            (all[index % 4] ?? all[0])?.claim(join(root, "file"), String(index)) ?? Effect.succeed(false)
          ),
        { concurrency: "unbounded" }
      )
      expect(made.filter((ours) => ours)).toHaveLength(1)
      expect(Fs.readFileSync(join(root, "file"), "utf8")).toBe(String(made.indexOf(true)))
      expect(Fs.readdirSync(root)).toEqual(["file"])
    }))

  it.scoped("is written by two who have the same number", () =>
    Effect.gen(function*() {
      const one = yield* ourselves
      const names = [one, { ...one, namespace: "pid:[1]" }, { ...one, boot: "b" }, { ...one, started: "1" }]
        .map((each) => stagedName(each, 7))
      expect(new Set([...names, stagedName(one, 8)]).size).toBe(5)
    }))

  const faults: ReadonlyArray<readonly [what: string, name: string]> = [
    ["write", "new"],
    ["sync", "new"],
    ["rename", "file"],
    ["link", "file"]
  ]
  for (const [what, name] of faults) {
    it.scoped(`is as it was, and nothing beside it, when ${what} of ${name} fails`, () =>
      Effect.gen(function*() {
        const root = yield* place
        const file = join(root, "file")
        const { layer } = watchedFiles((step) => step[0] === what && step[1] === name)
        const files = yield* on(layer)
        if (what !== "link") {
          Fs.writeFileSync(file, "old")
          const error = yield* Effect.flip(files.replace(file, "the new text"))
          expect(error).toMatchObject({ _tag: "FileFailed", path: file, reason: "no space left on device" })
          expect(Fs.readFileSync(file, "utf8")).toBe("old")
          Fs.rmSync(file)
        }
        if (what === "rename") return
        const claimed = yield* Effect.either(files.claim(file, "the new text"))
        // Without hard links the file is made in its place.
        expect(claimed._tag).toBe(what === "link" ? "Right" : "Left")
        expect(Fs.readdirSync(root)).toEqual(what === "link" ? ["file"] : [])
      }))
  }

  it.scoped("that could not be made where there are no hard links is not there", () =>
    Effect.gen(function*() {
      const root = yield* place
      const { layer } = watchedFiles(([what, name]) =>
        what === "link" || (what === "write" && name === "file")
      )
      const files = yield* on(layer)
      yield* Effect.flip(files.claim(join(root, "file"), "the new text"))
      expect(Fs.readdirSync(root)).toEqual([])
      // One that another has made stays.
      Fs.writeFileSync(join(root, "file"), "theirs")
      expect(yield* files.claim(join(root, "file"), "ours")).toBe(false)
      expect(Fs.readFileSync(join(root, "file"), "utf8")).toBe("theirs")
    }))

  it.live("is written to its end when its writer is interrupted, and nothing is done to the disk afterwards", () =>
    Effect.scoped(Effect.gen(function*() {
      const root = yield* place
      const { layer, steps } = watchedFiles()
      const files = yield* on(layer)
      const writing = yield* Effect.fork(files.replace(join(root, "file"), "x".repeat(50_000_000)))
      while (steps.length === 0) yield* Effect.sleep("1 millis")
      yield* Fiber.interrupt(writing)
      expect(Fs.readdirSync(root)).toEqual(["file"])
      expect(Fs.statSync(join(root, "file")).size).toBe(50_000_000)
    })))

  it.scoped("is whole on a disk that is full", () =>
    Effect.gen(function*() {
      const root = yield* place
      if (process.getuid?.() !== 0) return
      const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", root])
      // Not every container lets its root mount.
      if (mounted.status !== 0) return
      yield* Effect.addFinalizer(() => Effect.sync(() => spawnSync("umount", [root])))
      const files = yield* on(NodeFileSystem.layer)
      yield* files.replace(join(root, "file"), "old")
      const error = yield* Effect.flip(files.replace(join(root, "file"), "x".repeat(100_000)))
      expect(error.reason).toBe("no space left on device")
      yield* Effect.flip(files.claim(join(root, "other"), "x".repeat(100_000)))
      expect(Fs.readdirSync(root)).toEqual(["file"])
      expect(Fs.readFileSync(join(root, "file"), "utf8")).toBe("old")
    }))
})

describe("what a process had begun to write", () => {
  const begun = (files: DurableFiles, root: string, names: ReadonlyArray<string>) =>
    Effect.gen(function*() {
      for (const name of names) Fs.writeFileSync(join(root, name), "half")
      Fs.writeFileSync(join(root, "kept"), "")
      expect(yield* files.names(root)).toEqual(["kept"])
      return names.filter((name) => Fs.existsSync(join(root, name)))
    })

  it.scoped("goes when it has died, and stays while it lives or may", () =>
    Effect.gen(function*() {
      const root = yield* place
      const files = yield* on(NodeFileSystem.layer)
      const one = yield* ourselves
      const [alive, dead, reused, rebooted, elsewhere] = [
        one,
        { ...one, pid: deadPid },
        { ...one, started: "1" },
        { ...one, boot: "another" },
        { ...one, namespace: "pid:[1]" }
      ].map((process, index) => stagedName(process, index))
      expect(alive).toBeDefined()
      if (
        alive === undefined || dead === undefined || reused === undefined || rebooted === undefined
        || elsewhere === undefined
      ) return
      expect(yield* begun(files, root, [alive, dead, reused, rebooted, elsewhere])).toEqual([
        alive,
        elsewhere
      ])
    }))

  it.live("goes after a while when its writer cannot be looked for", () =>
    Effect.scoped(Effect.gen(function*() {
      const root = yield* place
      const files = yield* on(NodeFileSystem.layer)
      const name = stagedName({ ...(yield* ourselves), namespace: "pid:[1]" }, 1)
      expect(yield* begun(files, root, [name])).toEqual([name])
      const long = (Date.now() - unseenLimit - 1000) / 1000
      Fs.utimesSync(join(root, name), long, long)
      expect(yield* files.names(root)).toEqual(["kept"])
      expect(Fs.readdirSync(root)).toEqual(["kept"])
    })))

  it.scoped("is none where there is no such directory, and no text where there is no file", () =>
    Effect.gen(function*() {
      const root = yield* place
      const files = yield* on(NodeFileSystem.layer)
      expect(yield* files.names(join(root, "none"))).toEqual([])
      expect(yield* files.read(join(root, "none"))).toEqual(Option.none())
      yield* files.keep(join(root, "none"))
    }))
})
