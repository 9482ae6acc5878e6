import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { type ImageNotFound, type IncusFailure, NameTaken } from "../incus/errors.ts"
import { IncusService } from "../incus/IncusService.ts"
import type { Device, Instance } from "../incus/schemas.ts"
import { removeContainer, sessionDevice } from "./container.ts"
import { HistoryStore } from "./HistoryStore.ts"
import { idmapKeys } from "./identity.ts"
import { fromInstance, labelKeys, type Labels, toConfig } from "./labels.ts"
import { sameRun } from "./run.ts"
import type { Place } from "./SlotService.ts"

/** What a session's container is to be, but for its name and slot. */
export interface ContainerSpec {
  readonly image: string
  readonly devices: Record<string, Device>
  readonly config: Record<string, string>
  /** Labels of the session in the given slot. */
  readonly labels: (slot: number, persistent: boolean) => Labels
  readonly persistent: boolean
  /** Whether a persistent container that stands there is left alone rather than used by a session that is not. */
  readonly exact: boolean
}

/** A container that runs for a session. */
export interface Occupied extends Place {
  /** True where a persistent container that was there is used again. */
  readonly restarted: boolean
  readonly persistent: boolean
}

const profiles = ["default", "clincus"]

const create = (place: Place, spec: ContainerSpec) =>
  Effect.gen(function*() {
    const incus = yield* IncusService
    const labels = spec.labels(place.slot, spec.persistent)
    yield* incus.instances.createAndStart({
      name: place.container,
      image: spec.image,
      ephemeral: !spec.persistent,
      config: { ...spec.config, ...toConfig(labels) },
      devices: spec.devices,
      profiles
    }).pipe(
      // One that was made and would not start is still there, and so may one be whose making nobody could watch.
      Effect.tapError((error) =>
        error._tag === "NameTaken" || error._tag === "ImageNotFound" ? Effect.void : removeContainer(
          place.container,
          Option.some(labels)
        ).pipe(Effect.catchAll((left) => Effect.logError(`${left.message}. ${left.hint}`)))
      )
    )
    return { ...place, restarted: false, persistent: spec.persistent }
  })

/** True where another clincus has just given the container to a session of this user's and is about to start it. */
const isBeingStarted = (labels: Labels) =>
  Effect.gen(function*() {
    const history = yield* HistoryStore
    const record = yield* history.runs.get({ tool: labels.tool, id: labels.session })
    return Option.exists(record, (one) => one.phase === "starting" && sameRun(one, labels))
  })

/** Gives a stopped persistent container to this session and starts it. */
const restart = (place: Place, spec: ContainerSpec, found: Labels) =>
  Effect.gen(function*() {
    const incus = yield* IncusService
    const labels = spec.labels(place.slot, true)
    if (yield* isBeingStarted(found)) return yield* new NameTaken({ name: place.container })
    const dropped = new Set([...idmapKeys, ...labelKeys])
    yield* incus.instances.edit(place.container, (instance) =>
      // Of two who try at once Incus lets one change what both have seen.
      instance.status === "Stopped" && Option.exists(fromInstance(instance), (now) => sameLabels(now, found))
        ? Option.some({
          config: {
            ...Object.fromEntries(Object.entries(instance.config).filter(([key]) => !dropped.has(key))),
            ...spec.config,
            ...toConfig(labels)
          },
          devices: {
            // What an earlier session had mounted is none of this one's business.
            ...Object.fromEntries(
              Object.entries(instance.devices).filter(([name]) => !sessionDevice.test(name))
            ),
            ...spec.devices
          },
          ephemeral: false
        })
        : Option.none())
    yield* incus.instances.start(place.container)
    return { ...place, restarted: true, persistent: true }
  })

const sameLabels = (one: Labels, other: Labels) => one.session === other.session && sameRun(one, other)

/** A container that stands stopped and belongs to nobody's start any more; a young one may just be being made (ms). */
const youngest = (instance: Instance): number => instance.last_used_at.getTime() > 0 ? 60_000 : 15 * 60_000

/**
 * Makes the container of a place run for a session: a new one, or the persistent one that stands there stopped. An
 * ephemeral one that a crash left there is removed first; a persistent one is never replaced.
 */
export const occupy = (
  place: Place,
  spec: ContainerSpec
): Effect.Effect<Occupied, IncusFailure | ImageNotFound | NameTaken, IncusService | HistoryStore> =>
  Effect.gen(function*() {
    if (Option.isNone(place.stopped)) return yield* create(place, spec)
    const taken = new NameTaken({ name: place.container })
    const labels = Option.getOrUndefined(fromInstance(place.stopped.value))
    const { started, user } = spec.labels(place.slot, spec.persistent)
    if (labels?.persistent === "true") {
      return yield* spec.exact || labels.user !== user ? taken : restart(place, spec, labels)
    }
    if (labels !== undefined) {
      const own = labels.user === user
      if (own && (yield* isBeingStarted(labels))) return yield* taken
      if (!own && started - labels.started < youngest(place.stopped.value)) return yield* taken
    }
    // Only while it is still that session's: another program may have done the same and be further on.
    yield* removeContainer(place.container, Option.fromNullable(labels))
    return yield* create(place, spec)
  }).pipe(
    // A container that went away between listing and using it is a race lost like any other.
    Effect.catchTags({
      InstanceNotFound: () => new NameTaken({ name: place.container }),
      InstanceChanged: () => new NameTaken({ name: place.container }),
      ContainerLeft: () => new NameTaken({ name: place.container })
    }),
    // Making and starting is one step: what is begun is known to the release.
    Effect.uninterruptible
  )
