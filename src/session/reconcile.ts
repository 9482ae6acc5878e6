import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { removeContainer, waitUntilStopped } from "./container.ts"
import { HistoryStore } from "./HistoryStore.ts"
import { liveSessions } from "./live.ts"

/** A session that is being set up has no container yet; for this long nobody takes it for a dead one (ms). */
const setUpGrace = 60_000

/**
 * Brings the disk in line with what Incus says. Sessions that ended with nobody watching get their ending noted and
 * their credentials removed; ephemeral containers that a crash of the host left stopped are deleted. Any command may run
 * it, several at once too. Returns the ids of the sessions that were finished.
 */
export const reconcile = Effect.gen(function*() {
  const history = yield* HistoryStore
  const open = yield* history.unfinished
  const live = yield* liveSessions
  const now = yield* Clock.currentTimeMillis

  yield* Effect.forEach(
    live.filter(({ instance, labels }) =>
      instance.status === "Stopped" && labels.persistent === "false" && now - labels.started > setUpGrace
    ),
    ({ container, labels }) => removeContainer(container, Option.some(labels.session)),
    { concurrency: 4 }
  )

  const running = new Set(
    live.filter((session) => session.instance.status !== "Stopped").map(({ labels }) => labels.session)
  )
  const ended = yield* Effect.filter(
    open.filter((session) => !running.has(session.id)),
    (session) =>
      now - session.since > setUpGrace
        ? Effect.succeed(true)
        : Effect.map(history.outcome(session), Option.isSome)
  )
  yield* Effect.forEach(ended, (session) =>
    Effect.gen(function*() {
      const metadata = yield* history.get(session)
      // Without metadata the container was never made, so there is nothing in it to keep.
      yield* Option.isNone(metadata) ? history.remove(session) : history.finish(session, { reason: "lost" })
    }))
  return ended.map(({ id }) => id)
})

/** Waits, briefly, until a container whose tool has ended is off, and then reconciles. For whoever watched it end. */
export const settle = (container: string) =>
  waitUntilStopped(container, 10_000).pipe(Effect.zipRight(reconcile), Effect.asVoid)
