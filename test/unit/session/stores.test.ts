import * as NodeFileSystem from "@effect/platform-node-shared/NodeFileSystem"
import * as NodePath from "@effect/platform-node-shared/NodePath"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { randomUUID } from "node:crypto"
import * as Fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Host } from "../../../src/host/Host.ts"
import { HistoryStore, layer } from "../../../src/session/HistoryStore.ts"
import { noteStore, otherStores, storeOf } from "../../../src/session/stores.ts"

const uid = process.getuid?.() ?? 0
const id = "3f2b8c1e-5a6d-4f70-8e91-a2b3c4d5e6f7"

/** A user whose sessions are saved in `now`, and other directories. */
const make = Effect.gen(function*() {
  const root = yield* Effect.acquireRelease(
    Effect.sync(() => Fs.mkdtempSync(join(tmpdir(), "clincus-stores-"))),
    (path) => Effect.sync(() => Fs.rmSync(path, { recursive: true, force: true }))
  )
  for (const name of ["now", "before", "theirs", ".clincus"]) Fs.mkdirSync(join(root, name))
  const host = Layer.succeed(Host, {
    uid,
    gid: 0,
    groups: [],
    user: "me",
    home: root,
    directory: root,
    environment: {},
    memory: 16 * 2 ** 30,
    uuid: Effect.sync(() => randomUUID()),
    networks: Effect.succeed([]),
    resolve: () => Effect.succeed([])
  })
  const services = Layer.provideMerge(
    layer(join(root, "now")),
    Layer.mergeAll(NodeFileSystem.layer, NodePath.layer, host)
  )
  return { root, services, placed: (saved: string) => ({ id, tool: "claude", saved }) }
})

describe("the store of a session that is live", () => {
  it.scoped("is the one that its label names, if that is this user's", () =>
    Effect.gen(function*() {
      const { placed, root, services } = yield* make
      const below = `sessions-claude/${id}`
      const labels: Readonly<Record<string, string>> = {
        [`now/${below}`]: "now",
        [`before/${below}`]: "before",
        // What is no saved session of this id, and what is not there.
        [`before/sessions-codex/${id}`]: "now",
        [`before/${below}/.claude`]: "now",
        [`gone/${below}`]: "now",
        [`now/../before/${below}`]: "now",
        [`before//${below}`]: "now",
        [below]: "now"
      }
      for (const [saved, expected] of Object.entries(labels)) {
        const path = saved === below ? saved : `${root}/${saved}`
        const store = yield* storeOf(placed(path)).pipe(Effect.provide(services))
        expect([saved, store.root]).toEqual([saved, join(root, expected)])
      }
      if (uid !== 0) return
      Fs.chownSync(join(root, "theirs"), 4321, 4321)
      const theirs = yield* storeOf(placed(join(root, "theirs", below))).pipe(Effect.provide(services))
      expect(theirs.root).toBe(join(root, "now"))
    }))

  it.scoped("is looked after beside the one in force, and the usual one while runs are open there", () =>
    Effect.gen(function*() {
      const { placed, root, services } = yield* make
      const others = otherStores([
        placed(join(root, `before/sessions-claude/${id}`)),
        placed(join(root, `now/sessions-claude/${id}`)),
        placed(join(root, `before/sessions-claude/${id}`))
      ]).pipe(Effect.map((stores) => stores.map((store) => store.root)), Effect.provide(services))
      expect(yield* others).toEqual([join(root, "before")])
      const usual = yield* Effect.map(HistoryStore, ({ at }) => at(join(root, ".clincus"))).pipe(
        Effect.provide(services)
      )
      yield* usual.runs.claim({
        tool: "claude",
        id,
        run: id,
        since: 1,
        phase: "running",
        remove: [],
        scrub: []
      })
      expect(yield* others).toEqual([join(root, "before"), join(root, ".clincus")])
    }))

  it.scoped("is looked after from any other one while runs are open in it, and is forgotten then", () =>
    Effect.gen(function*() {
      const { root, services } = yield* make
      const noted = join(root, ".clincus", "elsewhere")
      const run = { tool: "claude", id, run: id, since: 1, phase: "running", remove: [], scrub: [] } as const
      const others = Effect.map(otherStores([]), (stores) => stores.map((store) => store.root))
      yield* Effect.gen(function*() {
        const history = yield* HistoryStore
        const before = history.at(join(root, "before"))
        yield* before.runs.claim(run)
        expect(yield* others).toEqual([])
        yield* Effect.provideService(noteStore, HistoryStore, before)
        yield* noteStore
        expect(yield* others).toEqual([before.root])
        // The one in force is the one that is noted, and the usual one.
        expect(yield* Effect.provideService(others, HistoryStore, before)).toEqual([])
        expect(yield* Effect.provideService(others, HistoryStore, history.at(join(root, ".clincus"))))
          .toEqual([
            before.root
          ])
        yield* before.runs.release(run)
        expect(yield* others).toEqual([])
        expect(Fs.readdirSync(noted)).toHaveLength(0)
        // What is no path leads nowhere.
        Fs.writeFileSync(join(noted, "x"), "../before")
        Fs.symlinkSync("/dev/zero", join(noted, "zero"))
        expect(yield* others).toEqual([])
      }).pipe(Effect.provide(services))
    }))
})
