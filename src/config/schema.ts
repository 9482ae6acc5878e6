import * as Schema from "effect/Schema"
import { isVariableName } from "../domain/variables.ts"

/** What a configuration file may say. Every key may be left out; what none names has the value that `ConfigService.ts` gives it. */

const Defaults = Schema.Struct({
  image: Schema.optional(Schema.NonEmptyString),
  persistent: Schema.optional(Schema.Boolean)
})

/**
 * `[tool.<name>]`: changes a known tool, or declares one of the user's own. `start` and `resume` are arguments in which
 * `{id}` stands for the session's id; `state`, `credentials` and `config` are paths relative to the home directory.
 */
export const ToolSettings = Schema.Struct({
  binary: Schema.optional(Schema.NonEmptyString),
  args: Schema.optional(Schema.Array(Schema.String)),
  permission: Schema.optional(Schema.Literal("bypass", "ask")),
  title: Schema.optional(Schema.String),
  start: Schema.optional(Schema.Array(Schema.String)),
  resume: Schema.optional(Schema.Array(Schema.String)),
  state: Schema.optional(Schema.Array(Schema.NonEmptyString)),
  config: Schema.optional(Schema.Array(Schema.NonEmptyString)),
  credentials: Schema.optional(Schema.Array(Schema.NonEmptyString)),
  environment: Schema.optional(Schema.Array(Schema.NonEmptyString))
})
export type ToolSettings = typeof ToolSettings.Type

const Session = Schema.Struct({
  on_exit: Schema.optional(Schema.Literal("end", "shell")),
  on_detach: Schema.optional(Schema.Literal("keep", "end"))
})

const Limits = Schema.Struct({
  cpu: Schema.optional(Schema.Union(Schema.String, Schema.Number)),
  memory: Schema.optional(Schema.String),
  processes: Schema.optional(Schema.Int.pipe(Schema.positive()))
})

/** Any other key is refused as unknown. */
const VariableName = Schema.String.pipe(Schema.filter(isVariableName))

const Environment = Schema.Struct({
  /** Names of variables of the host whose values sessions get. */
  forward: Schema.optional(Schema.Array(Schema.NonEmptyString)),
  set: Schema.optional(Schema.Record({ key: VariableName, value: Schema.String }))
})

const fixedToolKeys = ["name", "binary"]
const ToolTable = Schema.Struct(
  {
    name: Schema.optional(Schema.NonEmptyString),
    binary: Schema.optional(Schema.NonEmptyString)
  },
  {
    key: Schema.String.pipe(Schema.filter((key) => !fixedToolKeys.includes(key))),
    value: ToolSettings
  }
)

/** What weakens the wall between a session and the host, each by a word of its own. */
const Security = Schema.Struct({
  /** Root in the container is root on what is mounted: for file systems and machines where ids cannot be mapped. */
  root_on_mounts: Schema.optional(Schema.Boolean),
  /** Whether sessions work on directories of root at all. */
  root_workspace: Schema.optional(Schema.Boolean)
})

/** What a profile may change: `[profiles.<name>.defaults]` and so on. */
const Profile = Schema.Struct({
  defaults: Schema.optional(Defaults),
  tool: Schema.optional(ToolTable),
  session: Schema.optional(Session),
  limits: Schema.optional(Limits),
  environment: Schema.optional(Environment)
})

/** A file of the user's or the administrator's. */
export const ConfigFile = Schema.Struct({
  ...Profile.fields,
  security: Schema.optional(Security),
  paths: Schema.optional(Schema.Struct({
    sessions_dir: Schema.optional(Schema.NonEmptyString),
    preserve_workspace_path: Schema.optional(Schema.Boolean)
  })),
  incus: Schema.optional(Schema.Struct({
    project: Schema.optional(Schema.NonEmptyString),
    socket: Schema.optional(Schema.NonEmptyString),
    pool: Schema.optional(Schema.NonEmptyString),
    network: Schema.optional(Schema.NonEmptyString)
  })),
  profiles: Schema.optional(Schema.Record({ key: Schema.String, value: Profile }))
})
export type ConfigFile = typeof ConfigFile.Type

/** It is shown to the user, and nothing is to go out of sight beside it. */
const Short = Schema.NonEmptyString.pipe(
  Schema.maxLength(100, { message: () => "longer than 100 characters" })
)

/**
 * `.clincus.toml` of a workspace. Whoever wrote the repository wrote it, the agent included, so it chooses among what
 * the user has and adds nothing: no environment of the host, no binary, no path, nothing that weakens protection. Its
 * limits are in force where they are lower, all else when the user has granted it (workspaceFile.ts).
 */
export const WorkspaceFile = Schema.Struct({
  defaults: Schema.optional(Schema.Struct({ ...Defaults.fields, image: Schema.optional(Short) })),
  tool: Schema.optional(Schema.Struct({ name: Schema.optional(Short) })),
  limits: Schema.optional(Schema.Struct({
    ...Limits.fields,
    cpu: Schema.optional(Schema.Union(Short, Schema.Number)),
    memory: Schema.optional(Short)
  }))
})
