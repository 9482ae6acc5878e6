import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { sentenceOf } from "../domain/Failure.ts"
import { sameRun } from "../domain/Run.ts"
import { NameTaken } from "../incus/errors.ts"
import { IncusService } from "../incus/IncusService.ts"
import { isBusy } from "../incus/power.ts"
import { passing } from "../incus/retry.ts"
import type { Device, Instance } from "../incus/schemas.ts"
import { lxcKey } from "../policy/files/lxc.ts"
import { isNetworkDevice } from "../policy/network/devices.ts"
import { profiles } from "../policy/profiles.ts"
import { idmapKeys } from "../workspace/identity.ts"
import { releaseState, removeContainer, sessionDevice } from "./container.ts"
import { fromInstance, labelKeys, type Labels, toConfig } from "./labels.ts"
import { settleContainer } from "./reconcile.ts"
import type { SlotCandidate } from "./SlotService.ts"

/** What a session's container is to be, but for its name and slot. */
interface ContainerSpec {
  readonly image: string
  readonly devices: Record<string, Device>
  readonly config: Record<string, string>
  /** Labels of the session in the given slot. */
  readonly labels: (container: string, slot: number, persistent: boolean) => Labels
  readonly persistent: boolean
  /** Whether a persistent container that stands there is left alone rather than used by a session that is not. */
  readonly exact: boolean
}

/** A container that runs for a session. */
export interface Occupied extends SlotCandidate {
  /** True if a persistent container that was there is used again. */
  readonly restarted: boolean
  readonly persistent: boolean
}

const create = (place: SlotCandidate, spec: ContainerSpec) =>
  Effect.gen(function*() {
    const incus = yield* IncusService
    const labels = spec.labels(place.container, place.slot, spec.persistent)
    const make = incus.instances.createAndStart({
      name: place.container,
      image: spec.image,
      ephemeral: !spec.persistent,
      config: { ...spec.config, ...toConfig(labels) },
      devices: spec.devices,
      profiles
    })
    yield* Effect.uninterruptibleMask((restore) =>
      restore(make).pipe(
        // One that was made and would not start is still there, and so may be one whose making nobody could watch, or
        // waited for. A name that is taken may be so by this very attempt: Incus says "busy" of either.
        Effect.onError(() =>
          removeContainer(place.container, Option.some(labels)).pipe(
            Effect.catchAll((left) => Effect.logError(sentenceOf(left)))
          )
        )
      )
    )
    return { ...place, restarted: false, persistent: spec.persistent }
  })

/** Gives a stopped persistent container to this session and starts it. */
const restart = (place: SlotCandidate, spec: ContainerSpec, found: Labels) =>
  Effect.gen(function*() {
    const incus = yield* IncusService
    const labels = spec.labels(place.container, place.slot, true)
    const dropped = new Set([...idmapKeys, ...labelKeys, lxcKey])
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
            // What an earlier session had mounted and could reach does not concern this session.
            ...Object.fromEntries(
              Object.entries(instance.devices).filter(([name, device]) =>
                !sessionDevice.test(name) && !isNetworkDevice(name, device)
              )
            ),
            ...spec.devices
          },
          ephemeral: false
        })
        : Option.none()).pipe(Effect.retry({ while: isBusy, schedule: passing("3 seconds") }))
    yield* Effect.uninterruptibleMask((restore) =>
      restore(incus.instances.start(place.container)).pipe(
        // It is this session's now and is not to run: it is left without what is mounted for it.
        Effect.onError(() =>
          Effect.ignore(
            Effect.zipRight(
              incus.instances.stop(place.container, { force: true }),
              releaseState(incus.instances, place.container, labels)
            )
          )
        )
      )
    )
    return { ...place, restarted: true, persistent: true }
  })

const sameLabels = (one: Labels, other: Labels) => one.session === other.session && sameRun(one, other)

/** A stopped container of which this user has no record may just be being made by somebody else (ms). */
const youngest = (instance: Instance): number => instance.last_used_at.getTime() > 0 ? 60_000 : 15 * 60_000

/**
 * Makes the container of a place run for a session: a new one, or the persistent one that stands there stopped. What
 * stands there is left alone while a run has it: a container that reboots shows as stopped too. An ephemeral container
 * that a crash left there is removed first; a persistent container is never replaced.
 */
export const occupy = (place: SlotCandidate, spec: ContainerSpec) =>
  Effect.gen(function*() {
    const incus = yield* IncusService
    if (Option.isNone(place.stopped)) return yield* create(place, spec)
    const taken = new NameTaken({ name: place.container })
    const standing = place.stopped.value
    const labels = Option.getOrUndefined(fromInstance(standing))
    const { run, started, user } = spec.labels(place.container, place.slot, spec.persistent)
    const kept = labels?.persistent === "true"
    if (kept && (spec.exact || labels.user !== user)) return yield* taken
    if (!(yield* settleContainer(standing, run))) return yield* taken
    if (kept) {
      return yield* restart(place, spec, labels).pipe(
        // What has just been settled may have been about to be deleted.
        Effect.catchTag("InstanceNotFound", () => create(place, spec))
      )
    }
    const still = yield* Effect.option(incus.instances.get(place.container))
    if (Option.isSome(still)) {
      if (labels !== undefined && started - labels.started < youngest(standing)) return yield* taken
      // Without force: Incus deletes nothing that runs, or is about to.
      yield* incus.instances.remove(place.container).pipe(Effect.catchTag("IncusRequestError", () => taken))
    }
    return yield* create(place, spec)
  }).pipe(
    // A container that changed between listing and using it is a race lost like any other.
    Effect.catchTags({
      InstanceChanged: () => new NameTaken({ name: place.container }),
      ContainerLeft: () => new NameTaken({ name: place.container })
    }),
    Effect.withSpan("Session.occupy")
  )
