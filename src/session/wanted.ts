import type { Metadata } from "../domain/Metadata.ts"
import type { Instance } from "../incus/schemas.ts"
import type { LiveSession } from "./live.ts"

/**
 * A session that does not run, and the instances of the server as they were when that was seen.
 *
 * @see Resumable
 */
export interface SavedSession {
  readonly metadata: Metadata
  readonly instances: ReadonlyArray<Instance>
}

/**
 * What `--resume` leads to: a session that runs and is attached to, or a saved one that is started again.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Effect from "effect/Effect"
 *
 * export const what = Effect.gen(function*() {
 *   const sessions = yield* Clincus.Sessions
 *   const found: Clincus.Resumable = yield* sessions.find({ workspace: "/home/ada/project" })
 *   return found._tag === "Live" ? found.session.container : `saved, last used ${found.metadata.lastUsedAt.toISOString()}`
 * })
 */
export type Resumable =
  | { readonly _tag: "Live"; readonly session: LiveSession }
  | ({ readonly _tag: "Saved" } & SavedSession)

/**
 * Which session is to be resumed: one by its id or the beginning of it, or the newest of a workspace.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Effect from "effect/Effect"
 *
 * const newest: Clincus.Wanted = { workspace: "/home/ada/project", tool: "claude" }
 * const certain: Clincus.Wanted = { id: "3f2b8c1e" }
 *
 * export const both = Effect.gen(function*() {
 *   const sessions = yield* Clincus.Sessions
 *   return [yield* sessions.find(newest), yield* sessions.find(certain)]
 * })
 */
export type Wanted = { readonly id: string } | {
  /** A directory; the current one if undefined. */
  readonly workspace?: string | undefined
  /** Name of a tool, of which the session must be. */
  readonly tool?: string | undefined
  readonly slot?: number | undefined
}
