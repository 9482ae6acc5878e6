import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { describe } from "../cli/describe.ts"
import { repeatable } from "../cli/options.ts"
import { format, notice, print } from "../cli/output.ts"
import { table } from "../cli/table.ts"
import { SetupService, type StepReport } from "../setup/SetupService.ts"
import { bringUp, detailOf, goOnInGroup, linesOf, script, setupOptions } from "./bringUp.ts"

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

const setup = (given: Given) =>
  Effect.gen(function*() {
    const service = yield* SetupService
    const wanted = yield* setupOptions(given)
    const plan = yield* service.plan(wanted)
    if (given.dryRun) {
      yield* print(given.format, asData(plan, warningsOf(plan)), () => script(plan))
      return
    }
    const done = yield* bringUp(wanted, plan, { yes: given.yes, instead: "clincus setup --yes" })
    if (Option.isNone(done)) return yield* notice("Nothing was changed.")
    const steps = done.value
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
