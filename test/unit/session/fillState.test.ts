import * as NodeFileSystem from "@effect/platform-node-shared/NodeFileSystem"
import * as NodePath from "@effect/platform-node-shared/NodePath"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { spawnSync } from "node:child_process"
import { randomUUID } from "node:crypto"
import * as Fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { findCredentials } from "../../../src/credentials/find.ts"
import { Host } from "../../../src/host/Host.ts"
import { fillState } from "../../../src/session/fillState.ts"
import { claude } from "../../../src/tool/claude.ts"

const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }

describe("what a tool is given of the user's own", () => {
  it.live("is no pipe and no device, however long one would wait for it", () =>
    Effect.scoped(Effect.gen(function*() {
      const home = yield* Effect.acquireRelease(
        Effect.sync(() => Fs.mkdtempSync(join(tmpdir(), "clincus-provision-"))),
        (path) => Effect.sync(() => Fs.rmSync(path, { recursive: true, force: true }))
      )
      Fs.mkdirSync(join(home, ".claude"))
      Fs.mkdirSync(join(home, "saved"))
      const services = Layer.mergeAll(
        NodeFileSystem.layer,
        NodePath.layer,
        Layer.succeed(Host, {
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
      )
      const credentials = Effect.map(findCredentials(claude), ({ files }) => files.map(({ to }) => to)).pipe(
        Effect.provide(services),
        Effect.timeout("2 seconds")
      )
      const file = join(home, ".claude/.credentials.json")
      Fs.writeFileSync(join(home, "real"), "secret")
      Fs.symlinkSync("../real", file)
      expect(yield* credentials).toEqual([".claude/.credentials.json"])
      Fs.rmSync(file)
      expect(spawnSync("mkfifo", [file, join(home, ".claude.json")]).status).toBe(0)
      expect(yield* credentials).toEqual([])
      const context = {
        id: randomUUID(),
        directory: "/workspace",
        home: "/home/code",
        bypass: true,
        environment: {}
      }
      yield* fillState(join(home, "saved"), claude, context, owner, { fresh: false, credentials: [] }).pipe(
        Effect.provide(services),
        Effect.timeout("2 seconds")
      )
      expect(Fs.readFileSync(join(home, "saved/.claude/.claude.json"), "utf8")).toContain("/workspace")
    })))
})
