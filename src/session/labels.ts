import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Instance } from "../incus/schemas.ts"

/**
 * What clincus writes on an instance, as `user.clincus.*` keys. Incus is the one source of truth for what is live, and
 * these labels are all that is needed to attach to, list or end a session that another process started.
 */
const Labels = Schema.Struct({
  /** With the tool a path on the host: whoever may use Incus can write labels, so neither may lead elsewhere. */
  session: Schema.UUID,
  workspace: Schema.NonEmptyString,
  /** Path of the workspace in the container. */
  directory: Schema.NonEmptyString,
  tool: Schema.String.pipe(Schema.pattern(/^[^/\0]+$/)),
  slot: Schema.NumberFromString.pipe(Schema.int(), Schema.between(1, 10)),
  persistent: Schema.Literal("true", "false"),
  /** The host's user who started it; others who may use the same Incus have sessions of their own. */
  user: Schema.NumberFromString.pipe(Schema.int(), Schema.nonNegative()),
  uid: Schema.NumberFromString.pipe(Schema.int(), Schema.nonNegative()),
  gid: Schema.NumberFromString.pipe(Schema.int(), Schema.nonNegative()),
  home: Schema.NonEmptyString,
  /** The saved session's directory on the host. */
  saved: Schema.NonEmptyString,
  /** When the session was started, ms since the epoch. */
  started: Schema.NumberFromString.pipe(Schema.int(), Schema.between(0, 8.64e15)),
  /** Names of the variables that the tool was given, comma-separated: for showing what it can reach. */
  variables: Schema.String
})
export type Labels = typeof Labels.Type

const prefix = "user.clincus."
const decode = Schema.decodeUnknownOption(Labels)
const encode = Schema.encodeSync(Labels)

/** Labels as instance configuration. */
export const toConfig = (labels: Labels): Record<string, string> =>
  Object.fromEntries(Object.entries(encode(labels)).map(([key, value]) => [prefix + key, value]))

/** The labels of an instance; none where it is not a clincus session. */
export const fromInstance = (instance: Instance): Option.Option<Labels> =>
  decode(Object.fromEntries(
    Object.entries(instance.config)
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, value]) => [key.slice(prefix.length), value])
  ))
