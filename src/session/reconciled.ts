import type { LiveSession } from "./live.ts"

/**
 * What `reconcile` has done, and what it has seen.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 *
 * export const tidy = Effect.gen(function*() {
 *   const sessions = yield* Clincus.Sessions
 *   const { finished, live }: Clincus.Reconciled = yield* sessions.reconcile
 *   yield* Console.log(`${finished.length} had ended, ${live.length} live`)
 * })
 */
export interface Reconciled {
  /** Ids of the sessions that were finished. */
  readonly finished: ReadonlyArray<string>
  /** The sessions of this user in this project and with this prefix as they are then, oldest first. */
  readonly live: ReadonlyArray<LiveSession>
}
