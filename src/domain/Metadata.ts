import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/**
 * How a session ended: see `describeEnd` for the words.
 *
 * @example
 * import * as Clincus from "clincus"
 *
 * export const crashed: Clincus.EndReason = "lost"
 *
 * export const words = Clincus.describeEnd({ reason: crashed })
 * // => "container went away"
 */
export const EndReason = Schema.Literal(
  "exited",
  "killed",
  "interrupted",
  "shutdown",
  "detached",
  "failed",
  "time",
  "lost"
)
export type EndReason = typeof EndReason.Type

/**
 * The end of a session as its history keeps it: the reason, and the exit status of the tool if it ended by itself.
 *
 * @example
 * import * as Clincus from "clincus"
 *
 * const end: Clincus.End = { reason: "exited", status: 0 }
 *
 * export const words = Clincus.describeEnd(end)
 * // => "tool exited"
 */
export const End = Schema.Struct({
  /** Words of a newer version are kept as they are. */
  reason: Schema.String,
  /** Exit status of the tool, if it exited. */
  status: Schema.optional(Schema.Int)
})
export type End = typeof End.Type

/**
 * `metadata.json` of a saved session. `version` 1 only ever gains optional keys: a newer clincus writes what an older
 * one can read, and each keeps the keys that it does not know.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Effect from "effect/Effect"
 * import * as Schema from "effect/Schema"
 *
 * const read = Schema.decodeUnknown(Schema.parseJson(Clincus.Metadata))
 *
 * export const workspaceOf = (text: string) => Effect.map(read(text), ({ workspace }) => workspace)
 */
export const Metadata = Schema.Struct({
  version: Schema.Int.pipe(Schema.positive()),
  id: Schema.UUID,
  tool: Schema.NonEmptyString,
  /** Real path on the host. */
  workspace: Schema.NonEmptyString,
  /** Path of the workspace in the container; a resumed session has the same. */
  containerPath: Schema.NonEmptyString,
  container: Schema.NonEmptyString,
  slot: Schema.Int,
  persistent: Schema.Boolean,
  image: Schema.String,
  /** ISO 8601, UTC; so are the other times. */
  startedAt: Schema.Date,
  /** When it was started last, if it was resumed. */
  lastStartedAt: Schema.optional(Schema.Date),
  lastUsedAt: Schema.Date,
  endedAt: Schema.optional(Schema.Date),
  end: Schema.optional(End),
  /** The profile of the configuration that it was started with; it goes on with the same. */
  profile: Schema.optional(Schema.String),
  /** The session that this one was branched from. */
  parent: Schema.optional(Schema.String)
})
export type Metadata = typeof Metadata.Type

const options = { onExcessProperty: "preserve" } as const
const decodeText = Schema.decodeUnknownOption(Schema.parseJson(Metadata), options)
const encode = Schema.encodeSync(Metadata, options)

/** None if the text is damaged. */
export const parseMetadata = (text: string): Option.Option<Metadata> => decodeText(text, options)

export const printMetadata = (metadata: Metadata): string =>
  `${JSON.stringify(encode(metadata), undefined, 2)}\n`

/**
 * The user's word for how a session ended.
 *
 * @example
 * import * as Clincus from "clincus"
 *
 * export const words = Clincus.describeEnd({ reason: "exited", status: 3 })
 * // => "tool exited with 3"
 * export const running = Clincus.describeEnd(undefined)
 * // => "not ended"
 */
export const describeEnd = (end: End | undefined): string => {
  switch (end?.reason) {
    case undefined:
      return "not ended"
    case "exited":
      return end?.status === undefined || end.status === 0 ? "tool exited" : `tool exited with ${end.status}`
    case "lost":
      return "container went away"
    case "time":
      return "time limit"
    case "failed":
      return "tool did not start"
    default:
      return end?.reason ?? ""
  }
}
