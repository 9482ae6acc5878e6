import * as FileSystem from "@effect/platform/FileSystem"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { Host } from "../host/Host.ts"
import type { IncusFailure } from "../incus/errors.ts"
import { NameTaken } from "../incus/errors.ts"
import { IncusService } from "../incus/IncusService.ts"
import type { Instance } from "../incus/schemas.ts"
import type { Workspace } from "../workspace/Workspace.ts"
import { NoFreeSlot, SlotInUse, SlotOutOfRange } from "./errors.ts"
import { fromInstance } from "./labels.ts"
import { requireRoom, type TooManyContainers } from "./room.ts"

/**
 * A name that is to be tried, and the stopped container that stands under it, if one does.
 *
 * @see SlotService
 */
export interface SlotCandidate {
  readonly container: string
  readonly slot: number
  readonly stopped: Option.Option<Instance>
}

/**
 * Names and slots. Incus refuses a name that is taken, so making the instance is the claim; there is no lock. A race is
 * lost with `NameTaken` and the next slot is tried.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Effect from "effect/Effect"
 *
 * export const prefix = Effect.map(Clincus.SlotService, ({ prefix }) => prefix)
 *
 * // Makes something of your own in a free slot: Incus refuses a name that is taken, and the next slot is tried.
 * export const claim = (
 *   workspace: Clincus.Workspace,
 *   make: (place: Clincus.SlotCandidate) => Effect.Effect<string, Clincus.NameTaken>
 * ) => Effect.flatMap(Clincus.SlotService, (slots) => slots.claim(workspace, 0, make))
 */
export class SlotService extends Context.Tag("clincus/SlotService")<SlotService, {
  /** What all container names begin with, `clincus-` unless `CLINCUS_CONTAINER_PREFIX` says otherwise. */
  readonly prefix: string
  /**
   * Calls `occupy` with the place asked for (`slot` 1–10) or, if `slot` is 0, with the lowest free one and then the
   * next as long as it fails with `NameTaken`. Whatever else it fails with ends the search.
   */
  readonly claim: <A, E, R>(
    workspace: Workspace,
    slot: number,
    occupy: (place: SlotCandidate) => Effect.Effect<A, E | NameTaken, R>
  ) => Effect.Effect<A, E | SlotOutOfRange | SlotInUse | NoFreeSlot | TooManyContainers | IncusFailure, R>
}>() {}

/** The first and the last slot of a workspace. */
export const slots: ReadonlyArray<number> = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]

/** Fails unless there is such a slot: 1 to 10, or 0 for any. */
export const requireSlot = (slot: number): Effect.Effect<void, SlotOutOfRange> =>
  Number.isInteger(slot) && slot >= 0 && slot <= 10 ? Effect.void : new SlotOutOfRange({ slot })

/**
 * The shortest name for a workspace, six digits of its hash or more, that no other workspace's container bears. A
 * container without labels is somebody else's.
 */
export const baseName = (
  prefix: string,
  workspace: Workspace,
  instances: ReadonlyArray<Instance>
): string => {
  for (let digits = 6; digits < workspace.hash.length; digits++) {
    const base = `${prefix}${workspace.hash.slice(0, digits)}`
    const foreign = instances.some((instance) =>
      slots.some((slot) => instance.name === `${base}-${slot}`)
      && !Option.exists(fromInstance(instance), (labels) => labels.workspace === workspace.path)
    )
    if (!foreign) return base
  }
  return `${prefix}${workspace.hash}`
}

/**
 * Slots of the Incus server, with the prefix of container names that `CLINCUS_CONTAINER_PREFIX` gives, else `clincus-`.
 *
 * @example
 * import * as NodeFileSystem from "@effect/platform-node-shared/NodeFileSystem"
 * import * as Clincus from "clincus"
 * import * as Layer from "effect/Layer"
 *
 * export const slots = Clincus.slotLayer.pipe(
 *   Layer.provide(Clincus.incusLayer({ socket: "/var/lib/incus/unix.socket", project: "default" })),
 *   Layer.provide([Clincus.hostLayer, NodeFileSystem.layer])
 * )
 */
export const layer: Layer.Layer<SlotService, never, IncusService | Host | FileSystem.FileSystem> = Layer
  .effect(
    SlotService,
    Effect.gen(function*() {
      const incus = yield* IncusService
      const host = yield* Host
      const fs = yield* FileSystem.FileSystem
      const prefix = host.environment["CLINCUS_CONTAINER_PREFIX"] || "clincus-"

      return {
        prefix,
        claim: (workspace, slot, occupy) =>
          Effect.gen(function*() {
            yield* requireSlot(slot)
            const everywhere = yield* incus.instances.listAll
            yield* requireRoom(everywhere).pipe(Effect.provideService(FileSystem.FileSystem, fs))
            const instances = everywhere.filter(({ project }) => project === incus.project)
            const base = baseName(prefix, workspace, instances)
            for (const candidate of slot === 0 ? slots : [slot]) {
              const container = `${base}-${candidate}`
              const inUse = new SlotInUse({ slot: candidate, container, workspace: workspace.path })
              const standing = instances.find((instance) => instance.name === container)
              const free = standing === undefined || standing.status === "Stopped"
              const result = free
                ? yield* occupy({ container, slot: candidate, stopped: Option.fromNullable(standing) }).pipe(
                  Effect.map(Option.some),
                  Effect.catchIf((error) => error instanceof NameTaken, () => Effect.succeed(Option.none()))
                )
                : Option.none()
              if (Option.isSome(result)) return result.value
              if (slot !== 0) return yield* inUse
            }
            return yield* new NoFreeSlot({ workspace: workspace.path })
          }).pipe(Effect.withSpan("SlotService.claim"))
      }
    })
  )
