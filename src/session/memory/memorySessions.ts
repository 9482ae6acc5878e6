import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Layer from "effect/Layer"
import * as Config from "../../config/ConfigService.ts"
import { memoryTmux } from "../../guest/memory/MemoryTmux.ts"
import type { MemoryToolProgram } from "../../guest/memory/pane.ts"
import type { Host } from "../../host/Host.ts"
import { memoryHost, type MemoryHostOptions } from "../../host/memory/host.ts"
import { type MemoryDisk, memoryDisk } from "../../host/memory/MemoryDisk.ts"
import type { MemoryOptions } from "../../incus/memory/daemon.ts"
import { type MemoryIncus, memoryIncus } from "../../incus/memory/MemoryIncus.ts"
import type { Configured } from "../configured.ts"
import * as History from "../HistoryStore.ts"
import * as Sessions from "../Sessions.ts"
import * as Slots from "../SlotService.ts"

/**
 * What the twins of all that sessions are made from are at first.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Testing from "clincus/testing"
 * import * as Effect from "effect/Effect"
 * import * as Option from "effect/Option"
 *
 * const options: Testing.MemorySessionsOptions = {
 *   configuration: "[tool]\nname = \"opencode\"\n",
 *   files: { "/home/ada/project/README.md": "" },
 *   host: { home: "/home/ada" },
 *   tool: ({ write }) => Effect.as(write("no network here\n"), 7)
 * }
 *
 * export const words = Effect.gen(function*() {
 *   const sessions = yield* Clincus.Sessions
 *   const session = yield* sessions.start({ workspace: "/home/ada/project" })
 *   const { end } = yield* sessions.wait(session)
 *   return [session.tool, Clincus.describeEnd(Option.getOrUndefined(end))]
 * }).pipe(
 *   Effect.scoped,
 *   Effect.provide(Testing.memorySessions(options)),
 *   Effect.provide(Testing.hurriedClock)
 * )
 * // => ["opencode", "tool exited with 7"]
 */
export interface MemorySessionsOptions {
  readonly incus?: MemoryOptions
  /** The project of Incus; `default` unless given. */
  readonly project?: string
  readonly host?: MemoryHostOptions
  /** Text of the user's configuration file. */
  readonly configuration?: string
  /** Text of more files by their paths. */
  readonly files?: Readonly<Record<string, string>>
  /** Runs in the place of every tool. */
  readonly tool?: MemoryToolProgram
}

/**
 * Sessions on twins in memory: of Incus, of the disk, of tmux and of the user. All between them is what runs on a real
 * machine too. There is nothing on the disk at first but the configuration, if one is given.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Testing from "clincus/testing"
 * import * as Effect from "effect/Effect"
 *
 * export const saved = Effect.gen(function*() {
 *   const sessions = yield* Clincus.Sessions
 *   const session = yield* Effect.scoped(sessions.start({ workspace: "/home/me/project" }))
 *   return yield* sessions.find({ id: session.id })
 * }).pipe(
 *   Effect.provide(Testing.memorySessions({ files: { "/home/me/project/README.md": "" } })),
 *   Effect.provide(Testing.hurriedClock)
 * )
 */
export const memorySessions = (
  { configuration, files = {}, host = {}, incus = {}, project = "default", tool }: MemorySessionsOptions = {}
): Layer.Layer<Configured | FileSystem.FileSystem | Host | MemoryDisk | MemoryIncus | Path.Path> => {
  const { gid = 1000, home = "/home/me", uid = 1000 } = host
  return Sessions.layer.pipe(
    Layer.provideMerge(
      Layer.mergeAll(
        memoryTmux(tool === undefined ? {} : { tool }),
        Slots.layer,
        History.layer(`${home}/.clincus`)
      )
    ),
    Layer.provideMerge(Config.layer),
    Layer.provideMerge(Layer.mergeAll(
      memoryIncus(incus, project),
      memoryHost(host),
      memoryDisk({
        user: { uid, gid },
        files: {
          ...(configuration === undefined ? {} : { [`${home}/.config/clincus/config.toml`]: configuration }),
          ...files
        }
      })
    ))
  )
}
