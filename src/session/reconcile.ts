import type * as FileSystem from "@effect/platform/FileSystem"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import { type Failure, sentenceOf } from "../domain/Failure.ts"
import { parseProcess } from "../domain/HostProcess.ts"
import { isElsewhere, type Place } from "../domain/Place.ts"
import { decide, type RunRecord, sameRun, type Sighting } from "../domain/Run.ts"
import type { Host } from "../host/Host.ts"
import { stateOfProcess } from "../host/process.ts"
import * as State from "../host/stateFiles.ts"
import type { IncusFailure } from "../incus/errors.ts"
import { IncusService } from "../incus/IncusService.ts"
import type { Instances } from "../incus/instancesApi.ts"
import type { Instance, ServerInfo } from "../incus/schemas.ts"
import { belongsTo, endContainer, holdsState, retire, waitUntilStopped } from "./container.ts"
import type { ContainerLeft } from "./errors.ts"
import { finishRun, lastSign, removeSaved, type StateNotOurs } from "./finish.ts"
import type { SessionHandle } from "./handle.ts"
import { type HistoryError, HistoryStore } from "./HistoryStore.ts"
import { fromInstance, isExpired } from "./labels.ts"
import { holdersAmong, liveOf, type LiveSession } from "./live.ts"
import { helperLabel } from "./reclaim.ts"
import type { Reconciled } from "./reconciled.ts"
import type { SlotService } from "./SlotService.ts"
import { inItsStore, otherStores, storeOf } from "./stores.ts"

/** A reboot shows as stopped for a quarter of a second; what is off for so many looks (100 ms apart) is off. */
const looks = 8
/** What Incus was asked for is to be seen within this time. */
const creationTime = "700 millis"

type Settling<A> = Effect.Effect<
  A,
  IncusFailure | ContainerLeft | HistoryError | State.StateError | StateNotOurs,
  IncusService | HistoryStore | SlotService | Host | FileSystem.FileSystem
>

/** One session that cannot be put in order, be it by a fault of ours, does not keep the others. */
const warn = <R>(
  settling: Effect.Effect<boolean, Pick<Failure, "message" | "hint">, R>
): Effect.Effect<boolean, never, R> =>
  settling.pipe(
    Effect.catchAllDefect((defect) =>
      Effect.fail({ message: `this is a bug in clincus: ${String(defect)}` })
    ),
    Effect.catchAll((error) => Effect.as(Effect.logWarning(sentenceOf(error)), false))
  )

/** The container of a run: the one that its record names, or any that bears its label. Never a copy of it. */
const instanceOf = (run: RunRecord, instances: ReadonlyArray<Instance>) => {
  const holders = holdersAmong(instances, run.id)
    .filter((instance) => belongsTo(instance, { session: run.id, run: run.run }))
    .filter(({ name }) => run.container === undefined || name === run.container)
  return holders.find(({ status }) => status !== "Stopped") ?? holders[0]
}

/** Whether a run's container can be seen here: another server, or a project that is hidden, says nothing of it. */
const sight = (
  place: Place,
  instance: Instance | undefined,
  server: Effect.Effect<ServerInfo, IncusFailure>
) =>
  Effect.gen(function*() {
    const incus = yield* IncusService
    if (instance !== undefined) return instance.status === "Stopped" ? "stopped" : "live"
    if (place.server === undefined) return "absent"
    const { auth_user_method, environment } = yield* server
    if (isElsewhere(place, environment.certificate_fingerprint)) return "unknown"
    // A user who is let in by the socket alone sees every project.
    if (place.project === undefined || auth_user_method === "unix") return "absent"
    return (yield* incus.hasProject(place.project)) ? "absent" : "unknown"
  }).pipe(
    Effect.map((seen): Sighting => seen),
    // A server that cannot be asked has said nothing.
    Effect.orElseSucceed((): Sighting => "unknown")
  )

/** What is saved of a run that is over: its end, or nothing at all if its container was never made. */
const close = (run: RunRecord) =>
  Effect.gen(function*() {
    const history = yield* HistoryStore
    // Without metadata the container was never made, so there is nothing in it to keep. Damaged metadata is some.
    const made = yield* State.exists(history.directory(run), "metadata.json")
    // It ended when nobody was there to see it.
    yield* made ? finishRun(run, { reason: run.reason ?? "lost" }, lastSign(run)) : removeSaved(run)
    return true
  })

/** True if a container that was seen off stays so for longer than a reboot takes; it may reboot again and again. */
const staysOff = (instances: Instances, container: string) =>
  Effect.gen(function*() {
    for (let look = 0; look < looks; look++) {
      yield* Effect.sleep("100 millis")
      const status = yield* instances.get(container).pipe(
        Effect.map((instance) => instance.status),
        Effect.catchTag("InstanceNotFound", () => Effect.succeed("Gone"))
      )
      if (status === "Gone") return true
      if (status !== "Stopped") return false
    }
    return true
  })

/** What of the world a run is judged by: one look at the server, and who it is. */
interface World {
  readonly instances: ReadonlyArray<Instance>
  readonly server: Effect.Effect<ServerInfo, IncusFailure>
  /** ms since the epoch */
  readonly now: number
}

const lookAround = Effect.gen(function*() {
  const incus = yield* IncusService
  return {
    instances: yield* incus.instances.listAll,
    server: yield* Effect.cached(incus.server),
    now: yield* Clock.currentTimeMillis
  } satisfies World
})

/** Does what is decided of a run. True if it has been finished. */
const settleRun = (run: RunRecord, { instances, now, server }: World): Settling<boolean> =>
  Effect.gen(function*() {
    const incus = yield* IncusService
    const history = yield* HistoryStore
    const instance = instanceOf(run, instances)
    const facts = {
      container: yield* sight(run, instance, server),
      owner: run.owner === undefined ? "dead" as const : yield* stateOfProcess(run.owner),
      age: now - run.since,
      expired: instance !== undefined && isExpired(instance, now)
    }
    // Its owner may have gone on, and ended, since the record was read; what was seen of the container is as old.
    const still = Option.exists(
      yield* history.runs.get(run),
      (one) => one.run === run.run && one.phase === run.phase
    )
    if (!still) return false
    const decision = decide(run, facts)
    const holder = { session: run.id, run: run.run }
    const there = incus.instancesOf(instance?.project ?? incus.project)
    switch (decision) {
      case "leave":
        return false
      case "finish":
        if (run.phase === "starting") {
          // Incus may have been asked for it in the moment before its asker died.
          yield* Effect.sleep(creationTime)
          const late = instanceOf(run, yield* incus.instances.listAll)
          if (late !== undefined) {
            yield* endContainer(late.name, holder, incus.instancesOf(late.project))
          }
        }
        return yield* close(run)
      case "retire":
        if (instance === undefined || !(yield* staysOff(there, instance.name))) return false
        return (yield* retire(there, instance.name, holder)) && (yield* close(run))
      case "expire":
        if (instance !== undefined) yield* endContainer(instance.name, holder, there)
        return yield* close({ ...run, reason: "time" })
      case "undo":
        if (instance !== undefined) yield* endContainer(instance.name, holder, there, run.reason === "killed")
        return yield* close(run)
    }
  })

/**
 * Settles the run that has a container which stands in the way of another one, `own`. True if nobody's run has it any
 * more.
 */
export const settleContainer = (container: Instance, own: string | undefined): Settling<boolean> =>
  Effect.gen(function*() {
    const labels = fromInstance(container)
    if (Option.isNone(labels)) return false
    const { saved, session, tool } = labels.value
    const history = yield* storeOf({ id: session, tool, saved })
    const run = yield* history.runs.get({ tool, id: session })
    // The session's last container, of an older clincus perhaps, is in nobody's way who has the session now.
    if (
      Option.isNone(run) || run.value.run === own || !belongsTo(container, { session, run: run.value.run })
    ) return true
    return yield* warn(
      Effect.provideService(settleRun(run.value, yield* lookAround), HistoryStore, history)
    )
  })

/**
 * Ends a container that holds a session's state without a record: the claim comes before the container and goes after
 * it, so its start was given up when Incus had only just been asked for it. One that is saved elsewhere has its record
 * elsewhere.
 */
const endUnclaimed = ({ container, id, instance, labels, run, tool }: LiveSession) =>
  Effect.gen(function*() {
    const history = yield* HistoryStore
    const key = { tool, id }
    // A copy of a container holds the state in name only, and is somebody's backup.
    if (run === undefined || labels.container !== container) return false
    if (labels.saved !== history.directory(key) || !holdsState(instance)) return false
    // Asked for now: the list of records is older than that of the instances.
    if (yield* history.runs.has(key)) return false
    yield* endContainer(container, { session: id, run })
    return true
  })

/** Removes a helper container whose process died. */
const endHelper = (instance: Instance) =>
  Effect.gen(function*() {
    const incus = yield* IncusService
    const owner = parseProcess(instance.config[helperLabel])
    if (Option.isNone(owner) || (yield* stateOfProcess(owner.value)) !== "dead") return false
    yield* incus.instancesOf(instance.project).destroy(instance.name)
    return true
  })

/** See `reconcile`: this much of it concerns one store. */
const reconcileStore = Effect.gen(function*() {
  const history = yield* HistoryStore
  const incus = yield* IncusService
  // What is on the disk is read before Incus is asked: a session that gets on meanwhile is then seen running.
  const { damaged, runs } = yield* history.runs.list
  const world = yield* lookAround
  yield* Effect.forEach(
    damaged,
    (path) =>
      Effect.logWarning(
        `${path} cannot be read as the record of a session, so nothing is done about it. Remove it when you have looked at it.`
      )
  )

  const settled = yield* Effect.forEach(
    runs,
    (run) => Effect.map(warn(settleRun(run, world)), (done) => ({ id: run.id, done })),
    { concurrency: 8 }
  )
  const helpers = yield* Effect.forEach(world.instances, (instance) => warn(endHelper(instance)), {
    concurrency: 4
  })
  const live = yield* liveOf(world.instances)
  const unclaimed = yield* Effect.forEach(live, (session) => warn(endUnclaimed(session)), { concurrency: 4 })
  const changed = [...settled.map(({ done }) => done), ...helpers, ...unclaimed].includes(true)
  return {
    finished: settled.filter(({ done }) => done).map(({ id }) => id),
    live: changed ? yield* Effect.flatMap(incus.instances.listAll, liveOf) : live
  }
})

/**
 * Brings the disk in line with what Incus says: a run that is over gets its ending noted and its credentials removed, and
 * a start that nobody goes on with is undone. Any command may run it, several at once too. Asks for the instances once,
 * and once more if it has changed something, or if sessions are live that are saved in another store than the one in force.
 */
export const reconcile: Effect.Effect<
  Reconciled,
  IncusFailure | HistoryError,
  IncusService | HistoryStore | SlotService | Host | FileSystem.FileSystem
> = Effect.gen(function*() {
  const here = yield* reconcileStore
  const others = yield* Effect.forEach(
    yield* otherStores(here.live.filter(({ instance }) => holdsState(instance))),
    (store) => Effect.provideService(reconcileStore, HistoryStore, store)
  )
  return {
    finished: [here, ...others].flatMap(({ finished }) => finished),
    live: (others.at(-1) ?? here).live
  }
}).pipe(Effect.withSpan("Session.reconcile"))

/**
 * Waits until a container whose tool has ended is off, for 10 s at most, and then, for 2 s at most, until its run is
 * finished. For a program that has watched the session end.
 */
export const settle = (session: SessionHandle) =>
  inItsStore(
    session,
    Effect.gen(function*() {
      const history = yield* HistoryStore
      yield* waitUntilStopped(session.container, 10_000)
      // Incus says that it is off a moment before it has deleted it.
      const finish = Effect.gen(function*() {
        const run = yield* history.runs.get(session)
        if (Option.isNone(run) || !sameRun(run.value, session)) return true
        return yield* warn(settleRun(run.value, yield* lookAround))
      })
      yield* Effect.repeat(finish, {
        until: (finished) => finished,
        schedule: Schedule.spaced("200 millis").pipe(Schedule.upTo("2 seconds"))
      })
    })
  ).pipe(Effect.asVoid)
