import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { End, Metadata } from "../domain/Metadata.ts"
import type { RunRecord } from "../domain/Run.ts"
import type { SessionRef } from "../domain/SessionRef.ts"
import type * as State from "../host/stateFiles.ts"
import type { Stand } from "../policy/files/trees.ts"
import type { HistoryError } from "./errors.ts"
import type { Outcome } from "./outcome.ts"
import type { RunStore } from "./RunStore.ts"

/**
 * Saved sessions as they are found on the disk.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 *
 * export const workspaces = Effect.gen(function*() {
 *   const { saved } = yield* Clincus.Sessions
 *   const { damaged, sessions }: Clincus.Saved = yield* saved
 *   yield* Effect.forEach(damaged, (directory) => Console.error(`${directory} cannot be read`))
 *   return new Set(sessions.map(({ workspace }) => workspace))
 * })
 */
export interface Saved {
  /** Newest first. */
  readonly sessions: ReadonlyArray<Metadata>
  /** Directories whose metadata cannot be read; the others are not hidden by them. */
  readonly damaged: ReadonlyArray<string>
}

/**
 * Saved sessions, on the host's disk: `<root>/sessions-<tool>/<id>/` with `metadata.json`, the tool's state directories
 * under their own names, and `outcome/`; and the runs of them that are under way, in `<root>/open`.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Effect from "effect/Effect"
 * import * as Option from "effect/Option"
 *
 * export const lastScreen = (history: Clincus.History, session: Clincus.SessionRef) =>
 *   Effect.map(history.outcome(session), Option.map(({ screen }) => screen))
 */
export interface History {
  readonly root: string
  /** The store in another directory: `sessions_dir` may have been another one when a session was started. */
  readonly at: (root: string) => History
  readonly runs: RunStore
  /** The directory of a session, whether it exists or not. */
  readonly directory: (session: SessionRef) => string
  /** Makes the session's directory. */
  readonly prepare: (session: SessionRef) => Effect.Effect<void, HistoryError>
  /** All saved sessions of all tools. */
  readonly list: Effect.Effect<Saved, HistoryError>
  /** One saved session; none if there is none, or its metadata cannot be read. */
  readonly get: (session: SessionRef) => Effect.Effect<Option.Option<Metadata>>
  /** Writes metadata.json by a new file and a rename. */
  readonly save: (metadata: Metadata) => Effect.Effect<void, HistoryError>
  /** Notes how a session that still runs is about to end, so that the first to see it end says the same. */
  readonly intend: (session: SessionRef, end: End) => Effect.Effect<void, HistoryError>
  /**
   * Removes a run's credentials, notes how it ended (nothing is noted without `end`) and gives up its claim. It ended
   * when its tool left an outcome, else at the moment `at` (ms since the epoch). The run's
   * container must be gone, or have lost its hold on the state. What cannot be removed does not keep the rest; the run
   * stays open then.
   */
  readonly finish: (
    run: RunRecord,
    end: End | undefined,
    at: number
  ) => Effect.Effect<void, HistoryError | State.StateError>
  /**
   * Makes what stands in for protected paths during a run that is claimed, and gives what cannot be made. It is removed
   * with `finish` or `remove`, unless another run on the workspace needs it.
   */
  readonly makeStands: (
    run: RunRecord,
    owner: State.Owner
  ) => Effect.Effect<ReadonlyArray<Stand>, HistoryError | State.StateError>
  /** What the tool of a session left when it ended; none while it runs, and if it was killed. */
  readonly outcome: (session: SessionRef) => Effect.Effect<Option.Option<Outcome>>
  /** Deletes a saved session for good, while the record is this run's, and gives up its claim. No container may use it. */
  readonly remove: (run: RunRecord) => Effect.Effect<void, HistoryError | State.StateError>
}
