import * as Schema from "effect/Schema"
import { isPlainName } from "../domain/RelativePath.ts"
import {
  defaults,
  environment,
  expectedId,
  incus,
  isToolKey,
  limits,
  network,
  paths,
  security,
  session,
  table,
  text,
  tool,
  ToolSettings
} from "./values.ts"

/**
 * What a configuration file may say. Every key may be left out; what none names has the value in `defaults.ts`. The values
 * are in values.ts, apart from the tables: the type of a table with names of its own beside any others is a type that
 * declarations cannot say, so no declaration of the library may name it.
 */

const ToolName = text(
  (name) => /^[\p{L}\p{N}][\p{L}\p{N}._+-]*$/u.test(name) && isPlainName(`sessions-${name}`),
  "a tool's name, of letters, digits, '.', '_', '+' and '-'"
)

/** Nothing that a record of JavaScript's would lose. */
const ProfileName = text((name) => name !== "" && name !== "__proto__", "a profile's name")

const ToolTable = Schema.Struct(
  { name: Schema.optional(tool.name), binary: Schema.optional(tool.binary) },
  { key: ToolName.pipe(Schema.filter((key) => !isToolKey(key))), value: ToolSettings }
)

/** What a profile may change: `[profiles.<name>.defaults]` and so on. */
const profile = {
  defaults: table(defaults),
  tool: ToolTable,
  session: table(session),
  limits: table(limits),
  network: table(network),
  environment: table(environment)
}

/** A file of the user's or the administrator's. */
export const ConfigFile = table({
  ...profile,
  security: table(security),
  paths: table(paths),
  incus: table(incus),
  profiles: Schema.Record({ key: ProfileName, value: table(profile) })
})
export type ConfigFile = typeof ConfigFile.Type

/** It is shown to the user, and nothing is to go out of sight beside it. */
const Short = Schema.NonEmptyString.pipe(
  Schema.maxLength(100, { message: () => "longer than 100 characters" })
)

/**
 * `.clincus.toml` of a workspace. The authors of the repository wrote it, the agent included, so it chooses among what
 * the user has and adds nothing: no environment of the host, no binary, no path, nothing that weakens protection. Its
 * limits and its network mode are in force if they are lower, all else when the user has granted it (workspaceFile.ts).
 */
export const WorkspaceFile = table({
  defaults: table({ ...defaults, image: Short }),
  tool: table({ name: Short }),
  // A limit that is not understood is told of, and keeps nobody from working.
  limits: table({
    cpu: Schema.Union(Short, Schema.Number),
    memory: Short,
    processes: limits.processes,
    disk: Short,
    time: Short
  }),
  // It may protect more, and open nothing.
  security: table({
    docker: security.docker,
    protect: security.protect.pipe(Schema.maxItems(100)),
    // A pattern that shows again what another one hides is the user's own word.
    hide: security.hide.pipe(
      Schema.maxItems(100),
      Schema.filter((patterns) => !patterns.some((one) => one.startsWith("!")), {
        [expectedId]: "patterns that hide, without one that begins with '!'"
      })
    )
  }),
  network: table({ mode: network.mode })
})
