import type * as Option from "effect/Option"
import type { Settings } from "../config/Settings.ts"
import type { Metadata } from "../domain/Metadata.ts"
import type { TerminalSize } from "../incus/exec.ts"
import type { ChosenTool } from "../tool/ToolRegistry.ts"
import type { Workspace } from "../workspace/Workspace.ts"

/** What a session is to be. */
export interface SessionRequest {
  readonly workspace: Workspace
  /** 1–10, or 0 for the lowest free one. */
  readonly slot: number
  readonly tool: ChosenTool
  readonly settings: Settings
  readonly image: string
  readonly persistent: boolean
  /** Variables for the tool, over all others. */
  readonly environment: Readonly<Record<string, string>>
  /** The saved session to go on with. */
  readonly resume: Option.Option<Metadata>
  /** A shell in the place of the tool. */
  readonly debug: boolean
  readonly size: TerminalSize
  /** Whether a workspace may hold the user's home directory, or the configuration that clincus obeys; not unless said. */
  readonly allowHome?: boolean
  /** A tool that ends within this time (ms) has not started: `startSession` fails with `ToolEnded`. 0 unless said. */
  readonly moment?: number
}
