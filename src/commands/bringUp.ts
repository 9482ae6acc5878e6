import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { ExitStatus, UsageError } from "../cli/errors.ts"
import { notice } from "../cli/output.ts"
import { confirm } from "../cli/prompt.ts"
import { ConfigService } from "../config/ConfigService.ts"
import { Host } from "../host/Host.ts"
import { foreground } from "../host/programs.ts"
import { shellLine } from "../host/shell.ts"
import { idsOfOwner, parseIds, together } from "../host/subids.ts"
import type { LoginNeeded } from "../setup/errors.ts"
import { type SetupOptions, SetupService, type StepReport } from "../setup/SetupService.ts"
import { openWorkspace } from "../workspace/Workspace.ts"

/** Set-up as commands use it: what it is told, what is shown and asked before it changes anything. */

/** What a session on a directory maps. */
const idsOfDirectory = (given: string) =>
  Effect.map(
    openWorkspace(given),
    ({ groups, owner }) => together([idsOfOwner(owner), { uids: [], gids: groups }])
  )

const idsOf = (text: string) => {
  const ids = parseIds(text)
  return ids === undefined
    ? new UsageError({
      command: "clincus setup",
      reason: `'${text}' of --ids is not UID:GID, two numbers from 1 to 4294967294`
    })
    : Effect.succeed(ids)
}

/** What set-up is to see to: what the configuration says, and what a command line adds. */
export const setupOptions = (given: {
  readonly noImage: boolean
  readonly gateway: boolean
  readonly workspace: ReadonlyArray<string>
  readonly ids: ReadonlyArray<string>
}) =>
  Effect.gen(function*() {
    const config = yield* ConfigService
    const path = yield* Path.Path
    const ids = [
      ...(yield* Effect.forEach(given.ids, idsOf)),
      ...(yield* Effect.forEach(given.workspace, idsOfDirectory))
    ]
    const { settings } = yield* config.load({})
    return {
      ...settings.incus,
      ids: together(ids),
      gateway: given.gateway || settings.network.mode === "allow",
      image: given.noImage ? undefined : settings.defaults.image,
      logs: path.join(settings.paths.sessions_dir, "logs")
    } satisfies SetupOptions
  })

/** The command lines of a step, as they are pasted into a shell. */
export const linesOf = ({ status }: StepReport): ReadonlyArray<string> => {
  switch (status._tag) {
    case "Done":
      return []
    case "Needed":
      return status.actions.map(({ shown }) => shown)
    case "Manual":
      return status.instructions
    case "Login":
      return [`newgrp ${status.group}`]
  }
}

/** What a step has found, or why there is something to do. */
export const detailOf = ({ status }: StepReport): string => {
  switch (status._tag) {
    case "Done":
      return status.detail
    case "Needed":
    case "Manual":
      return status.reason
    case "Login":
      return `${status.user} is in the group ${status.group}, but logged in before that`
  }
}

/** What is to be done, as a script with a comment on each step. */
export const script = (steps: ReadonlyArray<StepReport>): string => {
  const open = steps.filter(({ status }) => status._tag !== "Done")
  return open.length === 0
    ? "# Nothing to do: this machine is ready for sessions."
    : open.map((step) => [`# ${step.title}: ${detailOf(step)}`, ...linesOf(step)].join("\n")).join("\n")
}

/**
 * The user is in the group now, but this login is not: goes on in a process that is. sg(1) needs no new login, and the
 * shell that the user sits at stays as it was, which is said at the end.
 */
export const goOnInGroup = (error: LoginNeeded) =>
  Effect.gen(function*() {
    const host = yield* Host
    if (host.environment["CLINCUS_IN_GROUP"] !== undefined) return yield* error
    const words = [process.execPath, ...process.argv.slice(1), "--yes"]
    const status = yield* foreground({
      argv: ["sg", error.group, "-c", `exec ${shellLine(words)}`],
      environment: { ...host.environment, CLINCUS_IN_GROUP: "1" }
    }, { stdio: "inherit" }).pipe(Effect.catchAll(() => error))
    yield* notice(`${error.message}. ${error.hint.replace(", then 'clincus setup' again", "")}`)
    if (status !== 0) return yield* new ExitStatus({ code: status })
  })

/**
 * Does what is missing, after it was shown and agreed to; none if it was not agreed to. It is not asked about if nothing is
 * to be done, or if clincus does not do the first thing itself. `instead` answers without a terminal: `clincus setup --yes`.
 */
export const bringUp = (
  wanted: SetupOptions,
  plan: ReadonlyArray<StepReport>,
  given: { readonly yes: boolean; readonly instead: string }
) =>
  Effect.gen(function*() {
    const service = yield* SetupService
    const first = plan.find(({ status }) => status._tag !== "Done")
    if (first === undefined) return Option.some(plan)
    if (!given.yes && first.status._tag === "Needed") {
      yield* notice(script(plan))
      if (!(yield* confirm("Run these commands?", { instead: given.instead }))) return Option.none()
    }
    return Option.some(yield* service.apply(wanted))
  })
