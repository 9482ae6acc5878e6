import * as NodeFileSystem from "@effect/platform-node-shared/NodeFileSystem"
import * as NodePath from "@effect/platform-node-shared/NodePath"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import { randomUUID } from "node:crypto"
import * as Fs from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import type { Metadata } from "../../../src/domain/Metadata.ts"
import type { RunRecord } from "../../../src/domain/Run.ts"
import { ownProcess } from "../../../src/host/process.ts"
import { stagedName } from "../../../src/host/stagedName.ts"
import { HistoryStore, layer } from "../../../src/session/HistoryStore.ts"
import { type Step, watchedFiles } from "../host/support/watchedFiles.ts"

/** A store of its own with a session in it that runs. */
const make = (failing?: (step: Step) => boolean) =>
  Effect.gen(function*() {
    const root = yield* Effect.acquireRelease(
      Effect.sync(() => Fs.mkdtempSync(join(tmpdir(), "clincus-history-"))),
      (path) => Effect.sync(() => Fs.rmSync(path, { recursive: true, force: true }))
    )
    const watched = watchedFiles(failing)
    const history = yield* HistoryStore.pipe(
      Effect.provide(layer(root).pipe(Layer.provide(Layer.merge(watched.layer, NodePath.layer))))
    )
    const id = randomUUID()
    const started = new Date(1_790_000_000_000)
    const metadata: Metadata = {
      version: 1,
      id,
      tool: "claude",
      workspace: "/home/me/project",
      containerPath: "/workspace",
      container: "clincus-a1b2c3-1",
      slot: 1,
      persistent: false,
      image: "clincus",
      startedAt: started,
      lastUsedAt: started
    }
    const run: RunRecord = {
      tool: "claude",
      id,
      run: randomUUID(),
      since: started.getTime(),
      phase: "running",
      remove: [".claude/.credentials.json"],
      scrub: [{ path: ".claude/.claude.json", keys: ["primaryApiKey"] }]
    }
    const directory = history.directory(run)
    const put = (name: string, text: string) => {
      Fs.mkdirSync(dirname(join(directory, name)), { recursive: true, mode: 0o700 })
      Fs.writeFileSync(join(directory, name), text)
    }
    expect(yield* history.runs.claim(run)).toBe(true)
    yield* history.prepare(run)
    yield* history.save(metadata)
    put(".claude/.credentials.json", "secret")
    put(".claude/.claude.json", "{ \"primaryApiKey\": \"secret\", \"theme\": \"dark\" }")
    watched.steps.splice(0)
    return { ...watched, history, metadata, run, root, directory, put }
  })

/** The name of a file that a process which is not there any more had begun to write. */
const abandoned = ownProcess.pipe(
  Effect.map((process) => stagedName({ ...process, pid: 4_194_305 }, 1)),
  Effect.provide(NodeFileSystem.layer)
)

describe("the end of a run", () => {
  it.scoped("takes the credentials away, and then the record that promised so", () =>
    Effect.gen(function*() {
      const { directory, history, root, run, steps } = yield* make()
      yield* history.finish(run, { reason: "killed" }, Date.now())
      expect(Fs.readdirSync(directory).toSorted()).toEqual([".claude", "metadata.json"])
      expect(Fs.readdirSync(join(directory, ".claude"))).toEqual([".claude.json"])
      expect(Fs.readFileSync(join(directory, ".claude/.claude.json"), "utf8")).toBe("{\"theme\":\"dark\"}\n")
      expect(Fs.readdirSync(join(root, "open"))).toEqual([])
      expect(Fs.readdirSync(join(root, "locks"))).toEqual([])
      expect(Option.getOrThrow(yield* history.get(run)).end).toEqual({ reason: "killed" })
      // What is noted is on the disk before the record is not.
      const order = steps.map(([what, name]) => `${what} ${name}`)
      expect(order.indexOf("rename metadata.json")).toBeGreaterThan(order.indexOf("sync new"))
      expect(order.indexOf(`sync ${run.id}`)).toBeGreaterThan(order.indexOf("rename metadata.json"))
      expect(order.indexOf(`remove claude.${run.id}`)).toBeGreaterThan(order.indexOf(`sync ${run.id}`))
    }))

  it.scoped("leaves the record where the end cannot be noted, and the credentials are gone nevertheless", () =>
    Effect.gen(function*() {
      let full = false
      const { directory, history, metadata, root, run } = yield* make(([what, name]) =>
        full && what === "rename" && name === "metadata.json"
      )
      full = true
      const error = yield* Effect.flip(history.finish(run, { reason: "killed" }, Date.now()))
      expect(error).toMatchObject({ _tag: "HistoryError", reason: "no space left on device" })
      expect(Fs.readdirSync(directory).toSorted()).toEqual([".claude", "metadata.json"])
      expect(Fs.existsSync(join(directory, ".claude/.credentials.json"))).toBe(false)
      expect(yield* history.get(run)).toEqual(Option.some(metadata))
      expect(Fs.readdirSync(join(root, "open"))).toEqual([`claude.${run.id}`])
      full = false
      yield* history.finish(run, { reason: "killed" }, Date.now())
      expect(Fs.readdirSync(join(root, "open"))).toEqual([])
    }))

  it.scoped("clears away what processes that died had begun to write, wherever we write", () =>
    Effect.gen(function*() {
      const { directory, history, put, root, run } = yield* make()
      const name = yield* abandoned
      Fs.mkdirSync(join(root, "locks"))
      for (
        const folder of [
          root,
          join(root, "open"),
          join(root, "locks"),
          directory,
          join(root, "sessions-claude")
        ]
      ) {
        Fs.writeFileSync(join(folder, name), "half")
      }
      put(".claude/.clincus-half", "half of a secret")
      yield* history.runs.list
      yield* history.list
      yield* history.finish(run, { reason: "killed" }, Date.now())
      expect(Fs.readdirSync(root, { recursive: true }).filter((path) => /half|new$/.test(String(path))))
        .toEqual([])
    }))

  it.scoped("removes a saved session for good before it gives up the claim", () =>
    Effect.gen(function*() {
      const { history, root, run, steps } = yield* make()
      yield* history.remove(run)
      expect(Fs.readdirSync(join(root, "sessions-claude"))).toEqual([])
      const order = steps.map(([what, name]) => `${what} ${name}`)
      expect(order.indexOf("sync sessions-claude")).toBeGreaterThan(-1)
      expect(order.indexOf(`remove claude.${run.id}`)).toBeGreaterThan(order.indexOf("sync sessions-claude"))
    }))
})

describe("the moment when a run ended", () => {
  /** What is noted of a run that ended at `at`, with an outcome that was written then, if any. */
  const ended = (at: number, outcome?: number) =>
    Effect.gen(function*() {
      const { directory, history, put, run } = yield* make()
      if (outcome !== undefined) {
        put("outcome/status", "3\n")
        Fs.utimesSync(join(directory, "outcome/status"), outcome / 1000, outcome / 1000)
      }
      yield* history.finish(run, { reason: "lost" }, at)
      const { end, endedAt, lastUsedAt } = Option.getOrThrow(yield* history.get(run))
      expect(lastUsedAt).toEqual(endedAt)
      return [end?.reason, lastUsedAt.getTime()]
    })
  const begun = 1_790_000_000_000
  const minute = 60_000

  it.scoped("is the one that is known, and not that of its discovery", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(begun + 100 * minute)
      expect(yield* ended(begun + minute)).toEqual(["lost", begun + minute])
      expect(yield* ended(begun + minute, begun + 5 * minute)).toEqual(["exited", begun + 5 * minute])
    }))

  it.scoped("lies between the beginning and now, whatever a container says", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(begun + 100 * minute)
      expect(yield* ended(begun - minute)).toEqual(["lost", begun])
      expect(yield* ended(8e15)).toEqual(["lost", begun + 100 * minute])
      expect(yield* ended(begun, begun + 1e12)).toEqual(["exited", begun + 100 * minute])
      expect(yield* ended(begun, 1000)).toEqual(["exited", begun])
    }))
})
