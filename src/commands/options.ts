import * as Args from "@effect/cli/Args"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { openWorkspace } from "../workspace/Workspace.ts"

/** Options that several commands share, so that they read the same everywhere. */

export const workspace = Options.text("workspace").pipe(
  Options.withAlias("w"),
  Options.withPseudoName("DIR"),
  Options.withDescription("Directory that the session works on; the current one by default."),
  Options.optional
)

export const slot = Options.integer("slot").pipe(
  Options.withAlias("s"),
  Options.withPseudoName("N"),
  Options.withDescription("Slot of the workspace, 1 to 10; 0 or none: the lowest free one."),
  Options.optional
)

export const profile = Options.text("profile").pipe(
  Options.withPseudoName("PROFILE"),
  Options.withDescription("A profile of the configuration, [profiles.<name>]."),
  Options.optional
)

export const container = Args.text({ name: "CONTAINER" }).pipe(
  Args.withDescription("A container, as 'clincus list' names it."),
  Args.optional
)

export const containers = Args.text({ name: "CONTAINER" }).pipe(
  Args.withDescription("Containers, as 'clincus list' names them."),
  Args.repeated
)

/**
 * The path that sessions of a directory are known by: its real one, or the path as it was given if there is no such
 * directory any more.
 */
export const workspacePath = (given: string) =>
  openWorkspace(given).pipe(
    Effect.map((opened) => opened.path),
    Effect.catchTag("BadWorkspace", (bad) => Effect.succeed(bad.path))
  )

/** Which session a command means: a container, or a slot of a workspace (the current directory's without one). */
export const selection = (given: {
  readonly container: Option.Option<string>
  readonly slot: Option.Option<number>
  readonly workspace: Option.Option<string>
}) =>
  Effect.gen(function*() {
    const named = Option.getOrUndefined(given.workspace)
    const wanted = named ?? (Option.isSome(given.slot) ? "." : undefined)
    return {
      container: Option.getOrUndefined(given.container),
      slot: Option.getOrUndefined(given.slot),
      workspace: wanted === undefined ? undefined : yield* workspacePath(wanted)
    }
  })
