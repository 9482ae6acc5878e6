import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { HostProcess, isGivenUp, type ProcessState } from "./HostProcess.ts"
import { EndReason } from "./Metadata.ts"
import { Place } from "./Place.ts"
import { RelativePath } from "./RelativePath.ts"
import { SessionRef } from "./SessionRef.ts"

/**
 * How far a run is: `starting` until the tool is up, `running` until somebody wishes to end it, `ending` from then on. A run
 * that has ended has no record.
 *
 * @see RunRecord
 */
export const RunPhase = Schema.Literal("starting", "running", "ending")
export type RunPhase = typeof RunPhase.Type

/** What is made for the time of a run: empty directories, and files with the text. */
export const RunStands = Schema.Struct({
  made: Schema.Array(Schema.Struct({
    root: Schema.String,
    path: RelativePath,
    text: Schema.optional(Schema.String)
  })),
  /** The directory of git's whose list of what is not shown has been added to. */
  exclude: Schema.optional(Schema.String)
})
export type RunStands = typeof RunStands.Type

/**
 * One start of a session, from before anything is made for it until all of it is undone: what the file `open/<tool>.<id>`
 * says. The file is the claim on the session's state, so there is one run of a session at a time. `run` is fresh with
 * each start: a session's id is the same again when it is resumed. Keys are only ever added.
 *
 * @example
 * import * as Clincus from "clincus"
 *
 * const phases: Readonly<Record<Clincus.RunPhase, string>> = { starting: "is started", running: "runs", ending: "is ended" }
 *
 * export const describe = (run: Clincus.RunRecord): string => {
 *   const place: Clincus.Place = run
 *   return `${run.tool} ${phases[run.phase]} in ${place.container ?? "a container"} of ${place.project ?? "default"}`
 * }
 */
export const RunRecord = Schema.Struct({
  ...SessionRef.fields,
  run: Schema.optional(Schema.UUID),
  /** ms since the epoch */
  since: Schema.Number,
  /** A record of an older clincus says nothing, and is of a session that runs. */
  phase: Schema.optionalWith(RunPhase, { default: () => "running" }),
  /** The process that starts it, or ends it. While the tool is up nobody needs that process. */
  owner: Schema.optional(HostProcess),
  /** How it is to end, in the phase `ending`: `killed` deletes a persistent container too. */
  reason: Schema.optional(EndReason),
  ...Place.fields,
  /** What stands in the workspace for protected paths that are not there, and goes when no run needs it any more. */
  stands: Schema.optional(RunStands),
  /** Whether something of the network is open to it alone, and has to be closed when it ends. */
  opened: Schema.optional(Schema.Boolean),
  /** What of the state has to go when it ends: the credentials. */
  remove: Schema.Array(RelativePath),
  scrub: Schema.Array(Schema.Struct({ path: RelativePath, keys: Schema.Array(Schema.String) }))
})
export type RunRecord = typeof RunRecord.Type

const options = { onExcessProperty: "preserve" } as const
const decode = Schema.decodeUnknownOption(Schema.parseJson(RunRecord), options)
const encode = Schema.encodeSync(RunRecord, options)

/** None if the text is not a record, or names what is not below the saved session. */
export const parseRun = (text: string): Option.Option<RunRecord> => decode(text)

export const printRun = (record: RunRecord): string => JSON.stringify(encode(record))

/** What is known of a run's container. `unknown` is not `absent`: another server was asked, or a server that may not show it. */
export type Sighting = "absent" | "unknown" | "stopped" | "live"

/**
 * What the next command does about a run:
 * `leave` it alone; `finish` it, for its container is gone; `retire` its container, which is off, then finish it;
 * `undo` a start that nobody goes on with, or bring to its end what nobody ends any more, container and all;
 * `expire` a run whose time is over and whose container does not end by itself.
 */
export type Decision = "leave" | "finish" | "retire" | "undo" | "expire"

/**
 * Decides from facts alone; nothing is asked and nothing is done here. `age` is the run's (ms); `expired` is true once its
 * time is over and its container has had time to end by itself.
 */
export const decide = (
  record: Pick<RunRecord, "phase">,
  facts: {
    readonly container: Sighting
    readonly owner: ProcessState
    readonly age: number
    readonly expired: boolean
  }
): Decision => {
  if (facts.container === "unknown") return "leave"
  if (record.phase === "running") {
    if (facts.container === "live") return facts.expired ? "expire" : "leave"
    return facts.container === "absent" ? "finish" : "retire"
  }
  if (!isGivenUp(facts.owner, facts.age)) return "leave"
  return facts.container === "absent" ? "finish" : "undo"
}

/** True if a label or a record speaks of this run. Those of an older clincus name none, and are taken by their session. */
export const sameRun = (
  one: { readonly run?: string | undefined },
  other: { readonly run?: string | undefined }
) => one.run === undefined || other.run === undefined || one.run === other.run
