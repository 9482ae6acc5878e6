import * as Data from "effect/Data"
import type { IncusFailure, InstanceNotFound } from "../incus/errors.ts"

/**
 * tmux in the container did not do what it was asked to. `reason` is what it said.
 *
 * @see TmuxFailure
 */
export class TmuxError extends Data.TaggedError("TmuxError")<{
  readonly container: string
  readonly action: string
  readonly reason: string
}> {
  override get message(): string {
    return `cannot ${this.action} in ${this.container}: ${this.reason}`
  }
}

/**
 * The container runs, but no tmux does: the tool has ended, or has not begun.
 *
 * @see TmuxFailure
 */
export class NoTmux extends Data.TaggedError("NoTmux")<{ readonly container: string }> {
  override get message(): string {
    return `no tool is running in ${this.container}`
  }
  get hint(): string {
    return `Run 'clincus attach ${this.container} --bash' to look inside, or 'clincus kill ${this.container}' to remove it.`
  }
}

/**
 * What a request to tmux in a container can fail with: the daemon, the container, or tmux itself.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Effect from "effect/Effect"
 *
 * export const screen = (session: Clincus.SessionHandle) =>
 *   Effect.flatMap(Clincus.Sessions, (sessions) => sessions.capture(session)).pipe(Effect.catchTags({
 *     InstanceNotFound: () => Effect.succeed("the session has ended"),
 *     NoTmux: () => Effect.succeed("the tool has ended"),
 *     TmuxError: ({ reason }) => Effect.succeed(`tmux says: ${reason}`)
 *   }))
 */
export type TmuxFailure = IncusFailure | InstanceNotFound | TmuxError | NoTmux
