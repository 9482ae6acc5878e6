import type { ToolSettings } from "./schema.ts"

/** The values in force, after all files and profiles. */
export interface Settings {
  readonly defaults: { readonly image: string; readonly persistent: boolean }
  readonly tool: {
    readonly name: string
    readonly binary: string | undefined
    /** `[tool.<name>]` tables. */
    readonly named: Readonly<Record<string, ToolSettings>>
  }
  readonly session: { readonly on_exit: "end" | "shell"; readonly on_detach: "keep" | "end" }
  readonly limits: {
    readonly cpu: string | undefined
    readonly memory: string | undefined
    readonly processes: number | undefined
  }
  readonly environment: {
    readonly forward: ReadonlyArray<string>
    readonly set: Readonly<Record<string, string>>
  }
  readonly security: { readonly root_on_mounts: boolean; readonly root_workspace: boolean }
  /** `sessions_dir` is absolute. */
  readonly paths: { readonly sessions_dir: string; readonly preserve_workspace_path: boolean }
  readonly incus: {
    readonly project: string
    readonly socket: string
    readonly pool: string | undefined
    readonly network: string | undefined
  }
}

/** One key in force: its value and the file (or `default`, or a variable's name) that it comes from. */
export interface Origin {
  readonly key: string
  readonly value: unknown
  readonly source: string
}

export interface Effective {
  readonly settings: Settings
  readonly origins: ReadonlyArray<Origin>
}
