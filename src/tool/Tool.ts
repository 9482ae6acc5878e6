/** A JSON object as read from a file: nothing is known of its values. */
export type JsonObject = Readonly<Record<string, unknown>>

/** What a tool's description is applied to when a session starts. */
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
 * `given`: it takes the session's id; the file `saved` exists once there is something to resume.
 * `discovered`: it makes ids of its own; `discover`, a shell line run in the container, prints the id to go on with.
 * `workspace`: it keeps the history in the workspace itself.
 */
export type Conversation =
  | {
    readonly kind: "given"
    readonly start: (id: string) => ReadonlyArray<string>
    readonly resume: (id: string) => ReadonlyArray<string>
    readonly saved?: (context: Pick<ToolContext, "id" | "directory">) => string
  }
  | {
    readonly kind: "discovered"
    readonly discover: string
    readonly resume: (id: string) => ReadonlyArray<string>
  }
  | { readonly kind: "workspace"; readonly resume: ReadonlyArray<string> }

/**
 * A place on the host: `path` below the user's home directory or, where the variable `moved.by` is set, `moved.path`
 * below the directory that it names.
 */
export interface HostPlace {
  readonly path: string
  readonly moved?: { readonly by: string; readonly path: string }
}

/** Configuration that is copied into the state when a session is new: the entries named, and nothing else, of a directory. */
export interface ConfigCopy {
  readonly from: HostPlace
  readonly to: string
  readonly entries: ReadonlyArray<string>
}

/**
 * A JSON file in the state that is made ready before each start: first-run answers, never over the user's own values.
 * `current` is `undefined` where the file holds no JSON object; an edit that is `undefined` leaves the file as it is.
 */
export interface JsonDocument {
  readonly path: string
  /** The user's own file of this kind, if it is kept elsewhere on the host. */
  readonly own?: HostPlace
  readonly edit: (
    documents: { readonly current: JsonObject | undefined; readonly own: JsonObject },
    context: ToolContext
  ) => JsonObject | undefined
}

/**
 * An AI coding tool, described. Everything clincus knows of a tool stands in one of these; adding a tool is adding a
 * description. Paths are relative to the home directory.
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
  readonly conversation: Conversation
}

/** Files and directories of the state that are removed when the session ends. */
export const removedAtEnd = ({ credentials, unsaved }: Tool): ReadonlyArray<string> => [
  ...credentials.files.map(({ to }) => to),
  ...unsaved
]
