import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import { describe } from "../cli/describe.ts"
import { ExitStatus, UsageError } from "../cli/errors.ts"
import { repeatable } from "../cli/options.ts"
import { format, notice, print } from "../cli/output.ts"
import { confirm } from "../cli/prompt.ts"
import { table } from "../cli/table.ts"
import { ConfigService } from "../config/ConfigService.ts"
import { Host } from "../host/Host.ts"
import { foreground } from "../host/programs.ts"
import { shellLine } from "../host/shell.ts"
import { idsOfOwner, parseIds, together } from "../host/subids.ts"
import type { LoginNeeded } from "../setup/errors.ts"
import { type SetupOptions, SetupService, type StepReport } from "../setup/SetupService.ts"
import { openWorkspace } from "../workspace/Workspace.ts"

const options = {
  yes: Options.boolean("yes").pipe(
    Options.withAlias("y"),
    Options.withDescription("Do not ask before the system is changed.")
  ),
  dryRun: Options.boolean("dry-run").pipe(
    Options.withDescription("Print the commands that would run, and change nothing.")
  ),
  noImage: Options.boolean("no-image").pipe(
    Options.withDescription("Leave the image out; 'clincus build' makes it later.")
  ),
  gateway: Options.boolean("gateway").pipe(
    Options.withDescription(
      "Make the gateway that sessions with --network allow need, also if the configuration does not ask for that mode."
    )
  ),
  workspace: repeatable("workspace", "DIR").pipe(
    Options.withAlias("w"),
    Options.withDescription(
      "Let sessions work on this directory also if another user owns it; your own need no mention."
    )
  ),
  ids: repeatable("ids", "UID:GID").pipe(
    Options.withDescription("Let sessions work on files of this user and group; for scripts.")
  ),
  format
}

type Given = Command.Command.ParseConfig<typeof options>

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

const setupOptions = (given: Given) =>
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
const linesOf = ({ status }: StepReport): ReadonlyArray<string> => {
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

const detailOf = ({ status }: StepReport): string => {
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

const stateOf = ({ changed, status }: StepReport) =>
  changed ? "changed" as const : ({
    Done: "done",
    Needed: "needed",
    Manual: "manual",
    Login: "login"
  } as const)[status._tag]

const asData = (steps: ReadonlyArray<StepReport>, notices: ReadonlyArray<string>) => ({
  ready: steps.every(({ status }) => status._tag === "Done"),
  steps: steps.map((step) => ({
    name: step.name,
    status: stateOf(step),
    detail: detailOf(step),
    commands: linesOf(step)
  })),
  notices
})

const warningsOf = (steps: ReadonlyArray<StepReport>): ReadonlyArray<string> =>
  steps.flatMap(({ status }) =>
    (status._tag === "Done" || status._tag === "Needed") && status.warning !== undefined
      ? [status.warning]
      : []
  )

/** What is to be done, as a script with a comment on each step. */
const script = (steps: ReadonlyArray<StepReport>): string => {
  const open = steps.filter(({ status }) => status._tag !== "Done")
  return open.length === 0
    ? "# Nothing to do: this machine is ready for sessions."
    : open.map((step) => [`# ${step.title}: ${detailOf(step)}`, ...linesOf(step)].join("\n")).join("\n")
}

/**
 * The user is in the group now, but this login is not: goes on in a process that is. sg(1) needs no new login, and the
 * shell that the user sits at stays as it was, which is said at the end.
 */
const goOnInGroup = (error: LoginNeeded) =>
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

/** Asks, unless nothing is to be done, or clincus does not do the first thing itself. */
const agreed = (given: Given, plan: ReadonlyArray<StepReport>) => {
  const first = plan.find(({ status }) => status._tag !== "Done")
  return given.yes || first?.status._tag !== "Needed"
    ? Effect.succeed(true)
    : notice(script(plan)).pipe(
      Effect.zipRight(confirm("Run these commands?", { instead: "clincus setup --yes" }))
    )
}

const setup = (given: Given) =>
  Effect.gen(function*() {
    const service = yield* SetupService
    const wanted = yield* setupOptions(given)
    const plan = yield* service.plan(wanted)
    if (given.dryRun) {
      yield* print(given.format, asData(plan, warningsOf(plan)), () => script(plan))
      return
    }
    if (!(yield* agreed(given, plan))) return yield* notice("Nothing was changed.")

    const steps = plan.every(({ status }) => status._tag === "Done") ? plan : yield* service.apply(wanted)
    const notices = [...warningsOf(steps), ...(yield* service.notices(wanted))]
    yield* print(given.format, asData(steps, notices), (stream) =>
      table(
        [{ title: "STEP" }, { title: "STATUS" }, { title: "DETAIL", shrink: "end" }],
        steps.map((step) => [step.title, stateOf(step), detailOf(step)]),
        { stream }
      ))
    yield* Effect.forEach(notices, (line) => notice(`Note: ${line}`))
    yield* notice("This machine is ready: 'clincus shell' starts a session on the current directory.")
  }).pipe(Effect.catchTag("LoginNeeded", goOnInGroup))

export const command = Command.make("setup", options, setup).pipe(
  Command.withDescription(describe("Make this machine ready: Incus, storage, network, image.", {
    group: "Setting up",
    details: [
      "Looks at each step and does what is missing: Incus installed and running, this user let in, a storage pool, a network, a profile named clincus, a network for restricted sessions, and the image. What Incus has already is used and never altered. Commands that need root run through sudo and are shown; running it again changes nothing.",
      "Outside Incus it changes two things. Root may map your user id, your primary group and the groups that you share files by (lines of root in /etc/subuid and /etc/subgid), so that a container can work on your files with no more than your rights; ids of root are never added. And the kernel allows at least 8192 inotify instances and 524288 watches a user (/etc/sysctl.d/60-clincus.conf), since the usual 128 instances are used up by a dozen sessions."
    ],
    examples: [
      ["clincus setup", "Show what is missing, ask, and do it."],
      ["clincus setup --dry-run", "Print the commands only."],
      ["clincus setup --yes", "Do not ask."],
      ["clincus setup --workspace /srv/site", "Also let sessions work there, where another user owns it."]
    ]
  }))
)
