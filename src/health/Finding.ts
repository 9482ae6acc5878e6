import * as Schema from "effect/Schema"

/**
 * How one thing stands. `well` does what sessions need; `degraded` works, and not as it should; `unusable` keeps sessions
 * from starting; `unknown` could not be looked at, which never counts as well.
 *
 * @see HealthReport
 */
export const HealthState = Schema.Literal("well", "degraded", "unusable", "unknown")
export type HealthState = typeof HealthState.Type

/**
 * One thing that was looked at, and how it stands.
 *
 * @see HealthReport
 */
export const Finding = Schema.Struct({
  /** Tells it from the others for programs: the name of a step of set-up, or of a check. */
  name: Schema.String,
  /** For people: a noun, as in "Storage pool". */
  title: Schema.String,
  state: HealthState,
  /** What was found, or what is wrong. */
  detail: Schema.String,
  /** Commands, or steps in words, that mend it; empty if there is nothing to mend. */
  fix: Schema.Array(Schema.String),
  /** True if set-up mends it, so that `clincus health --fix` does. */
  by_setup: Schema.Boolean
})
export type Finding = typeof Finding.Type

/** What a check sees. */
export interface Seen {
  readonly state: HealthState
  readonly detail: string
  readonly fix?: ReadonlyArray<string>
}

export const well = (detail: string): Seen => ({ state: "well", detail })

export const degraded = (detail: string, fix: ReadonlyArray<string> = []): Seen => ({
  state: "degraded",
  detail,
  fix
})

export const unusable = (detail: string, fix: ReadonlyArray<string> = []): Seen => ({
  state: "unusable",
  detail,
  fix
})

export const unknown = (detail: string): Seen => ({ state: "unknown", detail })

/** How all of it stands: as badly as the worst of it. */
export const overall = (states: ReadonlyArray<HealthState>): "well" | "degraded" | "unusable" =>
  states.includes("unusable") ? "unusable" : states.every((state) => state === "well") ? "well" : "degraded"
