import * as NodeFileSystem from "@effect/platform-node-shared/NodeFileSystem"
import * as NodePath from "@effect/platform-node-shared/NodePath"
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { randomUUID } from "node:crypto"
import * as Config from "../../../src/config/ConfigService.ts"
import type { Metadata } from "../../../src/domain/Metadata.ts"
import * as Tmux from "../../../src/guest/TmuxService.ts"
import { Host } from "../../../src/host/Host.ts"
import { addressesOf, ownNetworks } from "../../../src/host/networks.ts"
import { IncusService } from "../../../src/incus/IncusService.ts"
import * as History from "../../../src/session/HistoryStore.ts"
import { planSession, type SessionOptions, withoutAsking } from "../../../src/session/plan.ts"
import { startSession } from "../../../src/session/Session.ts"
import * as Sessions from "../../../src/session/Sessions.ts"
import * as Slots from "../../../src/session/SlotService.ts"
import { layer as worldLayer, World } from "./World.ts"

const hostLayer = Layer.effect(
  Host,
  Effect.map(World, ({ environment, home, root }) => ({
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    groups: process.getgroups?.() ?? [],
    user: "tester",
    home,
    directory: root,
    environment,
    memory: 16 * 2 ** 30,
    uuid: Effect.sync(() => randomUUID()),
    networks: ownNetworks,
    resolve: addressesOf
  }))
)

const historyLayer = Layer.unwrapEffect(Effect.map(World, ({ saved }) => History.layer(saved)))

/** All services of a session, for the home and the containers of a world of their own. */
export const layer = Sessions.layer.pipe(
  Layer.provideMerge(Layer.mergeAll(Config.layer, historyLayer, Slots.layer, Tmux.layer)),
  Layer.provideMerge(Layer.mergeAll(hostLayer, NodeFileSystem.layer, NodePath.layer)),
  Layer.provideMerge(worldLayer)
)

/** A test in a world of its own: whatever fails in it is not there for the next one. */
export const test = <A, E>(
  name: string,
  run: () => Effect.Effect<A, E, Layer.Layer.Success<typeof layer> | Scope.Scope>,
  /** ms; the project's own where not given. */
  timeout?: number
) => it.live(name, () => Effect.scoped(run()).pipe(Effect.provide(layer)), timeout)

/** A request for a session of the given directory, with what the user's configuration says unless told otherwise. */
export const request = (
  directory: string,
  { resume = Option.none(), ...options }: Omit<SessionOptions, "resume" | "workspace"> & {
    readonly resume?: Option.Option<Metadata>
  } = {}
) =>
  Effect.gen(function*() {
    const { instances } = yield* IncusService
    return yield* planSession({
      size: { columns: 100, rows: 30 },
      ...options,
      workspace: directory,
      resume: Option.isNone(resume)
        ? undefined
        : { metadata: resume.value, instances: yield* instances.listAll }
    }, withoutAsking)
  })

/** Starts a session; it ends with the scope. */
export const start = (...args: Parameters<typeof request>) =>
  Effect.flatMap(request(...args), (asked) => startSession(asked))
