import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { End } from "../domain/Metadata.ts"
import type { RunRecord } from "../domain/Run.ts"
import type { SessionRef } from "../domain/SessionRef.ts"
import { Host } from "../host/Host.ts"
import { quote } from "../host/shell.ts"
import * as State from "../host/stateFiles.ts"
import { closeFor } from "../policy/network/prepare.ts"
import { builtIn } from "../tool/ToolRegistry.ts"
import { lastWritten } from "./conversations.ts"
import { HistoryStore } from "./HistoryStore.ts"
import { reclaim } from "./reclaim.ts"

/**
 * What a run leaves could not be removed, credentials perhaps: it belongs to a user over whom this user has no power.
 *
 * @see EndFailure
 */
export class StateNotOurs extends Data.TaggedError("StateNotOurs")<{
  readonly session: SessionRef
  readonly directory: string
  readonly reason: string
}> {
  override get message(): string {
    return `session ${this.session.id} is not cleared of its credentials: something in ${this.directory} belongs to another user (${this.reason})`
  }
  get hint(): string {
    return `Make it yours, and the next command clears it: sudo chown -R "$(id -u):$(id -g)" ${
      quote(this.directory)
    }`
  }
}

/**
 * Does something to a saved session whose container is gone; if files of a container's users are in the way, they are
 * made the user's first. Fails with `StateNotOurs` if that cannot be done.
 */
const withRights = <A, E, R>(session: SessionRef, action: Effect.Effect<A, E | State.StateError, R>) => {
  const isDenied = (error: E | State.StateError): error is State.StateError =>
    error instanceof State.StateError && error.denied
  return Effect.catchIf(action, isDenied, () =>
    Effect.gen(function*() {
      const history = yield* HistoryStore
      const host = yield* Host
      const directory = history.directory(session)
      const notOurs = (reason: string) => new StateNotOurs({ session, directory, reason })
      // Root has all rights; a user's own state belongs to that user.
      if (host.uid !== 0) {
        yield* reclaim(directory, { uid: host.uid, gid: host.gid }).pipe(
          Effect.mapError(({ cause }) => notOurs(cause.message))
        )
      }
      return yield* Effect.catchIf(action, isDenied, (denied) => notOurs(denied.message))
    }))
}

/**
 * Ends a run whose container is gone or has lost its hold on the state: see `HistoryStore.finish`. It has ended at this
 * moment unless `at` says when (ms since the epoch).
 */
export const finishRun = (
  run: RunRecord,
  end: End | undefined,
  at: Effect.Effect<number, never, HistoryStore> = Clock.currentTimeMillis
) =>
  Effect.gen(function*() {
    const history = yield* HistoryStore
    // If it stays open, it is so to an address that no other session gets.
    if (run.opened === true && run.run !== undefined) yield* Effect.ignoreLogged(closeFor(run.run))
    yield* withRights(run, history.finish(run, end, yield* at))
  }).pipe(Effect.withSpan("Session.finish"))

/**
 * When a run was certainly still under way that was found to be over: when its conversation was last written, or when it
 * began (ms since the epoch).
 */
export const lastSign = (run: RunRecord) =>
  Effect.gen(function*() {
    const history = yield* HistoryStore
    const tool = builtIn.find(({ name }) => name === run.tool)
    return Option.getOrElse(yield* lastWritten(tool, history.directory(run)), () => run.since)
  })

/** Forgets a saved session, files of the container's users included, while the run has the claim on it. */
export const removeSaved = (run: RunRecord) =>
  Effect.flatMap(HistoryStore, (history) => withRights(run, history.remove(run)))
