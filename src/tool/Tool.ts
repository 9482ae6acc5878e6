import type { JsonObject } from "../domain/json.ts"

/**
 * What a tool's description is applied to when a session starts.
 *
 * @see JsonDocument
 */
export interface ToolContext {
  /** The session's id, a UUID. */
  readonly id: string
  /** The workspace's path in the container, where the tool runs. */
  readonly directory: string
  /** The home directory in the container. */
  readonly home: string
  /** Whether the agent acts without asking. */
  readonly bypass: boolean
  /** The tool's environment, credentials included. */
  readonly environment: Readonly<Record<string, string>>
}

/**
 * How a tool names its conversations:
 * `given`: it takes the session's id for a new one.
 * `discovered`: it makes ids of its own.
 * `workspace`: it keeps the history in the workspace itself.
 * `discover` is a shell line, run in the container, that prints the id to go on with: for what only the tool can read.
 *
 * @example
 * import * as Clincus from "clincus"
 *
 * export const itsOwnIds: Clincus.Conversation = { kind: "discovered", resume: (id) => ["resume", id] }
 * export const inTheWorkspace: Clincus.Conversation = { kind: "workspace", resume: ["--restore"] }
 */
export type Conversation =
  | {
    readonly kind: "given"
    readonly start: (id: string) => ReadonlyArray<string>
    readonly resume: (id: string) => ReadonlyArray<string>
  }
  | {
    readonly kind: "discovered"
    readonly discover?: string
    readonly resume: (id: string) => ReadonlyArray<string>
  }
  | { readonly kind: "workspace"; readonly resume: ReadonlyArray<string> }

/**
 * Files in which a tool keeps conversations, one in each.
 *
 * @see Conversations
 */
export interface Transcripts {
  readonly kind: "transcripts"
  /** Directory of the transcripts in the state, and how many directories deep they are in it. */
  readonly below: string
  readonly deep: number
  /** True for the path of a transcript in that directory; other files may be beside it. */
  readonly isOne: (path: string) => boolean
  /** The tool's own id of the conversation, by the path and the beginning of the text. */
  readonly idOf: (path: string, text: string) => string | undefined
  /** True for a line by which the user has said something to the agent. */
  readonly isTurn: (line: string) => boolean
  /** True for a line that has words of either side, also if the tool would not go on with them; turns unless said. */
  readonly isWord?: (line: string) => boolean
  /** True for a transcript of this directory, for a tool that only goes on with transcripts of the directory it starts in. */
  readonly isOf?: (text: string, directory: string) => boolean
}

/**
 * Databases that hold the bytes `sign` as soon as something was said.
 *
 * @see Conversations
 */
export interface Databases {
  readonly kind: "databases"
  readonly files: ReadonlyArray<string>
  readonly sign: string
}

/**
 * A file beside the conversations that holds what the user typed, such as a history of prompts.
 *
 * @see Conversations
 */
export interface Trace {
  readonly path: string
  /** True if something in it was said to the agent; commands to the tool itself are not. */
  readonly isSaid: (text: string) => boolean
}

/**
 * Where in the state a tool keeps what was said to it, so that it is looked for and not computed.
 *
 * @example
 * import * as Clincus from "clincus"
 *
 * const prompts: Clincus.Trace = { path: ".my-agent/history", isSaid: (text) => text.trim() !== "" }
 *
 * export const inFiles: Clincus.Transcripts & { readonly traces: ReadonlyArray<Clincus.Trace> } = {
 *   kind: "transcripts",
 *   below: ".my-agent/sessions",
 *   deep: 0,
 *   isOne: (path) => path.endsWith(".jsonl"),
 *   idOf: (path) => /([^/]+)\.jsonl$/.exec(path)?.[1],
 *   isTurn: (line) => line.includes("\"role\":\"user\""),
 *   traces: [prompts]
 * }
 * const database: Clincus.Databases = { kind: "databases", files: [".my-agent/chats.db"], sign: "role" }
 * export const inADatabase: Clincus.Conversations = { ...database, traces: [prompts] }
 */
export type Conversations =
  & (Transcripts | Databases | { readonly kind: "unknown" })
  & { readonly traces: ReadonlyArray<Trace> }

/**
 * A place on the host: `path` below the user's home directory or, if the variable `moved.by` is set, `moved.path`
 * below the directory that it names.
 *
 * @see JsonDocument
 */
export interface HostPlace {
  readonly path: string
  readonly moved?: { readonly by: string; readonly path: string }
}

/**
 * Configuration that is copied into the state when a session is new: the entries named, and nothing else, of a directory.
 *
 * @see Tool
 */
export interface ConfigCopy {
  readonly from: HostPlace
  readonly to: string
  readonly entries: ReadonlyArray<string>
}

/**
 * A JSON file in the state that is made ready before each start: first-run answers, never over the user's own values.
 * `current` is `undefined` if the file holds no JSON object; an edit that is `undefined` leaves the file as it is.
 *
 * @example
 * import * as Clincus from "clincus"
 *
 * const place: Clincus.HostPlace = { path: ".my-agent/settings.json", moved: { by: "MY_AGENT_HOME", path: "settings.json" } }
 *
 * // The directory needs no question of trust; what the user has said stays.
 * export const settings: Clincus.JsonDocument = {
 *   path: ".my-agent/settings.json",
 *   own: place,
 *   edit: ({ current, own }, { directory }: Clincus.ToolContext): Clincus.JsonObject => ({
 *     trusted: [directory],
 *     ...own,
 *     ...current
 *   })
 * }
 */
export interface JsonDocument {
  readonly path: string
  /** The user's own file of this kind, if it is kept elsewhere on the host. */
  readonly own?: HostPlace
  /** The document as it is to be, made from the one in the state and the user's own one. */
  readonly edit: (
    documents: { readonly current: JsonObject | undefined; readonly own: JsonObject },
    context: ToolContext
  ) => JsonObject | undefined
}

/**
 * An AI coding tool, described. Everything clincus knows of a tool stands in one of these; adding a tool is adding a
 * description. Paths are relative to the home directory.
 *
 * @example
 * import * as Clincus from "clincus"
 *
 * export const agent: Clincus.Tool = {
 *   name: "agent",
 *   title: "My agent",
 *   binary: "my-agent",
 *   state: [".my-agent"],
 *   unsaved: [".my-agent/locks"],
 *   config: [{ from: { path: ".my-agent" }, to: ".my-agent", entries: ["settings.json"] }],
 *   documents: [],
 *   credentials: {
 *     files: [{ from: { path: ".my-agent/token" }, to: ".my-agent/token" }],
 *     variables: ["MY_AGENT_KEY"],
 *     scrub: []
 *   },
 *   environment: { MY_AGENT_HOME: "{home}/.my-agent" },
 *   bypass: ["--yes"],
 *   ask: [],
 *   args: [],
 *   conversation: { kind: "given", start: (id) => ["--session", id], resume: (id) => ["--resume", id] },
 *   conversations: { kind: "unknown", traces: [] }
 * }
 */
export interface Tool {
  readonly name: string
  readonly title: string
  readonly binary: string
  /** The directories with settings and conversations: mounted from the saved session, so that they outlive the container. */
  readonly state: readonly [string, ...ReadonlyArray<string>]
  /** What of the state does not outlive the session: copies that the tool makes of secrets, locks, packages it installs. */
  readonly unsaved: ReadonlyArray<string>
  readonly config: ReadonlyArray<ConfigCopy>
  readonly documents: ReadonlyArray<JsonDocument>
  readonly credentials: {
    /** Files given to the container at each start and removed from the saved session when it ends; inside `state`. */
    readonly files: ReadonlyArray<{ readonly from: HostPlace; readonly to: string }>
    /** Variables of the host that are handed on. */
    readonly variables: ReadonlyArray<string>
    /** Keys removed from JSON files of the state when the session ends, for tools that mix secrets with settings. */
    readonly scrub: ReadonlyArray<{ readonly path: string; readonly keys: ReadonlyArray<string> }>
  }
  /** Variables set for the tool; `{home}` stands for the home directory in the container. */
  readonly environment: Readonly<Record<string, string>>
  /** Arguments by which the agent acts without asking. */
  readonly bypass: ReadonlyArray<string>
  /** Arguments by which it asks first, for a tool that would not. */
  readonly ask: ReadonlyArray<string>
  /** Arguments that are always given. */
  readonly args: ReadonlyArray<string>
  /** Hosts that it cannot do without, its API and its login: what a session of network mode `allow` reaches by itself. */
  readonly hosts?: ReadonlyArray<string>
  readonly conversation: Conversation
  readonly conversations: Conversations
}

/** Files and directories of the state that are removed when the session ends. */
export const removedAtEnd = ({ credentials, unsaved }: Tool): ReadonlyArray<string> => [
  ...credentials.files.map(({ to }) => to),
  ...unsaved
]
