import type { TerminalSize } from "../incus/execApi.ts"

/**
 * What is started in the tmux session of a container, and what happens when it ends.
 *
 * @see TmuxService
 */
export interface TmuxStart {
  /** Of this start: the off-switch in the container is for it and no other. */
  readonly run: string
  readonly user: string
  readonly command: ReadonlyArray<string>
  /** Given to the tool without a command line or a file in between; any value is safe. */
  readonly environment: Readonly<Record<string, string>>
  readonly size: TerminalSize
  /** What the pane does when the tool ends. */
  readonly onExit: "end" | "shell"
  /** Files in the container that are removed when the session ends, absolute. */
  readonly remove: ReadonlyArray<string>
  /** How long the tool is watched before it counts as started (ms); a tool that ends within that time has left its outcome. */
  readonly moment: number
  /** When the session ends whatever the tool does (ms since the epoch); never if undefined. */
  readonly deadline: number | undefined
  /** Shell lines that root runs first, in the same request: another request would cost some 30 ms. */
  readonly prelude: string
}

/**
 * Why a terminal is attached no longer: it was detached and the session goes on; the session ended under it; or there was
 * none to attach to, for no tmux runs.
 *
 * @see TmuxService
 */
export type Attached =
  | { readonly _tag: "Detached" }
  | { readonly _tag: "Ended" }
  | { readonly _tag: "NoServer" }

/**
 * A tmux session as it is at this moment.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Effect from "effect/Effect"
 *
 * export const watched = Effect.gen(function*() {
 *   const { terminals } = yield* Clincus.Sessions
 *   const size = ({ columns, rows }: Clincus.TmuxStatus) => `${columns}x${rows}`
 *   return (yield* terminals).filter(({ status }) => status.clients > 0).map(({ session, status }) =>
 *     `${session.container} ${size(status)}`)
 * })
 */
export interface TmuxStatus {
  /** Terminals attached. */
  readonly clients: number
  readonly windows: number
  readonly columns: number
  readonly rows: number
  /** When somebody last typed or the tool last wrote, seconds since the epoch. */
  readonly activity: number
}
