import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import { sameRun } from "../domain/Run.ts"
import { runVariable } from "../guest/watch.ts"
import { IncusService } from "../incus/IncusService.ts"
import type { Instances } from "../incus/instancesApi.ts"
import { mayPass, passing, retryPassing } from "../incus/retry.ts"
import type { Instance } from "../incus/schemas.ts"
import { forgiving, lxcKey } from "../policy/files/lxc.ts"
import { ContainerLeft } from "./errors.ts"
import { fromInstance } from "./labels.ts"

/** Whose a container must be for something to be done to it: a session's, and of one start of it. */
export interface Holder {
  readonly session: string
  readonly run?: string | undefined
}

/** True while the container belongs to this start of this session: its name may have passed to another one meanwhile. */
export const belongsTo = (instance: Instance, holder: Holder): boolean =>
  Option.exists(
    fromInstance(instance),
    (labels) => labels.session === holder.session && sameRun(labels, holder)
  )

/** Now and then Incus is busy with the instance, or restarts; then it is asked again, for so long. */
const patience = "15 seconds"

/** How long the system of a session's container gets to shut down if nobody says otherwise (s). */
export const shutdownSeconds = 10

/**
 * Removes a container, whatever its state, and returns when it is gone. Given a holder, only while it belongs to that.
 * Tries for some 15 s, then fails with `ContainerLeft`.
 */
export const removeContainer = (
  container: string,
  holder: Option.Option<Holder>,
  given?: Instances
) =>
  Effect.gen(function*() {
    const instances = given ?? (yield* IncusService).instances
    yield* Effect.gen(function*() {
      const instance = yield* instances.get(container)
      if (Option.exists(holder, (one) => !belongsTo(instance, one))) return
      yield* instances.destroy(container)
    }).pipe(
      retryPassing(patience),
      Effect.catchTag("InstanceNotFound", () => Effect.void),
      Effect.mapError((cause) => new ContainerLeft({ container, cause }))
    )
  })

/** Tells the container's init which run it was started for: see `sessionUnit`. */
export const runOf = (run: string | undefined): Record<string, string> =>
  run === undefined ? {} : { [`environment.${runVariable}`]: run }

/** The devices of a session in an instance: what it has of the host. */
export const sessionDevice = /^(workspace|git|blank|hold\d+|outcome|state\d+)$/
const stateDevice = /^(outcome|state\d+)$/

/** True if an instance has a saved session mounted, or would have it once it is started. */
export const holdsState = ({ devices }: Instance): boolean =>
  Object.keys(devices).some((name) => stateDevice.test(name))

/**
 * Takes the saved session out of a stopped container, so that nothing that is started in it later sees or changes what is
 * saved. Incus refuses the change if anything has happened to the instance since it was looked at, a start most of all.
 * Fails with `InstanceChanged` then, and if the container is not stopped or another's.
 */
export const releaseState = (instances: Instances, container: string, holder: Holder) =>
  instances.edit(container, (instance) =>
    instance.status === "Stopped" && belongsTo(instance, holder)
      ? Option.some({
        // If it is started by hand, it has no session, and so no off-switch.
        config: Object.fromEntries(
          Object.entries(instance.config).filter(([key]) => key !== `environment.${runVariable}`)
            .map(([key, value]) => [key, key === lxcKey ? forgiving(value) : value])
        ),
        devices: Object.fromEntries(
          Object.entries(instance.devices).filter(([name]) => !stateDevice.test(name))
        ),
        ephemeral: instance.ephemeral
      })
      : Option.none())

/** What Incus is about to start shows as up within this time. */
const startTime = "700 millis"

/** Stops a container that comes up again; true if it has stayed off. */
const keepStopped = (instances: Instances, container: string) =>
  Effect.gen(function*() {
    yield* Effect.sleep(startTime)
    const { status } = yield* instances.get(container)
    if (status === "Stopped") return true
    yield* instances.stop(container, { force: true }).pipe(
      retryPassing(patience)
    )
    return false
  })

/**
 * Makes certain that a container which is off stays without its session: an ephemeral one is deleted, a persistent one
 * loses the saved session. True if that is so; false if it runs again, as after a reboot, or is busy.
 */
export const retire = (instances: Instances, container: string, holder: Holder) =>
  Effect.gen(function*() {
    const instance = yield* instances.get(container)
    // Another run has it: this run's hold on the state ended when its devices were replaced.
    if (!belongsTo(instance, holder)) return true
    if (Option.exists(fromInstance(instance), ({ persistent }) => persistent === "true")) {
      yield* releaseState(instances, container, holder)
      // It may have been starting when the devices were taken off, with what it had before: then it is stopped for good.
      yield* Effect.repeat(keepStopped(instances, container), {
        until: (stayed) => stayed,
        times: 5
      })
      return true
    }
    // Without force: Incus deletes nothing that runs.
    yield* instances.remove(container)
    return true
  }).pipe(
    Effect.catchTags({
      InstanceNotFound: () => Effect.succeed(true),
      InstanceChanged: () => Effect.succeed(false),
      OperationLost: () => Effect.succeed(false)
    }),
    Effect.catchIf(
      (error) => error._tag === "IncusRequestError" && /running|busy/i.test(error.reason),
      () => Effect.succeed(false)
    ),
    Effect.mapError((cause) => new ContainerLeft({ container, cause }))
  )

/**
 * Ends the container of a run as its label says at this moment (`persist` may have changed it): an ephemeral one is removed
 * at once, a persistent one is shut down, unless it is `killed`, which removes that too.
 */
export const endContainer = (container: string, holder: Holder, given?: Instances, killed = false) =>
  Effect.gen(function*() {
    const instances = given ?? (yield* IncusService).instances
    const persistent = yield* isPersistent(instances, container, holder)
    if (Option.isNone(persistent)) return
    yield* persistent.value && !killed
      ? shutdownContainer(container, holder, shutdownSeconds, instances)
      : removeContainer(container, Option.some(holder), instances)
  }).pipe(Effect.withSpan("Session.endContainer"))

/**
 * Shuts the system of a run's container down, within `timeoutSeconds`. An ephemeral container is gone then; a persistent
 * one stays, stopped, without the saved session.
 */
export const shutdownContainer = (
  container: string,
  holder: Holder,
  timeoutSeconds: number,
  given?: Instances
) =>
  Effect.gen(function*() {
    const instances = given ?? (yield* IncusService).instances
    if (Option.isNone(yield* isPersistent(instances, container, holder))) return
    yield* stopContainer(container, timeoutSeconds, instances)
    const persistent = yield* isPersistent(instances, container, holder)
    if (Option.isNone(persistent)) return
    // Incus deletes an ephemeral instance by itself a moment after it has stopped.
    if (!persistent.value) return yield* removeContainer(container, Option.some(holder), instances)
    yield* releaseStopped(instances, container, holder).pipe(
      Effect.retry({
        schedule: passing(patience),
        while: (error) => error._tag === "InstanceChanged" || mayPass(error)
      }),
      Effect.catchTag("InstanceNotFound", () => Effect.void),
      Effect.mapError((cause) => new ContainerLeft({ container, cause }))
    )
  })

/** Whether a run's container is persistent; none if there is no such container any more. */
const isPersistent = (instances: Instances, container: string, holder: Holder) =>
  instances.get(container).pipe(
    Effect.map((instance) =>
      belongsTo(instance, holder)
        ? Option.map(fromInstance(instance), ({ persistent }) => persistent === "true")
        : Option.none()
    ),
    retryPassing(patience),
    Effect.catchTag("InstanceNotFound", () => Effect.succeed(Option.none<boolean>())),
    Effect.mapError((cause) => new ContainerLeft({ container, cause }))
  )

/** Takes the saved session out of a container that was stopped, and stops it again if somebody has started it. */
const releaseStopped = (instances: Instances, container: string, holder: Holder) =>
  Effect.gen(function*() {
    const instance = yield* instances.get(container)
    if (!belongsTo(instance, holder)) return
    if (instance.status !== "Stopped") yield* instances.stop(container, { force: true })
    yield* releaseState(instances, container, holder)
  })

/** Asks a container's system to shut down; pulls the plug after `timeoutSeconds`. */
const stopContainer = (container: string, timeoutSeconds: number, instances: Instances) =>
  instances.stop(container, { force: false, timeoutSeconds }).pipe(
    Effect.catchTags({
      IncusRequestError: () => instances.stop(container, { force: true }),
      OperationLost: () => instances.stop(container, { force: true })
    }),
    retryPassing(patience),
    Effect.catchTag("InstanceNotFound", () => Effect.void),
    Effect.mapError((cause) => new ContainerLeft({ container, cause }))
  )

/** True if an instance is off or gone. */
const isOff = (instances: Instances, container: string) =>
  instances.get(container).pipe(
    Effect.map((instance) => instance.status === "Stopped"),
    Effect.catchTag("InstanceNotFound", () => Effect.succeed(true))
  )

/**
 * Returns when the container no longer runs. It is looked at when Incus tells of an event of it, and every two seconds
 * besides, for an event may be lost.
 */
export const untilStopped = (container: string) =>
  Effect.scoped(Effect.gen(function*() {
    const incus = yield* IncusService
    const happened = yield* Queue.sliding<void>(1)
    yield* incus.events.instances.pipe(
      Stream.filter(({ name }) => name === container),
      Stream.runForEach(() => happened.offer(undefined)),
      Effect.ignore,
      Effect.forkScoped
    )
    let pause = Duration.millis(100)
    while (!(yield* isOff(incus.instances, container))) {
      yield* Effect.race(happened.take, Effect.sleep(pause))
      pause = Duration.min(Duration.times(pause, 2), Duration.seconds(2))
    }
  }))

/** The same for at most `timeoutMillis`; true if the container no longer runs. */
export const waitUntilStopped = (container: string, timeoutMillis: number) =>
  Effect.map(Effect.timeoutOption(untilStopped(container), timeoutMillis), Option.isSome)

/** True unless Incus says that no container holds the state for this run. */
export const isHeld = (holder: Holder) =>
  Effect.flatMap(IncusService, (incus) => incus.instances.listAll).pipe(
    Effect.map((instances) =>
      instances.some((instance) => belongsTo(instance, holder) && holdsState(instance))
    ),
    Effect.orElseSucceed(() => true)
  )
