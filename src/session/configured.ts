import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Config from "../config/ConfigService.ts"
import type { ConfigError, UnknownProfile } from "../config/errors.ts"
import * as Tmux from "../guest/TmuxService.ts"
import * as Host from "../host/Host.ts"
import * as Incus from "../incus/IncusService.ts"
import * as History from "./HistoryStore.ts"
import * as Sessions from "./Sessions.ts"
import * as Slots from "./SlotService.ts"

/**
 * `Sessions`, and the services that it is made from.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Effect from "effect/Effect"
 *
 * export const count: Effect.Effect<number, Clincus.Failure, Clincus.Configured> = Effect.gen(function*() {
 *   const sessions = yield* Clincus.Sessions
 *   return (yield* sessions.list).length
 * })
 */
export type Configured =
  | Config.ConfigService
  | History.HistoryStore
  | Incus.IncusService
  | Sessions.Sessions
  | Slots.SlotService
  | Tmux.TmuxService

/** What no workspace and no profile can change: where Incus is and where sessions are saved. */
const places = Layer.unwrapEffect(
  Effect.map(
    Effect.flatMap(Config.ConfigService, (config) => config.load({})),
    ({ settings: { incus, paths } }) => Layer.merge(Incus.layer(incus), History.layer(paths.sessions_dir))
  )
)

/**
 * All services for sessions, with the Incus server and the directory that the configuration names. Reads the configuration
 * when it is built, and fails if that is wrong; Incus is not asked before it is used.
 *
 * @example
 * import * as NodeFileSystem from "@effect/platform-node-shared/NodeFileSystem"
 * import * as NodePath from "@effect/platform-node-shared/NodePath"
 * import * as Clincus from "clincus"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * const host = Layer.effect(
 *   Clincus.Host,
 *   Effect.map(Clincus.Host, (own) => ({ ...own, home: "/srv/agents" }))
 * ).pipe(Layer.provide(Clincus.hostLayer))
 *
 * export const services = Clincus.layerOfHost.pipe(
 *   Layer.provideMerge(host),
 *   Layer.provide([NodeFileSystem.layer, NodePath.layer])
 * )
 */
export const layerOfHost: Layer.Layer<
  Configured,
  ConfigError | UnknownProfile,
  Host.Host | FileSystem.FileSystem | Path.Path
> = Sessions.layer.pipe(
  Layer.provideMerge(Layer.merge(Tmux.layer, Slots.layer)),
  Layer.provideMerge(places),
  Layer.provideMerge(Config.layer)
)

/**
 * The same for the user and the machine that the program runs for: all that a program needs but the layers of its platform.
 *
 * @example
 * import * as NodeFileSystem from "@effect/platform-node-shared/NodeFileSystem"
 * import * as NodePath from "@effect/platform-node-shared/NodePath"
 * import * as Clincus from "clincus"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * const program = Effect.gen(function*() {
 *   const { list } = yield* Clincus.Sessions
 *   return (yield* list).map(({ container }) => container)
 * })
 *
 * const services = Clincus.layer.pipe(Layer.provide([NodeFileSystem.layer, NodePath.layer]))
 * export const containers = Effect.provide(program, services)
 */
export const layer: Layer.Layer<
  Configured | Host.Host,
  ConfigError | UnknownProfile,
  FileSystem.FileSystem | Path.Path
> = Layer.provideMerge(layerOfHost, Host.layer)
