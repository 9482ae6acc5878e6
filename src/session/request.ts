import type * as Option from "effect/Option"
import type { Metadata } from "../domain/Metadata.ts"
import type { TerminalSize } from "../incus/execApi.ts"
import type { SessionPlacement } from "../policy/devices.ts"
import type { FileRules } from "../policy/files/plan.ts"
import type { RequestedLimits } from "../policy/limits.ts"
import type { NetworkRequest } from "../policy/network/prepare.ts"
import type { ChosenTool } from "../tool/ToolRegistry.ts"
import type { MountPolicy } from "../workspace/identity.ts"
import type { Workspace } from "../workspace/Workspace.ts"
import type { Recorded } from "./sources.ts"

/**
 * What a session is to be. All of it is decided: no configuration is read after this.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Effect from "effect/Effect"
 *
 * export const planned = Effect.gen(function*() {
 *   const sessions = yield* Clincus.Sessions
 *   const request: Clincus.SessionRequest = yield* sessions.plan({ workspace: "." })
 *   // A plan is data: another program may look at it, and change it.
 *   return yield* sessions.begin({ ...request, limits: { ...request.limits, memory: "2GiB" } })
 * })
 */
export interface SessionRequest {
  readonly workspace: Workspace
  /** Path of the workspace in the container. A session that is resumed keeps the path that it had. */
  readonly directory: string
  /** 1–10, or 0 for the lowest free one. */
  readonly slot: number
  readonly tool: ChosenTool
  /** Alias of the image. */
  readonly image: string
  readonly persistent: boolean
  readonly limits: RequestedLimits
  /** Whether containers may run in it. */
  readonly docker: boolean
  readonly placement: SessionPlacement
  readonly network: Omit<NetworkRequest, "environment" | "tool">
  readonly mounts: MountPolicy
  readonly files: FileRules
  /** Variables for the tool, over its credentials. */
  readonly environment: Readonly<Record<string, string>>
  /** What the pane does when the tool ends. */
  readonly onExit: "end" | "shell"
  /** What a detach means. */
  readonly onDetach: "keep" | "end"
  /** Whether the session may set the user's clipboard. */
  readonly clipboard: "off" | "write"
  /** Where what was decided comes from, and what `.clincus.toml` asks for in vain; nothing is known of it if undefined. */
  readonly sources?: Recorded | undefined
  /** The profile of the configuration that was chosen; the session is resumed with it. */
  readonly profile: string | undefined
  /** The saved session to go on with. */
  readonly resume: Option.Option<Metadata>
  /** A shell in the place of the tool. */
  readonly debug: boolean
  readonly size: TerminalSize
  /** Whether a workspace may hold the user's home directory, or the configuration that clincus obeys. */
  readonly allowHome: boolean
  /** A tool that ends within this time (ms) has not started: the start fails with `ToolEnded`. */
  readonly moment: number
}
