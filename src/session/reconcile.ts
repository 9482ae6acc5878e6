import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { IncusService } from "../incus/IncusService.ts"
import { removeContainer, waitUntilStopped } from "./container.ts"
import { HistoryStore } from "./HistoryStore.ts"
import { liveSessions } from "./live.ts"
import type { Metadata } from "./metadata.ts"
import * as State from "./StateDirectory.ts"

/** A session may be just starting or ending; for this long nobody takes it for a dead one (ms). */
const grace = 60_000
/** One whose container was never seen running may wait for an image to be unpacked (ms). */
const setUpGrace = 15 * 60_000

/** True once the container of this start has run: `startSession` notes the time of the start then, and not before. */
const hasRun = (metadata: Option.Option<Metadata>, since: number) =>
  Option.exists(metadata, ({ lastUsedAt }) => lastUsedAt.getTime() >= since)

/** One session that cannot be put in order does not keep the others. */
const warn = Effect.catchAll((error: { readonly message: string }) => Effect.logWarning(error.message))

/**
 * Brings the disk in line with what Incus says. Sessions that ended with nobody watching get their ending noted and
 * their credentials removed; ephemeral containers that a crash of the host left stopped are deleted. Any command may run
 * it, several at once too. Returns the ids of the sessions that were finished.
 */
export const reconcile = Effect.gen(function*() {
  const history = yield* HistoryStore
  const incus = yield* IncusService
  // What is on the disk is read before Incus is asked: a session that gets on meanwhile is then seen running.
  const open = yield* Effect.forEach(
    yield* history.unfinished,
    (session) =>
      Effect.map(history.get(session), (metadata) => ({ session, ran: hasRun(metadata, session.since) }))
  )
  const live = yield* liveSessions
  // The directory of saved sessions is shared by all prefixes and projects.
  const instances = yield* incus.instances.listAll
  const now = yield* Clock.currentTimeMillis

  yield* Effect.forEach(
    live.filter(({ instance, labels }) =>
      instance.status === "Stopped" && labels.persistent === "false"
      && now - labels.started
        > (open.some(({ ran, session }) => ran && session.id === labels.session) ? grace : setUpGrace)
    ),
    ({ container, labels }) => warn(removeContainer(container, Option.some(labels.session))),
    { concurrency: 4 }
  )

  const running = new Set(
    instances.filter(({ status }) => status !== "Stopped").map(({ config }) => config["user.clincus.session"])
  )
  // One that ran and is not there any more has ended; one that never did may be about to.
  const ended = open.filter(({ ran, session }) =>
    !running.has(session.id) && (ran || now - session.since > setUpGrace)
  )
  yield* Effect.forEach(ended, ({ session }) =>
    warn(Effect.gen(function*() {
      // Without metadata the container was never made, so there is nothing in it to keep. Damaged metadata is some.
      const made = yield* State.isFile(history.directory(session), "metadata.json")
      yield* made ? history.finish(session, { reason: "lost" }) : history.remove(session)
    })))
  return ended.map(({ session }) => session.id)
})

/** Waits, briefly, until a container whose tool has ended is off, and then reconciles. For whoever watched it end. */
export const settle = (container: string) =>
  waitUntilStopped(container, 10_000).pipe(Effect.zipRight(reconcile), Effect.asVoid)
