import * as NodeFileSystem from "@effect/platform-node-shared/NodeFileSystem"
import * as NodePath from "@effect/platform-node-shared/NodePath"
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as History from "../../../src/session/HistoryStore.ts"
import { listSaved } from "../../../src/session/listSaved.ts"

const ids = ["3f2b8c1e-5a6d-4f70-8e91-a2b3c4d5e6f7", "4f2b8c1e-5a6d-4f70-8e91-a2b3c4d5e6f7"] as const

const root = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "clincus-unit-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

it.scoped("a session that is being started is not damaged, one that nobody starts is", () =>
  Effect.gen(function*() {
    const path = yield* root
    const store = History.layer(path).pipe(Layer.provide(Layer.merge(NodeFileSystem.layer, NodePath.layer)))
    yield* Effect.gen(function*() {
      const history = yield* History.HistoryStore
      const [starting, damaged] = ids.map((id) => ({ tool: "fake", id }))
      const run = { run: ids[0], since: 0, phase: "starting", remove: [], scrub: [] } as const
      for (const session of [starting, damaged]) if (session !== undefined) yield* history.prepare(session)
      if (starting !== undefined) yield* history.runs.claim({ ...starting, ...run })
      expect((yield* history.list).damaged.length).toBe(2)
      expect(yield* listSaved).toEqual({
        sessions: [],
        damaged: [join(path, "sessions-fake", ids[1])]
      })
    }).pipe(Effect.provide(store))
  }))
