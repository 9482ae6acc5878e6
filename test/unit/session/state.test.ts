import * as NodePath from "@effect/platform-node-shared/NodePath"
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import { randomUUID } from "node:crypto"
import * as Fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { EndReason } from "../../../src/domain/Metadata.ts"
import { Host } from "../../../src/host/Host.ts"
import { memoryIncus } from "../../../src/incus/memory/MemoryIncus.ts"
import * as History from "../../../src/session/HistoryStore.ts"
import * as Slots from "../../../src/session/SlotService.ts"
import { openState } from "../../../src/session/state.ts"
import { claude } from "../../../src/tool/claude.ts"
import { watchedFiles } from "../host/support/watchedFiles.ts"

const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }

it.scoped("the record that promises to remove the credentials is on the disk before they are", () =>
  Effect.gen(function*() {
    const home = yield* Effect.acquireRelease(
      Effect.sync(() => Fs.mkdtempSync(join(tmpdir(), "clincus-open-"))),
      (path) => Effect.sync(() => Fs.rmSync(path, { recursive: true, force: true }))
    )
    for (const name of [".claude", "work"]) Fs.mkdirSync(join(home, name))
    Fs.writeFileSync(join(home, ".claude/.credentials.json"), "secret")
    const credentials = () =>
      Fs.readdirSync(home, { recursive: true }).filter((path) =>
        /^\.clincus\/.*\/\.credentials\.json$/.test(String(path))
      )
    // What there is of credentials at each step.
    const seen: Array<readonly [step: string, credentials: number]> = []
    const { layer } = watchedFiles(([what, name]) => {
      seen.push([`${what} ${name}`, credentials().length])
      return false
    })
    const host = Layer.succeed(Host, {
      ...owner,
      groups: [],
      user: "me",
      home,
      directory: home,
      environment: {},
      memory: 16 * 2 ** 30,
      uuid: Effect.sync(() => randomUUID()),
      networks: Effect.succeed([]),
      resolve: () => Effect.succeed([])
    })
    const services = Layer.merge(History.layer(join(home, ".clincus")), Slots.layer).pipe(
      Layer.provideMerge(Layer.mergeAll(layer, NodePath.layer, host, memoryIncus()))
    )
    yield* Effect.gen(function*() {
      const state = yield* openState(
        {
          workspace: { path: join(home, "work"), hash: "0".repeat(64), owner, groups: [] },
          directory: "/workspace",
          slot: 0,
          tool: { tool: claude, bypass: true },
          image: "clincus",
          persistent: false,
          limits: {
            cpu: undefined,
            memory: undefined,
            processes: undefined,
            disk: undefined,
            time: undefined,
            ofWorkspace: [],
            byDefault: []
          },
          docker: false,
          placement: { pool: undefined },
          network: { mode: "none", said: true, allow: [], network: undefined },
          files: { protect: [], writable: [], hide: [] },
          mounts: { rootOnMounts: false, rootWorkspace: true },
          environment: {},
          onExit: "end",
          onDetach: "keep",
          clipboard: "off",
          profile: undefined,
          resume: Option.none(),
          debug: false,
          size: { columns: 80, rows: 24 },
          allowHome: false,
          moment: 0
        },
        { owner, uid: 1000, gid: 1000, user: "code", home: "/home/code", groups: [], mounts: "map" },
        undefined,
        {
          kept: yield* Ref.make(false),
          started: yield* Ref.make(false),
          held: yield* Ref.make(false),
          reason: yield* Ref.make(Option.none<EndReason>())
        }
      )
      expect(credentials()).toEqual([])
      yield* state.fill
      expect(credentials()).toHaveLength(1)
      const name = `claude.${state.id}`
      expect(seen.map(([step]) => step)).toEqual([
        "write new",
        "sync new",
        `link ${name}`,
        "remove new",
        "sync open"
      ])
      expect(seen.map(([, count]) => count)).toEqual([0, 0, 0, 0, 0])
    }).pipe(Effect.scoped, Effect.provide(services))
    // The session never began, so nothing is left of it.
    expect(credentials()).toEqual([])
    expect(Fs.readdirSync(join(home, ".clincus/open"))).toEqual([])
  }))
