import type * as Effect from "effect/Effect"
import type { BuildFailure } from "../image/errors.ts"
import type { IncusFailure } from "../incus/errors.ts"
import type { GatewayFailed } from "../policy/network/errors.ts"
import type { CommandFailed, LoginNeeded, PrivilegeMissing, StepHadNoEffect, StepIsManual } from "./errors.ts"

/**
 * Everything that setting a machine up can fail with.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 *
 * export const apply = Effect.gen(function*() {
 *   const setup = yield* Clincus.SetupService
 *   yield* setup.apply({ socket: "/var/lib/incus/unix.socket", project: "default", logs: "/tmp" })
 * }).pipe(Effect.catchTags({
 *   CommandFailed: ({ command, output, status }) => Console.error(`${command} ended with ${status}:\n${output}`),
 *   LoginNeeded: ({ group }) => Console.error(`log in again to be in ${group}`),
 *   PrivilegeMissing: ({ command }) => Console.error(`as root: ${command}`),
 *   StepHadNoEffect: ({ reason, step }) => Console.error(`${step}: ${reason}`),
 *   StepIsManual: ({ instructions }) => Console.error(instructions.join("\n"))
 * }))
 */
export type SetupFailure =
  | BuildFailure
  | CommandFailed
  | GatewayFailed
  | IncusFailure
  | LoginNeeded
  | PrivilegeMissing
  | StepHadNoEffect
  | StepIsManual

/**
 * One thing that a step does: the command line that shows it to the user, and the effect that does it.
 *
 * @see StepReport
 */
export interface Action {
  /** Can be pasted into a shell, `sudo` included if this user needs it. */
  readonly shown: string
  /** Does it, and returns when it is done. */
  readonly run: Effect.Effect<void, SetupFailure>
}

/**
 * How a step stands.
 *
 * @see StepReport
 */
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

/**
 * The steps, in their order.
 *
 * @see StepReport
 */
export type StepName =
  | "packages"
  | "ids"
  | "limits"
  | "daemon"
  | "access"
  | "storage"
  | "network"
  | "profile"
  | "restricted"
  | "image"
  | "gateway"

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
