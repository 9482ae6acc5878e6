import type * as Effect from "effect/Effect"
import type { BuildFailure } from "../image/errors.ts"
import type { IncusFailure } from "../incus/errors.ts"
import type { CommandFailed, LoginNeeded, PrivilegeMissing, StepHadNoEffect, StepIsManual } from "./errors.ts"

/** Everything that setting a machine up can fail with. */
export type SetupFailure =
  | BuildFailure
  | CommandFailed
  | IncusFailure
  | LoginNeeded
  | PrivilegeMissing
  | StepHadNoEffect
  | StepIsManual

/** One thing that a step does: the command line that shows it to the user, and the effect that does it. */
export interface Action {
  /** Can be pasted into a shell, `sudo` included where this user needs it. */
  readonly shown: string
  /** Does it, and returns when it is done. */
  readonly run: Effect.Effect<void, SetupFailure>
}

/** How a step stands. */
export type Status =
  | { readonly _tag: "Done"; readonly detail: string; readonly warning?: string }
  | {
    readonly _tag: "Needed"
    readonly reason: string
    readonly actions: ReadonlyArray<Action>
    readonly warning?: string
  }
  /** clincus will not do it; the user has to. */
  | { readonly _tag: "Manual"; readonly reason: string; readonly instructions: ReadonlyArray<string> }
  /** Done, but not yet in force for this login. */
  | { readonly _tag: "Login"; readonly user: string; readonly group: string }

/** A step of the way from nothing to ready. Its check changes nothing and can be made at any time. */
export interface Step {
  readonly name: StepName
  /** For the user: a noun, as in "Storage pool". */
  readonly title: string
  readonly check: Effect.Effect<Status, CommandFailed | IncusFailure>
}

/** The steps, in their order. */
export type StepName =
  | "packages"
  | "ids"
  | "limits"
  | "daemon"
  | "access"
  | "storage"
  | "network"
  | "profile"
  | "image"

export const done = (detail: string, warning?: string): Status => ({
  _tag: "Done",
  detail,
  ...(warning === undefined ? {} : { warning })
})

export const needed = (reason: string, actions: ReadonlyArray<Action>, warning?: string): Status => ({
  _tag: "Needed",
  reason,
  actions,
  ...(warning === undefined ? {} : { warning })
})

export const manual = (reason: string, instructions: ReadonlyArray<string>): Status => ({
  _tag: "Manual",
  reason,
  instructions
})
