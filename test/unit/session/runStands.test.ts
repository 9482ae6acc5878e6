import * as NodeFileSystem from "@effect/platform-node-shared/NodeFileSystem"
import * as NodePath from "@effect/platform-node-shared/NodePath"
import * as FileSystem from "@effect/platform/FileSystem"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { randomUUID } from "node:crypto"
import * as Fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { RunRecord } from "../../../src/domain/Run.ts"
import { HistoryStore, layer } from "../../../src/session/HistoryStore.ts"

const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }

/** A disk that is slow to remove the record of a run: others look meanwhile. */
const slow = Layer.effect(
  FileSystem.FileSystem,
  Effect.map(FileSystem.FileSystem, (fs) => ({
    ...fs,
    remove: (path: string, options?: FileSystem.RemoveOptions) =>
      Effect.delay(fs.remove(path, options), path.includes("/open/claude.") ? "60 millis" : 0)
  }))
).pipe(Layer.provide(NodeFileSystem.layer))

/** A store, a workspace, and runs that need what stands in for two paths of it. */
const make = Effect.gen(function*() {
  const root = yield* Effect.acquireRelease(
    Effect.sync(() => Fs.mkdtempSync(join(tmpdir(), "clincus-stands-"))),
    (path) => Effect.sync(() => Fs.rmSync(path, { recursive: true, force: true }))
  )
  const workspace = join(root, "work")
  Fs.mkdirSync(workspace)
  const history = yield* HistoryStore.pipe(
    Effect.provide(layer(join(root, "saved")).pipe(Layer.provide([slow, NodePath.layer])))
  )
  const begin = Effect.gen(function*() {
    const run: RunRecord = {
      tool: "claude",
      id: randomUUID(),
      run: randomUUID(),
      since: 0,
      phase: "running",
      remove: [],
      scrub: [],
      stands: {
        made: [{ root: workspace, path: ".vscode" }, { root: workspace, path: "mise.toml", text: "" }]
      }
    }
    expect(yield* history.runs.claim(run)).toBe(true)
    expect(yield* history.makeStands(run, owner)).toEqual([])
    return run
  })
  return { history, begin, standing: () => Fs.readdirSync(workspace).toSorted() }
})

describe("what stands in for paths of a workspace", () => {
  it.scopedLive("is gone when all its runs have ended, at one instant too", () =>
    Effect.gen(function*() {
      const { begin, history, standing } = yield* make
      const runs = yield* Effect.replicateEffect(begin, 3)
      expect(standing()).toEqual([".vscode", "mise.toml"])
      yield* Effect.forEach(runs, (run) => history.finish(run, undefined, 0), { concurrency: "unbounded" })
      expect(standing()).toEqual([])
    }))

  it.scopedLive("stays as long as a run needs it, and if the user has put something there", () =>
    Effect.gen(function*() {
      const { begin, history, standing } = yield* make
      const [first, second] = [yield* begin, yield* begin]
      yield* history.finish(first, undefined, 0)
      expect(standing()).toEqual([".vscode", "mise.toml"])
      Fs.writeFileSync(join(second.stands?.made[0]?.root ?? "", "mise.toml"), "[env]\n")
      yield* history.remove(second)
      expect(standing()).toEqual(["mise.toml"])
    }))
})
