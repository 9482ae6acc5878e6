import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { randomBytes } from "node:crypto"
import * as Fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Incus from "../../../src/incus/IncusService.ts"
import { fakeTool } from "./fakeTool.ts"

/** The image that sessions of tests are made from. */
export const image = process.env["CLINCUS_TEST_IMAGE"] || "clincus"

export const socket = process.env["INCUS_SOCKET"] || "/var/lib/incus/unix.socket"

export interface WorkspaceOptions {
  readonly uid?: number
  readonly gid?: number
  /** Text of its `.clincus.toml`. */
  readonly config?: string
}

/**
 * A home directory, a container prefix and workspaces of a test file's own. When its scope closes, every container with
 * the prefix is deleted and every directory removed, whatever the tests did.
 */
export class World extends Context.Tag("test/World")<World, {
  /** The directory that all the rest is in. Everybody may walk through it. */
  readonly root: string
  readonly home: string
  /** The directory of saved sessions. */
  readonly saved: string
  readonly prefix: string
  /** The environment that programs of this world are started with. */
  readonly environment: Readonly<Record<string, string>>
  /** A new directory to work on, with the fake tool in it; owned by uid 1000 unless said otherwise. */
  readonly workspace: (options?: WorkspaceOptions) => string
  /** The text of the configuration file at first. */
  readonly configuration: string
  /** Replaces the user's configuration file until the scope closes. */
  readonly configure: (toml: string) => Effect.Effect<void, never, Scope.Scope>
}>() {}

/** The fake tool, declared as a user would declare a tool of theirs. */
const configuration = `
[defaults]
image = "${image}"

[tool]
name = "fake"

[tool.fake]
title = "The fake tool"
binary = "/workspace/fake"
start = ["start", "{id}"]
resume = ["resume", "{id}"]
credentials = [".fake/credentials.json"]
`

const make = Effect.gen(function*() {
  const prefix = `t${randomBytes(4).toString("hex")}-`
  const incus = yield* Incus.IncusService
  const root = yield* Effect.acquireRelease(
    Effect.sync(() => Fs.mkdtempSync(join(tmpdir(), "clincus-test-"))),
    (root) =>
      Effect.gen(function*() {
        const instances = yield* incus.instances.list
        yield* Effect.forEach(
          instances.filter(({ name }) => name.startsWith(prefix)),
          ({ name }) => incus.instances.destroy(name).pipe(Effect.retry({ times: 20 })),
          { concurrency: 4 }
        )
      }).pipe(
        // A program that was cut off may still be noting its end: what it writes meanwhile is removed the next time.
        Effect.ensuring(
          Effect.try(() => Fs.rmSync(root, { recursive: true, force: true })).pipe(
            Effect.retry(Schedule.spaced("200 millis").pipe(Schedule.intersect(Schedule.recurs(50)))),
            Effect.orDie
          )
        ),
        Effect.orDie
      )
  )
  Fs.chmodSync(root, 0o755)
  const home = join(root, "home")
  const configFile = join(home, ".config", "clincus", "config.toml")
  Fs.mkdirSync(join(home, ".config", "clincus"), { recursive: true })
  Fs.writeFileSync(configFile, configuration)
  let count = 0
  return {
    root,
    home,
    saved: join(home, ".clincus"),
    configuration,
    prefix,
    environment: {
      PATH: process.env["PATH"] ?? "",
      HOME: home,
      // Compiled programs are kept across the test files.
      XDG_CACHE_HOME: process.env["XDG_CACHE_HOME"] || join(process.env["HOME"] || tmpdir(), ".cache"),
      INCUS_SOCKET: socket,
      CLINCUS_CONTAINER_PREFIX: prefix,
      TERM: "xterm-256color",
      LANG: "C.UTF-8"
    },
    workspace: ({ config, gid = 1000, uid = 1000 }: WorkspaceOptions = {}) => {
      const path = join(root, `work-${++count}`)
      Fs.mkdirSync(path)
      Fs.writeFileSync(join(path, "fake"), fakeTool, { mode: 0o755 })
      if (config !== undefined) Fs.writeFileSync(join(path, ".clincus.toml"), config)
      for (const entry of ["", ...Fs.readdirSync(path)]) Fs.chownSync(join(path, entry), uid, gid)
      return path
    },
    configure: (toml: string) =>
      Effect.acquireRelease(
        Effect.sync(() => Fs.writeFileSync(configFile, toml)),
        () => Effect.sync(() => Fs.writeFileSync(configFile, configuration))
      ).pipe(Effect.asVoid)
  }
})

/** A world, with the daemon that its containers are on. */
export const layer: Layer.Layer<World | Incus.IncusService> = Layer.scoped(World, make).pipe(
  Layer.provideMerge(Incus.layer({ socket, project: "default" }))
)
