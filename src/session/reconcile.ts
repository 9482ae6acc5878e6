import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { stateOfOwner } from "../domain/Owner.ts"
import { IncusService } from "../incus/IncusService.ts"
import type { Instance } from "../incus/schemas.ts"
import { belongsTo, endContainer, retire, waitUntilStopped } from "./container.ts"
import { finishRun, removeSaved } from "./finish.ts"
import { HistoryStore } from "./HistoryStore.ts"
import { liveOf, type LiveSession } from "./live.ts"
import { decide, type RunRecord, type Sighting } from "./run.ts"
import * as State from "./StateDirectory.ts"

/** A stopped container that no record speaks of may be one that somebody with another directory is making (ms). */
const strangerGrace = 15 * 60_000
/** A reboot shows as stopped for a quarter of a second; what is off for this long is off. */
const rebootTime = "1500 millis"
/** How long the system of a persistent container gets to shut down (s). */
const shutdownSeconds = 10

/** One session that cannot be put in order does not keep the others. */
const warn = Effect.catchAll((error: { readonly message: string; readonly hint?: string | undefined }) =>
  Effect.as(
    Effect.logWarning(error.hint === undefined ? error.message : `${error.message}. ${error.hint}`),
    false
  )
)

const instanceOf = (run: RunRecord, instances: ReadonlyArray<Instance>) =>
  instances.find((instance) => belongsTo(instance, { session: run.id, run: run.run }))

/** Whether a run's container can be seen here: another server, or a project that is hidden, says nothing of it. */
const sight = (run: RunRecord, instance: Instance | undefined) =>
  Effect.gen(function*() {
    const incus = yield* IncusService
    if (instance !== undefined) return instance.status === "Stopped" ? "stopped" : "live"
    if (run.server !== undefined) {
      const { environment } = yield* incus.server
      if (environment.certificate_fingerprint !== run.server) return "unknown"
    }
    return run.project === undefined || (yield* incus.hasProject(run.project)) ? "absent" : "unknown"
  }).pipe(
    Effect.map((seen): Sighting => seen),
    // Who cannot be asked has said nothing.
    Effect.orElseSucceed((): Sighting => "unknown")
  )

/** What is saved of a run that is over: its end, or nothing at all where its container was never made. */
const close = (run: RunRecord) =>
  Effect.gen(function*() {
    const history = yield* HistoryStore
    // Without metadata the container was never made, so there is nothing in it to keep. Damaged metadata is some.
    const made = yield* State.exists(history.directory(run), "metadata.json")
    yield* made ? finishRun(run, { reason: "lost" }) : removeSaved(run)
    return true
  })

/** True where the run has been finished. */
const settleRun = (run: RunRecord, instances: ReadonlyArray<Instance>, now: number) =>
  Effect.gen(function*() {
    const incus = yield* IncusService
    const instance = instanceOf(run, instances)
    const decision = decide(run, {
      container: yield* sight(run, instance),
      owner: run.owner === undefined ? "dead" : yield* stateOfOwner(run.owner),
      age: now - run.since
    })
    const holder = { session: run.id, run: run.run }
    const there = incus.instancesOf(instance?.project ?? incus.project)
    switch (decision) {
      case "leave":
        return false
      case "finish":
        return yield* close(run)
      case "retire":
        yield* Effect.sleep(rebootTime)
        return instance !== undefined && (yield* retire(there, instance.name, holder)) && (yield* close(run))
      case "undo":
        if (instance !== undefined) yield* endContainer(instance.name, holder, shutdownSeconds, there)
        return yield* close(run)
    }
  })

/**
 * Ends an ephemeral container that runs without a record: the claim comes before the container and goes after it, so its
 * start was given up when Incus had only just been asked for it. One that is saved elsewhere has its record elsewhere.
 */
const endUnclaimed = ({ container, instance, labels }: LiveSession) =>
  Effect.gen(function*() {
    const history = yield* HistoryStore
    const key = { tool: labels.tool, id: labels.session }
    if (instance.status === "Stopped" || labels.persistent === "true" || labels.run === undefined) {
      return false
    }
    if (labels.saved !== history.directory(key)) return false
    // Asked for now: the list of records is older than that of the instances.
    if (Option.isSome(yield* history.runs.get(key))) return false
    yield* endContainer(container, labels, shutdownSeconds)
    return true
  })

/**
 * Brings the disk in line with what Incus says: a run that is over gets its ending noted and its credentials removed, and
 * a start that nobody goes on with is undone. Any command may run it, several at once too. Returns the ids of the
 * sessions that were finished.
 */
export const reconcile = Effect.gen(function*() {
  const history = yield* HistoryStore
  const incus = yield* IncusService
  // What is on the disk is read before Incus is asked: a session that gets on meanwhile is then seen running.
  const { damaged, runs } = yield* history.runs.list
  const instances = yield* incus.instances.listAll
  const now = yield* Clock.currentTimeMillis
  yield* Effect.forEach(
    damaged,
    (path) =>
      Effect.logWarning(
        `${path} cannot be read as the record of a session, so nothing is done about it. Remove it when you have looked at it.`
      )
  )

  const finished = yield* Effect.forEach(
    runs,
    (run) => Effect.map(warn(settleRun(run, instances, now)), (done) => done ? [run.id] : []),
    { concurrency: 8 }
  )

  const live = yield* liveOf(instances)
  yield* Effect.forEach(live, (session) => warn(endUnclaimed(session)), { concurrency: 4 })

  // What no record speaks of: an ephemeral container that a crash of the host left stopped.
  const strangers = live.filter(({ instance, labels }) =>
    instance.status === "Stopped" && labels.persistent === "false" && now - labels.started > strangerGrace
    && !runs.some((run) => belongsTo(instance, { session: run.id, run: run.run }))
  )
  yield* Effect.forEach(
    strangers,
    ({ container, labels }) => retire(incus.instances, container, labels).pipe(warn),
    {
      concurrency: 4
    }
  )
  return finished.flat()
})

/** Waits, briefly, until a container whose tool has ended is off, and then reconciles. For whoever watched it end. */
export const settle = (container: string) =>
  waitUntilStopped(container, 10_000).pipe(Effect.zipRight(reconcile), Effect.asVoid)
