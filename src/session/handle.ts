import type { Guest } from "../guest/Guest.ts"
import type { Labels } from "./labels.ts"

/**
 * A session as far as working with it goes, no matter who started it: this program, or another one. The container's labels tell
 * all of this.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Effect from "effect/Effect"
 *
 * export const interrupt = (session: Clincus.SessionHandle) =>
 *   Effect.flatMap(Clincus.Sessions, (sessions) => sessions.send(session, { keys: ["C-c"] }))
 */
export interface SessionHandle {
  /** Under this id, a UUID, the session is saved and resumed. */
  readonly id: string
  /** This start of the session, a UUID; a container of an older clincus does not say. */
  readonly run: string | undefined
  readonly container: string
  /** 1–10 */
  readonly slot: number
  /** The tool's name. */
  readonly tool: string
  /** Real path on the host. */
  readonly workspace: string
  /** The saved session's directory on the host: `sessions_dir` may have been another one when it was started. */
  readonly saved: string
  /** The container is stopped at the end and kept, instead of deleted. */
  readonly persistent: boolean
  /** What a detach means, as it was decided at the start: the session goes on, or it ends. */
  readonly onDetach: "keep" | "end"
  /** Whether it may set the user's clipboard, as it was decided at the start. */
  readonly clipboard: boolean
  readonly guest: Guest
}

/** The session that a container's labels speak of. */
export const handleOf = (container: string, labels: Labels): SessionHandle => ({
  id: labels.session,
  run: labels.run,
  container,
  slot: labels.slot,
  tool: labels.tool,
  workspace: labels.workspace,
  saved: labels.saved,
  persistent: labels.persistent === "true",
  onDetach: labels.detach ?? "keep",
  clipboard: labels.clipboard === "write",
  guest: {
    container,
    uid: labels.uid,
    gid: labels.gid,
    home: labels.home,
    directory: labels.directory
  }
})
