import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import { type ImageNotFound, type IncusFailure, NameTaken } from "../incus/errors.ts"
import { IncusService } from "../incus/IncusService.ts"
import type { Device, Instance } from "../incus/schemas.ts"
import { ContainerLeft } from "./errors.ts"
import { fromInstance, type Labels, toConfig } from "./labels.ts"
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

/**
 * How long a stopped container is left to whoever has just claimed it (ms): starting takes a moment, but the first one of
 * an image has to wait until that is unpacked.
 */
const claimGrace = (instance: Instance): number => instance.last_used_at.getTime() > 0 ? 60_000 : 15 * 60_000

const profiles = ["default", "clincus"]
const sessionDevice = /^(workspace|outcome|state\d+)$/

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
      // One that was made and would not start is still there.
      Effect.tapErrorTag("IncusRequestError", () =>
        removeContainer(place.container, Option.some(labels.session)).pipe(
          Effect.catchAll((left) =>
            Effect.logError(`${left.message}. ${left.hint}`)
          )
        ))
    )
    return { ...place, restarted: false, persistent: spec.persistent }
  })

/** A persistent container is free when it is stopped and nobody is just about to start it. */
const isFree = (instance: Instance, now: number): boolean =>
  instance.status === "Stopped"
  && Option.match(fromInstance(instance), {
    onNone: () => false,
    onSome: ({ persistent, started }) =>
      persistent === "true" &&
      (instance.last_used_at.getTime() >= started || now - started > claimGrace(instance))
  })

/** Gives a stopped persistent container to this session and starts it. */
const restart = (place: Place, spec: ContainerSpec) =>
  Effect.gen(function*() {
    const incus = yield* IncusService
    const labels = spec.labels(place.slot, true)
    yield* incus.instances.edit(place.container, (instance) =>
      isFree(instance, labels.started)
        ? Option.some({
          config: { ...instance.config, ...spec.config, ...toConfig(labels) },
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
    yield* incus.instances.start(place.container).pipe(
      // It has not begun, so it is nobody's again: the next one need not wait for us.
      Effect.tapError(() =>
        Effect.ignore(incus.instances.update(place.container, {
          config: {
            "user.clincus.started": Option.match(place.stopped, {
              onNone: () => "0",
              onSome: ({ config }) => config["user.clincus.started"] ?? "0"
            })
          }
        }))
      )
    )
    return { ...place, restarted: true, persistent: true }
  })

/**
 * Makes the container of a place run for a session: a new one, or the persistent one that stands there stopped. An
 * ephemeral one that a crash left there is removed first; a persistent one is never replaced.
 */
export const occupy = (
  place: Place,
  spec: ContainerSpec
): Effect.Effect<Occupied, IncusFailure | ImageNotFound | NameTaken, IncusService> =>
  Effect.gen(function*() {
    if (Option.isNone(place.stopped)) return yield* create(place, spec)
    const labels = fromInstance(place.stopped.value)
    const { started, user } = spec.labels(place.slot, spec.persistent)
    if (Option.exists(labels, ({ persistent }) => persistent === "true")) {
      const foreign = Option.exists(labels, (other) => other.user !== user)
      return yield* spec.exact || foreign ? new NameTaken({ name: place.container }) : restart(place, spec)
    }
    // One that is young and stopped is just being made by somebody else.
    const grace = claimGrace(place.stopped.value)
    const young = Option.exists(labels, (other) => started - other.started < grace)
    if (young) return yield* new NameTaken({ name: place.container })
    // Only while it is still that session's: another program may have done the same and be further on.
    yield* removeContainer(place.container, Option.map(labels, ({ session }) => session))
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

/** Now and then Incus is busy with the instance, or it is just going away by itself; then it is asked again. */
const patience = Schedule.spaced("250 millis").pipe(Schedule.intersect(Schedule.recurs(60)))

/**
 * Removes a container, whatever its state, and returns when it is gone. Given a session, only while it belongs to that:
 * the name may have passed to another one meanwhile. Tries for some 15 s, then fails with `ContainerLeft`.
 */
export const removeContainer = (container: string, session: Option.Option<string>) =>
  Effect.gen(function*() {
    const incus = yield* IncusService
    const instance = yield* incus.instances.get(container)
    const owner = Option.map(fromInstance(instance), (labels) => labels.session)
    if (Option.isSome(session) && !Option.contains(owner, session.value)) return
    yield* incus.instances.destroy(container)
  }).pipe(
    Effect.retry({ schedule: patience, while: (error) => error._tag === "IncusRequestError" }),
    Effect.catchTag("InstanceNotFound", () => Effect.void),
    Effect.mapError((cause) => new ContainerLeft({ container, cause }))
  )

/**
 * Ends the container of a session as its label says at this moment (`persist` may have changed it): a persistent one is
 * asked to shut down, gets `timeoutSeconds`, and stays, stopped; an ephemeral one is removed. Another session's
 * container of the same name is left alone.
 */
export const endContainer = (container: string, session: string, timeoutSeconds: number) =>
  Effect.gen(function*() {
    const incus = yield* IncusService
    const labels = fromInstance(yield* incus.instances.get(container))
    if (!Option.exists(labels, (now) => now.session === session)) return
    if (Option.exists(labels, (now) => now.persistent === "false")) {
      return yield* removeContainer(container, Option.some(session))
    }
    yield* stopContainer(container, timeoutSeconds)
  }).pipe(
    Effect.catchTag("InstanceNotFound", () => Effect.void),
    Effect.mapError((cause) =>
      cause instanceof ContainerLeft ? cause : new ContainerLeft({ container, cause })
    )
  )

/** Asks a container's system to shut down; pulls the plug after `timeoutSeconds`. */
export const stopContainer = (container: string, timeoutSeconds: number) =>
  Effect.gen(function*() {
    const incus = yield* IncusService
    yield* incus.instances.stop(container, { force: false, timeoutSeconds }).pipe(
      Effect.catchTag("IncusRequestError", () => incus.instances.stop(container, { force: true }))
    )
  }).pipe(
    Effect.retry({ schedule: patience, while: (error) => error._tag === "IncusRequestError" }),
    Effect.catchTag("InstanceNotFound", () => Effect.void),
    Effect.mapError((cause) => new ContainerLeft({ container, cause }))
  )

/** Waits until the container no longer runs, for at most `timeoutMillis`; true if it does not. */
export const waitUntilStopped = (container: string, timeoutMillis: number) =>
  Effect.gen(function*() {
    const incus = yield* IncusService
    const deadline = (yield* Clock.currentTimeMillis) + timeoutMillis
    while ((yield* Clock.currentTimeMillis) < deadline) {
      const status = yield* incus.instances.get(container).pipe(
        Effect.map((instance) => instance.status),
        Effect.catchTag("InstanceNotFound", () => Effect.succeed("Gone"))
      )
      if (status === "Stopped" || status === "Gone") return true
      yield* Effect.sleep("200 millis")
    }
    return false
  })
