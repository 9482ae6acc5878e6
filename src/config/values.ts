import * as Schema from "effect/Schema"
import { networkModes, parseTarget, targetForms } from "../domain/network.ts"
import { isRelativePath, plainPath } from "../domain/RelativePath.ts"
import { isVariableName } from "../domain/variables.ts"
import { isLimit, isOpen } from "./limits.ts"
import type { Limits } from "./Settings.ts"

/** What values a configuration has; schema.ts says where a file may give them. */

/** Under this key a schema says what its value has to be, in words that a sentence goes on with. */
export const expectedId: unique symbol = Symbol.for("clincus/config/expected")

export const text = (isOne: (text: string) => boolean, expected: string) =>
  Schema.String.pipe(Schema.filter(isOne, { [expectedId]: expected }))

const Variable = text(isVariableName, "the name of a variable, such as \"EDITOR\"")

/** A path below the home directory, in the container and on the host. */
const HomePath = text(
  (path) => isRelativePath(plainPath(path)),
  "a path below the home directory, such as \".mine/data\""
)

const maxPath = 1000

/** A path below the workspace. */
const WorkspacePath = text(
  (path) => path.length <= maxPath && isRelativePath(plainPath(path)) && !/\p{Cc}/u.test(path),
  "a path below the workspace, such as \".github\""
)

/** One that starts from the current directory would be another one in each. */
const HostPath = text(
  (path) => /^(~?\/)[^\0]*$/.test(path),
  "an absolute path, or one that begins with \"~/\""
)

/** A table in which every key may be left out. */
export const table = <Fields extends Schema.Struct.Fields>(fields: Fields) =>
  Schema.partial(Schema.Struct(fields))

export const defaults = { image: Schema.NonEmptyString, persistent: Schema.Boolean }

export const session = {
  on_exit: Schema.Literal("end", "shell"),
  on_detach: Schema.Literal("keep", "end"),
  /** Whether a session may set the clipboard of whoever attaches. */
  clipboard: Schema.Literal("off", "write")
}

const limit = (name: keyof Limits, expected: string) =>
  text((value) => isOpen(value) || isLimit(`limits.${name}`, value), `${expected}, or "none"`)

export const limits = {
  cpu: Schema.Union(
    Schema.Int.pipe(Schema.positive({ [expectedId]: "a number of processors above 0" })),
    limit("cpu", "a set of processors in quotes, such as \"0-3,5\"")
  ),
  memory: limit("memory", "an amount in quotes, such as \"4GiB\" or \"50%\""),
  processes: Schema.Union(Schema.Int.pipe(Schema.positive()), text(isOpen, "\"none\"")),
  disk: limit("disk", "an amount in quotes, such as \"20GiB\""),
  time: limit("time", "a time in quotes, such as \"90m\" or \"8h\"")
}

export const environment = {
  /** Names of variables of the host whose values sessions get. */
  forward: Schema.Array(Variable),
  set: Schema.Record({ key: Variable, value: Schema.String })
}

/** What weakens the wall between a session and the host, each by a word of its own. */
export const security = {
  /** Root in the container is root on what is mounted: for file systems and machines where ids cannot be mapped. */
  root_on_mounts: Schema.Boolean,
  /** Whether sessions work on directories of root at all. */
  root_workspace: Schema.Boolean,
  /** Whether containers may run in sessions, Docker's for instance: more of the kernel is open to them then. */
  docker: Schema.Boolean,
  /** Read-only in sessions beside what is so by itself. */
  protect: Schema.Array(WorkspacePath),
  /** What sessions see empty: patterns as in gitignore(5). */
  hide: Schema.Array(
    text(
      (pattern) =>
        /^[^#]/.test(pattern) && pattern.length <= maxPath && !/\p{Cc}/u.test(pattern) &&
        pattern.trim() !== "",
      "a pattern as in .gitignore, such as \".env\", \"*.pem\" or \"/secrets/\""
    )
  ),
  /** Not read-only in sessions, with all below it; `.` is the whole workspace. */
  writable: Schema.Array(
    text(
      (path) => path === "." || path === "./" || (path.length <= maxPath && isRelativePath(plainPath(path))),
      "a path below the workspace, such as \".vscode\", or \".\" for all of it"
    )
  )
}

/** What sessions may reach. */
export const network = {
  mode: Schema.Literal(...networkModes),
  /** Opened beside what the mode lets a session reach. */
  allow: Schema.Array(text((target) => parseTarget(target) !== undefined, targetForms))
}

export const paths = { sessions_dir: HostPath, preserve_workspace_path: Schema.Boolean }

export const incus = {
  project: Schema.NonEmptyString,
  socket: HostPath,
  pool: Schema.NonEmptyString,
  network: Schema.NonEmptyString
}

/**
 * `[tool.<name>]`: changes a known tool, or declares one of the user's own. `start` and `resume` are arguments in which
 * `{id}` stands for the session's id; `state`, `credentials` and `config` are paths relative to the home directory.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Effect from "effect/Effect"
 *
 * const settings: Clincus.ToolSettings = { binary: "/workspace/agent", start: ["--session", "{id}"] }
 *
 * export const start = Effect.runSync(Effect.map(Clincus.describeTool("agent", settings), ({ conversation }) =>
 *   conversation.kind === "given" ? conversation.start("1") : []))
 * // => ["--session", "1"]
 */
export const ToolSettings = Schema.partial(Schema.Struct({
  binary: Schema.NonEmptyString,
  args: Schema.Array(Schema.String),
  permission: Schema.Literal("bypass", "ask"),
  title: Schema.String,
  start: Schema.Array(Schema.String),
  resume: Schema.Array(Schema.String),
  state: Schema.Array(HomePath).pipe(
    Schema.minItems(1, { [expectedId]: "a list of at least one path, such as [\".mine\"]" })
  ),
  config: Schema.Array(HomePath),
  credentials: Schema.Array(HomePath),
  environment: Schema.Array(Variable)
}))
export type ToolSettings = typeof ToolSettings.Type

export const tool = { name: Schema.NonEmptyString, binary: Schema.NonEmptyString }

/** Keys of `[tool]` that are not names of tools. */
export const isToolKey = (key: string): boolean => Object.hasOwn(tool, key)

/** The values in force, of all sources together: see `settingsOf`. Each key that has a default is there. */
export const Values = Schema.Struct({
  defaults: Schema.Struct(defaults),
  tool: Schema.Struct({
    name: tool.name,
    binary: Schema.optional(tool.binary),
    named: Schema.Record({ key: Schema.String, value: ToolSettings })
  }),
  session: Schema.Struct(session),
  limits: table({
    cpu: Schema.Union(Schema.String, Schema.Number),
    memory: Schema.String,
    processes: Schema.Union(Schema.Number, Schema.String),
    disk: Schema.String,
    time: Schema.String
  }),
  environment: Schema.Struct(environment),
  security: Schema.Struct(security),
  network: Schema.Struct(network),
  paths: Schema.Struct(paths),
  incus: Schema.Struct({
    ...incus,
    // A variable of the environment may name it from the current directory.
    socket: Schema.NonEmptyString,
    pool: Schema.optional(incus.pool),
    network: Schema.optional(incus.network)
  })
})
export type Values = typeof Values.Type
