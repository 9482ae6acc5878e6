import * as Effect from "effect/Effect"
import { Host } from "../domain/Host.ts"
import { HistoryStore } from "./HistoryStore.ts"
import type { End } from "./metadata.ts"
import { reclaim } from "./reclaim.ts"
import type { RunRecord } from "./run.ts"
import type { SessionKey } from "./RunStore.ts"
import * as State from "./StateDirectory.ts"

/**
 * Does something to a saved session whose container is gone; where files of a container's users are in the way, they are
 * made the user's first. Fails with the path and the command that removes it where that cannot be done either.
 */
const withRights = <A, E, R>(session: SessionKey, action: Effect.Effect<A, E | State.StateError, R>) =>
  Effect.catchIf(
    action,
    (error): error is State.StateError => error instanceof State.StateError && error.denied,
    (denied) =>
      Effect.gen(function*() {
        const history = yield* HistoryStore
        const host = yield* Host
        // Root has all rights; a user's own state belongs to that user.
        if (host.uid === 0) return yield* denied
        yield* reclaim(history.directory(session), { uid: host.uid, gid: host.gid }).pipe(
          Effect.catchAll((failure) => Effect.zipRight(Effect.logDebug(failure.message), denied))
        )
        return yield* action
      })
  )

/** Ends a run whose container is gone or has lost its hold on the state: see `HistoryStore.finish`. */
export const finishRun = (run: RunRecord, end: End | undefined) =>
  Effect.flatMap(HistoryStore, (history) => withRights(run, history.finish(run, end)))

/** Forgets a saved session, files of the container's users included, while the run has the claim on it. */
export const removeSaved = (run: RunRecord) =>
  Effect.flatMap(HistoryStore, (history) => withRights(run, history.remove(run)))
