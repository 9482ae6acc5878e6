import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { networkModes } from "../domain/network.ts"
import type { Instance } from "../incus/schemas.ts"

/**
 * What clincus writes on an instance, as `user.clincus.*` keys. Incus is the one source of truth for what is live, and
 * these labels are all that is needed to attach to, list or end a session that another process started.
 */
const Labels = Schema.Struct({
  /** Of this set of labels: 1 only ever gains keys. Containers of an older clincus do not say, and are 1. */
  version: Schema.optionalWith(Schema.NumberFromString.pipe(Schema.int(), Schema.positive()), {
    default: () => 1
  }),
  /** With the tool a path on the host: everybody who may use Incus can write labels, so neither may lead elsewhere. */
  session: Schema.UUID,
  /** This start of the session. Containers of an older clincus name none. */
  run: Schema.optional(Schema.UUID),
  workspace: Schema.NonEmptyString,
  /** Path of the workspace in the container. */
  directory: Schema.NonEmptyString,
  tool: Schema.String.pipe(Schema.pattern(/^[^/\0]+$/)),
  /** The container's name when it was labelled: a copy of it has another one. Older ones do not say. */
  container: Schema.optional(Schema.NonEmptyString),
  slot: Schema.NumberFromString.pipe(Schema.int(), Schema.between(1, 10)),
  persistent: Schema.Literal("true", "false"),
  /** What a detach means, as it was decided at the start; older containers do not say. */
  detach: Schema.optional(Schema.Literal("keep", "end")),
  /** Whether it may set the user's clipboard, as it was decided at the start. */
  clipboard: Schema.optional(Schema.Literal("off", "write")),
  /** What it may reach, as it was decided at the start; older containers reach what their bridge reaches. */
  network: Schema.optional(Schema.Literal(...networkModes)),
  /** The host's user who started it; others who may use the same Incus have sessions of their own. */
  user: Schema.NumberFromString.pipe(Schema.int(), Schema.nonNegative()),
  /** Whom the tool runs as inside. */
  uid: Schema.NumberFromString.pipe(Schema.int(), Schema.nonNegative()),
  gid: Schema.NumberFromString.pipe(Schema.int(), Schema.nonNegative()),
  home: Schema.NonEmptyString,
  /** Whom its files belong to outside, `uid:gid`; the same as inside if an older clincus says nothing. */
  owner: Schema.optional(Schema.String.pipe(Schema.pattern(/^\d{1,10}:\d{1,10}$/))),
  /** The saved session's directory on the host. */
  saved: Schema.NonEmptyString,
  /** When the session was started, ms since the epoch. */
  started: Schema.NumberFromString.pipe(Schema.int(), Schema.between(0, 8.64e15)),
  /** When its time is over, ms since the epoch; a session without an end in time has none. */
  deadline: Schema.optional(Schema.NumberFromString.pipe(Schema.int(), Schema.between(0, 8.64e15))),
  /** Where what was decided for it comes from, as JSON; see `sources.ts`. Older containers do not say. */
  sources: Schema.optional(Schema.String),
  /** Names of the variables that the tool was given, comma-separated: for showing what it can reach. */
  variables: Schema.String
})
/**
 * What the labels of a session's container say.
 *
 * @see LiveSession
 */
export type Labels = typeof Labels.Type

const prefix = "user.clincus."
const decode = Schema.decodeUnknownOption(Labels)
const encode = Schema.encodeSync(Labels)

/** Labels as instance configuration. */
export const toConfig = (labels: Labels): Record<string, string> => {
  const config: Record<string, string> = {}
  for (const [key, value] of Object.entries(encode(labels))) {
    if (value !== undefined) config[prefix + key] = value
  }
  return config
}

/** The keys that labels stand under. */
export const labelKeys: ReadonlyArray<string> = Object.keys(Labels.fields).map((key) => prefix + key)

/** The labels of an instance; none if it is not a clincus session. */
export const fromInstance = (instance: Instance): Option.Option<Labels> =>
  decode(Object.fromEntries(
    Object.entries(instance.config)
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, value]) => [key.slice(prefix.length), value])
  ))

/** Of the containers of one start of a session, which a copy makes two, the one that was made for it. */
export const withoutCopies = <A extends { readonly instance: Instance; readonly labels: Labels }>(
  all: ReadonlyArray<A>
): ReadonlyArray<A> =>
  all.filter(({ instance, labels }) =>
    labels.container === undefined || labels.container === instance.name ||
    !all.some((other) =>
      other.labels.run === labels.run && other.labels.session === labels.session
      && other.instance.name === labels.container && other.instance.project === instance.project
    )
  )

/** How long a container has to end by itself when its time is over (ms): it takes a quarter of a minute. */
const expiry = 60_000

/** True once the time of a container's session is over, and it should have ended. */
export const isExpired = (instance: Instance, now: number): boolean =>
  Option.exists(fromInstance(instance), ({ deadline }) => deadline !== undefined && now > deadline + expiry)
