import * as FileSystem from "@effect/platform/FileSystem"
import { describe, expect } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { durableFiles } from "../../src/host/durableFiles.ts"
import * as State from "../../src/host/stateFiles.ts"
import { Disk, type DiskServices } from "./support/Disk.ts"
import { onGround } from "./support/onGround.ts"

/** A directory of a test's own, and what can be planted in it. */
const place = (name: string) =>
  Effect.gen(function*() {
    const { owner, root } = yield* Disk
    const fs = yield* FileSystem.FileSystem
    const directory = `${root}/${name}`
    yield* fs.makeDirectory(directory)
    return { directory, owner, fs, at: (path: string) => `${directory}/${path}` }
  })

/** How files are kept, as far as sessions rely on it: the same of the disk and of the twin. */
export const filesContract = <E>(name: string, disk: Layer.Layer<DiskServices, E>) =>
  onGround(disk, name, (it) => {
    describe("a file of the user's own", () => {
      it.scoped("is claimed by one of ten who want it at the same instant", () =>
        Effect.gen(function*() {
          const files = yield* durableFiles
          const { at } = yield* place("claim")
          const claims = yield* Effect.forEach(
            Array.from({ length: 10 }, (_, index) => String(index)),
            (one) => files.claim(at("claimed"), one),
            { concurrency: "unbounded" }
          )
          expect(claims.filter((ours) => ours)).toHaveLength(1)
          expect(yield* files.read(at("claimed"))).toEqual(Option.some(String(claims.indexOf(true))))
          expect(yield* files.claim(at("claimed"), "late")).toBe(false)
          yield* files.remove(at("claimed"))
          expect(yield* files.claim(at("claimed"), "again")).toBe(true)
        }))

      it.scoped("is replaced whole, and there is nothing beside it", () =>
        Effect.gen(function*() {
          const files = yield* durableFiles
          const { at, directory } = yield* place("replace")
          yield* files.makePrivate(at("a/b"))
          yield* files.replace(at("a/b/file"), "one")
          yield* files.replace(at("a/b/file"), "two")
          expect(yield* files.read(at("a/b/file"))).toEqual(Option.some("two"))
          expect(yield* files.names(at("a/b"))).toEqual(["file"])
          expect(yield* files.names(at("none"))).toEqual([])
          yield* files.keep(directory)
          yield* files.remove(at("a/b/file"))
          yield* files.remove(at("a/b/file"))
          expect(yield* files.read(at("a/b/file"))).toEqual(Option.none())
          expect(Option.isNone(yield* files.age(at("a/b/file")))).toBe(true)
        }))

      it.scoped("cannot be where there is no directory", () =>
        Effect.gen(function*() {
          const files = yield* durableFiles
          const { at } = yield* place("nowhere")
          expect(yield* Effect.flip(files.replace(at("none/file"), "text"))).toMatchObject({
            _tag: "FileFailed"
          })
          expect(yield* Effect.flip(files.claim(at("none/file"), "text"))).toMatchObject({
            _tag: "FileFailed"
          })
        }))
    })

    describe("a file of a state", () => {
      it.scoped("is written with the directories above it, over whatever stands there", () =>
        Effect.gen(function*() {
          const { at, directory, fs, owner } = yield* place("write")
          yield* State.write(directory, "a/b/file", "text", owner)
          expect(yield* State.read(directory, "a/b/file", 100)).toBe("text")
          yield* fs.writeFileString(at("outside"), "kept")
          yield* fs.symlink(at("outside"), at("link"))
          yield* State.write(directory, "link", "mine", owner)
          expect(yield* fs.readFileString(at("outside"))).toBe("kept")
          expect(yield* State.read(directory, "link", 100)).toBe("mine")
          yield* State.makeDirectory(directory, "c/file", owner)
          yield* State.write(directory, "c/file", "instead", owner)
          expect(yield* State.read(directory, "c/file", 100)).toBe("instead")
          expect(yield* State.ownerOf(directory, "a/b")).toEqual(owner)
        }))

      it.scoped("is not reached by a link, nor from above", () =>
        Effect.gen(function*() {
          const { at, directory, fs, owner } = yield* place("links")
          yield* fs.makeDirectory(at("outside"))
          yield* fs.writeFileString(at("outside/secret"), "secret")
          yield* fs.makeDirectory(at("state"))
          yield* fs.symlink(at("outside"), at("state/directory"))
          yield* fs.symlink(at("outside/secret"), at("state/file"))
          yield* fs.symlink("nowhere", at("state/dangling"))
          const root = at("state")
          for (
            const path of ["directory/secret", "file", "dangling", "../outside/secret", "/etc/hostname", ""]
          ) {
            expect(yield* State.read(root, path, 100), path).toBeUndefined()
            expect(yield* State.readBeginning(root, path, 100), path).toBeUndefined()
            expect(yield* State.writtenAt(root, path), path).toBeUndefined()
          }
          expect(yield* State.exists(root, "dangling")).toBe(true)
          expect(yield* State.exists(root, "directory/secret")).toBe(false)
          expect(yield* State.exists(root, "none")).toBe(false)
          yield* State.remove(root, "directory")
          yield* State.remove(root, "directory/secret")
          expect(yield* fs.readFileString(at("outside/secret"))).toBe("secret")
          for (const path of ["../outside/secret", "/outside", "a/../../x"]) {
            expect(yield* Effect.flip(State.write(root, path, "x", owner)), path).toMatchObject({
              _tag: "StateError"
            })
            expect(yield* Effect.flip(State.remove(root, path)), path).toMatchObject({ _tag: "StateError" })
          }
          // A link in the place of a directory on the way goes, and what it led to stays.
          yield* fs.symlink(at("outside"), at("state/way"))
          yield* State.write(root, "way/secret", "mine", owner)
          expect(yield* fs.readFileString(at("outside/secret"))).toBe("secret")
          yield* fs.symlink(root, at("root"))
          expect(yield* State.read(at("root"), "way/secret", 100)).toBeUndefined()
          expect(yield* Effect.flip(State.write(at("root"), "x", "x", owner))).toMatchObject({
            _tag: "StateError"
          })
          expect(yield* Effect.flip(State.write(`${directory}/none`, "x", "x", owner))).toMatchObject({
            _tag: "StateError"
          })
        }))

      it.scoped("is read within bounds, or not at all", () =>
        Effect.gen(function*() {
          const { directory, owner } = yield* place("bounds")
          yield* State.write(directory, "file", "0123456789", owner)
          expect(yield* State.read(directory, "file", 10)).toBe("0123456789")
          expect(yield* State.read(directory, "file", 9)).toBeUndefined()
          expect(yield* State.readBeginning(directory, "file", 4)).toEqual({ text: "0123", whole: false })
          expect(yield* State.readBeginning(directory, "file", 10)).toEqual({
            text: "0123456789",
            whole: true
          })
          expect(yield* State.read(directory, ".", 10)).toBeUndefined()
        }))

      it.scoped("is removed with all that is below it", () =>
        Effect.gen(function*() {
          const { directory, fs, owner } = yield* place("remove")
          yield* State.write(directory, "a/b/c", "x", owner)
          yield* State.write(directory, "a/d", "x", owner)
          yield* State.remove(directory, "a/b")
          yield* State.remove(directory, "a/b")
          yield* State.remove(directory, "none/none")
          expect(yield* fs.readDirectory(`${directory}/a`)).toEqual(["d"])
          yield* State.removeAll(directory)
          yield* State.removeAll(directory)
          expect(yield* fs.exists(directory)).toBe(false)
          yield* State.keep(directory, ".")
        }))

      it.scoped("that was begun and left is swept away", () =>
        Effect.gen(function*() {
          const { at, directory, fs } = yield* place("staged")
          yield* fs.writeFileString(at(".clincus-0d3c1e2a"), "half")
          yield* fs.writeFileString(at("whole"), "whole")
          yield* State.removeStaged(directory, ".")
          expect(yield* fs.readDirectory(directory)).toEqual(["whole"])
          yield* State.removeStaged(directory, "none")
        }))

      it.scoped("is found, so many of them and so deep", () =>
        Effect.gen(function*() {
          const { at, directory, fs, owner } = yield* place("find")
          for (const path of ["state/a", "state/b/c", "state/b/d/e"]) {
            yield* State.write(directory, path, "xx", owner)
          }
          yield* fs.symlink(at("state"), at("state/again"))
          const found = (most: number, deep: number) =>
            Effect.map(State.find(directory, "state", { most, deep }), ({ complete, deeper, files }) => ({
              complete,
              deeper,
              paths: files.map(({ path }) => path).toSorted()
            }))
          expect(yield* found(100, 5)).toEqual({
            complete: true,
            deeper: false,
            paths: ["a", "b/c", "b/d/e"]
          })
          expect(yield* found(100, 1)).toEqual({ complete: true, deeper: true, paths: ["a", "b/c"] })
          expect(yield* found(100, 0)).toEqual({ complete: true, deeper: true, paths: ["a"] })
          expect((yield* found(2, 5)).complete).toBe(false)
          expect(yield* State.find(directory, "none", { most: 1, deep: 1 })).toMatchObject({ files: [] })
          expect(yield* State.size(at("state"), 100)).toEqual({ bytes: 6, complete: true })
          expect((yield* State.size(at("state"), 2)).complete).toBe(false)
          expect(yield* State.hasFilesOfOthers(directory, "state", [owner.uid])).toBe(false)
          expect(yield* State.hasFilesOfOthers(directory, "state", [54321])).toBe(true)
        }))
    })

    describe("a file of somebody else's", () => {
      it.scoped("is read if it is one", () =>
        Effect.gen(function*() {
          const { at, fs } = yield* place("untrusted")
          yield* fs.writeFileString(at("file"), "text")
          yield* fs.symlink(at("file"), at("link"))
          yield* fs.makeDirectory(at("directory"))
          expect(yield* State.readUntrusted(at("file"), 4)).toBe("text")
          expect(yield* State.readUntrusted(at("none"), 4)).toBeUndefined()
          expect(yield* State.readUntrusted(at("file/below"), 4)).toBeUndefined()
          expect(yield* State.readUntrusted(at("link"), 4, { links: "follow" })).toBe("text")
          for (
            const [path, kind, limit] of [["link", "other", 4], ["directory", "other", 4], [
              "file",
              "content",
              3
            ]] as const
          ) {
            expect(yield* Effect.flip(State.readUntrusted(at(path), limit)), path).toMatchObject({ kind })
          }
        }))

      it.scoped("is copied with what is in it, and what is not there is passed over", () =>
        Effect.gen(function*() {
          const { at, directory, fs, owner } = yield* place("copy")
          yield* fs.makeDirectory(at("from/agents"), { recursive: true })
          yield* fs.writeFileString(at("from/agents/one.md"), "one")
          yield* fs.writeFileString(at("from/settings.json"), "{}")
          yield* fs.writeFileString(at("from/other"), "other")
          yield* fs.makeDirectory(at("saved"))
          const report = yield* State.copyConfiguration({
            from: at("from"),
            entries: ["agents", "settings.json", "none"],
            root: at("saved"),
            to: ".tool",
            owner
          })
          expect(report).toMatchObject({ leftOut: [], leftOutCount: 0 })
          expect(yield* State.read(directory, "saved/.tool/agents/one.md", 10)).toBe("one")
          expect((yield* fs.readDirectory(at("saved/.tool"))).toSorted()).toEqual(["agents", "settings.json"])
          yield* State.write(at("saved"), ".tool/settings.json", "changed", owner)
          expect(yield* fs.readFileString(at("from/settings.json"))).toBe("{}")
        }))
    })
  })
