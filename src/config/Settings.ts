import type { NetworkMode, NetworkTarget } from "../domain/network.ts"
import type { ToolSettings } from "./values.ts"

/**
 * What a session may use. `"none"` opens a limit that would hold otherwise; undefined is what nobody has said.
 *
 * @example
 * import * as Clincus from "clincus"
 *
 * export const small: Clincus.Limits = {
 *   cpu: "2",
 *   memory: "4GiB",
 *   processes: "none",
 *   disk: undefined,
 *   time: "8h"
 * }
 */
export interface Limits {
  /** A number of processors, or a set of them such as `0-3,5`. */
  readonly cpu: string | undefined
  /** An amount with Incus's unit, or a percentage of the machine's. */
  readonly memory: string | undefined
  readonly processes: number | "none" | undefined
  /** Of the container's own disk: an amount with Incus's unit. What is mounted from the host does not count. */
  readonly disk: string | undefined
  /** From the start to the end: `90m`, `8h`, `1d12h`. */
  readonly time: string | undefined
}

/**
 * The values in force, after all files and profiles.
 *
 * @example
 * import * as Clincus from "clincus"
 *
 * export const summary = ({ defaults, limits, tool }: Clincus.Settings): string =>
 *   `${tool.name} in ${defaults.image}, ${limits.memory ?? "all the memory"}`
 */
export interface Settings {
  readonly defaults: { readonly image: string; readonly persistent: boolean }
  readonly tool: {
    readonly name: string
    readonly binary: string | undefined
    /** `[tool.<name>]` tables. */
    readonly named: Readonly<Record<string, ToolSettings>>
  }
  readonly session: {
    readonly on_exit: "end" | "shell"
    readonly on_detach: "keep" | "end"
    readonly clipboard: "off" | "write"
  }
  readonly limits: Limits & {
    /** Those that the workspace's own file has set: a limit of an Incus profile that is lower stays in force. */
    readonly ofWorkspace: ReadonlyArray<keyof Limits>
    /** Those that nobody has set: they hold where an Incus profile says nothing. */
    readonly byDefault: ReadonlyArray<keyof Limits>
  }
  readonly environment: {
    readonly forward: ReadonlyArray<string>
    readonly set: Readonly<Record<string, string>>
  }
  readonly security: {
    readonly root_on_mounts: boolean
    readonly root_workspace: boolean
    readonly docker: boolean
    /** Paths below the workspace: protected beside those that always are, left writable, hidden. */
    readonly protect: ReadonlyArray<string>
    readonly writable: ReadonlyArray<string>
    readonly hide: ReadonlyArray<string>
  }
  readonly network: { readonly mode: NetworkMode; readonly allow: ReadonlyArray<NetworkTarget> }
  /** `sessions_dir` is absolute. */
  readonly paths: { readonly sessions_dir: string; readonly preserve_workspace_path: boolean }
  readonly incus: {
    readonly project: string
    readonly socket: string
    readonly pool: string | undefined
    readonly network: string | undefined
  }
}

/**
 * One key in force: its value and the file (or `default`, or a variable's name) that it comes from.
 *
 * @see Effective
 */
export interface Origin {
  /** The path as it is written in a file, with dots. */
  readonly key: string
  readonly path: ReadonlyArray<string>
  readonly value: unknown
  readonly source: string
}

/**
 * A key of the workspace's own file that is in force only when the user has granted it.
 *
 * @see ConfigService
 */
export type RequestKey = "defaults.image" | "defaults.persistent" | "tool.name" | "security.docker"

/**
 * Something that the workspace's own file asks for and that differs from what the user has without it.
 *
 * @see Withheld
 */
export interface FileRequest {
  readonly key: RequestKey
  readonly asked: string | boolean
  readonly own: string | boolean
  /** With the tool asked for the agent acts without asking, which the user does not let the tool of their own do. */
  readonly unasked: boolean
}

/**
 * A limit of the workspace's own file that is not in force, because it is not known to be lower.
 *
 * @see Withheld
 */
export interface RefusedLimit {
  readonly key: string
  readonly asked: string | number
  /** The user's value, which stays in force; none if what is asked for is not a limit. */
  readonly own: string | number | undefined
  readonly reason: "higher" | "incomparable" | "unknown" | "profile"
}

/**
 * What `.clincus.toml` of a workspace says without being obeyed.
 *
 * @example
 * import * as Clincus from "clincus"
 *
 * export const asksFor = ({ file, limits, requests }: Clincus.Withheld): ReadonlyArray<string> => [
 *   ...requests.map(({ asked, key, own }: Clincus.FileRequest) => `${file}: ${key} ${asked} instead of ${own}`),
 *   ...limits.map(({ asked, key, reason }: Clincus.RefusedLimit) => `${file}: ${key} ${asked} is ${reason}`)
 * ]
 */
export interface Withheld {
  readonly workspace: string
  readonly file: string
  /** SHA-256 of the file's bytes, in hex. All below was read from the same bytes. */
  readonly sha256: string
  /** What may be granted (see trust.ts). */
  readonly requests: ReadonlyArray<FileRequest>
  readonly limits: ReadonlyArray<RefusedLimit>
  /** The settings as they are once all requests are granted: no need to read the file again, which may have changed. */
  readonly granted: Settings
}

/**
 * What is in force for a workspace, and what its own file asks for in vain.
 *
 * @example
 * import * as Clincus from "clincus"
 *
 * export const explain = ({ origins, withheld }: Clincus.Effective): ReadonlyArray<string> => [
 *   ...origins.map(({ key, source, value }: Clincus.Origin) => `${key} = ${value} (${source})`),
 *   ...(withheld?.requests ?? []).map(({ asked, key }) => `${key} = ${asked} is not granted`)
 * ]
 */
export interface Effective {
  /** Of the workspace's own file they have what the user has granted, and limits that are lower. */
  readonly settings: Settings
  readonly origins: ReadonlyArray<Origin>
  /** None if the workspace has no file, or all of it is in force. */
  readonly withheld: Withheld | undefined
}
