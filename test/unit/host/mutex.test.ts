import * as NodeFileSystem from "@effect/platform-node-shared/NodeFileSystem"
import * as NodePath from "@effect/platform-node-shared/NodePath"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { unseenLimit } from "../../../src/domain/HostProcess.ts"
import { type DurableFiles, durableFiles } from "../../../src/host/durableFiles.ts"
import { exclusively, heirFile, inTurn } from "../../../src/host/mutex.ts"
import { ownProcess } from "../../../src/host/process.ts"

const services = Layer.merge(NodeFileSystem.layer, NodePath.layer)

/** A directory for a lock, and holders of it that are not there any more, or may be. */
const make = Effect.gen(function*() {
  const root = yield* Effect.acquireRelease(
    Effect.sync(() => Fs.mkdtempSync(join(tmpdir(), "clincus-mutex-"))),
    (path) => Effect.sync(() => Fs.rmSync(path, { recursive: true, force: true }))
  )
  const file = join(root, "lock")
  const ourselves = yield* ownProcess
  const text = (changes: Partial<typeof ourselves>, turn: number) =>
    JSON.stringify({ ...ourselves, ...changes, turn })
  return {
    root,
    file,
    files: yield* durableFiles,
    dead: (turn: number) => text({ pid: 4_194_305 }, turn),
    /** In another namespace of pids. */
    unseen: text({ namespace: "pid:[1]" }, 1),
    alive: text({}, 1),
    /** Makes the lock as old as that (ms). */
    age: (ms: number) => Fs.utimesSync(file, (Date.now() - ms) / 1000, (Date.now() - ms) / 1000)
  }
})

const test = <E>(
  name: string,
  run: (
    world: Effect.Effect.Success<typeof make>
  ) => Effect.Effect<void, E, Layer.Layer.Success<typeof services>>
) => it.live(name, () => Effect.scoped(Effect.flatMap(make, run)).pipe(Effect.provide(services)))

/** How many are inside at once, at most, of so many who try at one instant; 0 if none gets in. */
const crowd = (files: DurableFiles, file: string, size: number) =>
  Effect.gen(function*() {
    let [inside, most] = [0, 0]
    yield* Effect.forEach(
      Array.from({ length: size }),
      () =>
        exclusively(
          files,
          file,
          Effect.gen(function*() {
            most = Math.max(most, ++inside)
            yield* Effect.sleep("2 millis")
            inside -= 1
          })
        ),
      { concurrency: "unbounded" }
    )
    return most
  })

describe("a lock", () => {
  test("is held by one at a time, and free afterwards, whatever the effect comes to", ({ file, files, root }) =>
    Effect.gen(function*() {
      expect(yield* crowd(files, file, 20)).toBe(1)
      expect(Fs.readdirSync(root)).toEqual([])
      yield* Effect.flip(exclusively(files, file, Effect.fail("fault")))
      expect(yield* exclusively(files, file, Effect.succeed(1))).toEqual(Option.some(1))
      expect(Fs.readdirSync(root)).toEqual([])
    }))

  test("of a holder that died is taken over by one of those who see that", ({ dead, file, files, root }) =>
    Effect.gen(function*() {
      for (let round = 0; round < 20; round++) {
        Fs.writeFileSync(file, dead(round))
        expect(yield* crowd(files, file, 8)).toBe(1)
      }
      expect(Fs.readdirSync(root)).toEqual([])
    }))

  test("is taken over from whoever died in taking it over, and nothing is left of that", ({ dead, file, files, root }) =>
    Effect.gen(function*() {
      Fs.writeFileSync(file, dead(1))
      const heir = heirFile(file, dead(1))
      Fs.writeFileSync(heir, dead(2))
      Fs.writeFileSync(heirFile(heir, dead(2)), dead(3))
      expect(yield* crowd(files, file, 8)).toBe(1)
      // One that had the lock already when it died.
      Fs.writeFileSync(heirFile(file, dead(4)), dead(5))
      yield* exclusively(files, file, Effect.void)
      expect(Fs.readdirSync(root)).toEqual([])
    }))

  test("is given up by its holder only", ({ alive, file, files }) =>
    Effect.gen(function*() {
      yield* exclusively(files, file, Effect.sync(() => Fs.writeFileSync(file, alive)))
      expect(Fs.readFileSync(file, "utf8")).toBe(alive)
    }))

  test("of a holder that lives is not taken, however old", ({ age, alive, file, files }) =>
    Effect.gen(function*() {
      Fs.writeFileSync(file, alive)
      age(unseenLimit * 100)
      expect(yield* exclusively(files, file, Effect.void)).toEqual(Option.none())
    }))

  for (const what of ["whose holder cannot be looked for", "that cannot be read", "that is empty"]) {
    test(`${what} is held until it is old enough`, ({ age, file, files, root, unseen }) =>
      Effect.gen(function*() {
        Fs.writeFileSync(file, what === "that is empty" ? "" : what === "that cannot be read" ? "{" : unseen)
        expect(yield* exclusively(files, file, Effect.void)).toEqual(Option.none())
        age(unseenLimit - 300)
        const begun = Date.now()
        expect(yield* inTurn(files, file, Effect.succeed(1))).toBe(1)
        expect(Date.now() - begun).toBeGreaterThan(250)
        expect(Fs.readdirSync(root)).toEqual([])
      }))
  }

  test("is waited for, but not for ever, and by name", ({ alive, file, files }) =>
    Effect.gen(function*() {
      Fs.writeFileSync(file, alive)
      const error = yield* Effect.flip(inTurn(files, file, Effect.void, "200 millis"))
      expect(error).toMatchObject({ _tag: "FileFailed", path: file })
      expect(error.message).toContain(`process ${process.pid} has held it`)
    }))

  test("lets all who wait have their turn", ({ file, files }) =>
    Effect.gen(function*() {
      let count = 0
      yield* Effect.forEach(
        Array.from({ length: 20 }),
        () =>
          inTurn(
            files,
            file,
            Effect.gen(function*() {
              const before = count
              yield* Effect.sleep("1 millis")
              count = before + 1
            })
          ),
        { concurrency: "unbounded" }
      )
      expect(count).toBe(20)
    }))
})
