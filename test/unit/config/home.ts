import * as NodeFileSystem from "@effect/platform-node-shared/NodeFileSystem"
import * as NodePath from "@effect/platform-node-shared/NodePath"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { randomUUID } from "node:crypto"
import * as Fs from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { ConfigService, layer } from "../../../src/config/ConfigService.ts"
import type { RequestKey, Withheld } from "../../../src/config/Settings.ts"
import { grantRequests, readGrants, revokeGrants } from "../../../src/config/trust.ts"
import { Host } from "../../../src/host/Host.ts"

export const user = ".config/clincus/config.toml"
export const project = "project/.clincus.toml"

export interface Asked {
  readonly profile?: string | undefined
  readonly decided?: ReadonlyArray<RequestKey>
  /** Name of the workspace below the home directory. */
  readonly workspace?: string
}

/** A home directory with these files, and a `project` in it; it goes with the scope. */
export const makeHome = (
  files: Readonly<Record<string, string>>,
  environment: Readonly<Record<string, string>> = {}
) =>
  Effect.gen(function*() {
    const path = yield* Effect.acquireRelease(
      Effect.sync(() => Fs.mkdtempSync(join(tmpdir(), "clincus-config-"))),
      (home) => Effect.sync(() => Fs.rmSync(home, { recursive: true, force: true }))
    )
    const write = (name: string, text: string) =>
      Effect.sync(() => {
        Fs.mkdirSync(dirname(join(path, name)), { recursive: true })
        Fs.writeFileSync(join(path, name), text)
      })
    yield* Effect.forEach(Object.entries({ "project/README": "", ...files }), ([name, text]) =>
      write(name, text))
    const host = Layer.succeed(Host, {
      uid: 1000,
      gid: 1000,
      groups: [],
      user: "me",
      home: path,
      directory: path,
      environment,
      memory: 16 * 2 ** 30,
      uuid: Effect.sync(() =>
        randomUUID()
      ),
      networks: Effect.succeed([]),
      resolve: () => Effect.succeed([])
    })
    const services = Layer.mergeAll(NodeFileSystem.layer, NodePath.layer, host)
    const saved = join(path, ".clincus")
    return {
      path,
      saved,
      write,
      load: ({ decided, profile, workspace = "project" }: Asked = {}) =>
        Effect.gen(function*() {
          const config = yield* ConfigService
          const effective = yield* config.load({ workspace: join(path, workspace), profile, decided })
          const from = (key: string) =>
            effective.origins.find((origin) => origin.key === key)?.source.replace(`${path}/`, "")
          return { ...effective, from }
        }).pipe(Effect.provide(layer.pipe(Layer.provide(services)))),
      grant: (withheld: Withheld) => grantRequests(saved, withheld).pipe(Effect.provide(services)),
      grants: readGrants(saved).pipe(Effect.provide(services)),
      revoke: (workspace: string | undefined) =>
        revokeGrants(saved, workspace === undefined ? undefined : join(path, workspace)).pipe(
          Effect.provide(services)
        )
    }
  })
