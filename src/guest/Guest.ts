/**
 * The container of a session, and the user in it that the tool runs as.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Effect from "effect/Effect"
 *
 * export const whoami = ({ guest }: Clincus.SessionHandle) =>
 *   Effect.gen(function*() {
 *     const { exec } = yield* Clincus.IncusService
 *     const { container, directory, gid, uid }: Clincus.Guest = guest
 *     return (yield* exec.run(container, { command: ["whoami"], user: uid, group: gid, directory })).stdout.trim()
 *   })
 */
export interface Guest {
  readonly container: string
  readonly uid: number
  readonly gid: number
  readonly home: string
  /** Where commands run: the workspace in the container. */
  readonly directory: string
}
