import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { describe } from "../cli/describe.ts"
import { ExitStatus } from "../cli/errors.ts"
import { escape } from "../cli/escape.ts"
import { format, notice, type Output, print } from "../cli/output.ts"
import { table } from "../cli/table.ts"
import { type Failure, isFailure } from "../domain/Failure.ts"
import type { Finding } from "../health/Finding.ts"
import { type HealthReport, HealthService } from "../health/HealthService.ts"
import type { SetupOptions } from "../setup/SetupService.ts"
import { SetupService } from "../setup/SetupService.ts"
import { bringUp, goOnInGroup, setupOptions } from "./bringUp.ts"

const options = {
  fix: Options.boolean("fix").pipe(
    Options.withDescription(
      "Do what 'clincus setup' would, after it was shown and agreed to, and look again."
    )
  ),
  noProbes: Options.boolean("no-probes").pipe(
    Options.withDescription("Do not start a container to try its walls.")
  ),
  yes: Options.boolean("yes").pipe(
    Options.withAlias("y"),
    Options.withDescription("With --fix: do not ask before the system is changed.")
  ),
  format
}

type Given = Command.Command.ParseConfig<typeof options>

/** Exit statuses of this command; no other command has a status 2 that is not about its own command line. */
const statusOf = { well: 0, degraded: 1, unusable: 2 } as const

const columns = [{ title: "WHAT" }, { title: "STATE" }, { title: "DETAIL", shrink: "end" }] as const

const firstLine = (text: string): string => text.split("\n")[0] ?? ""

/** True if the table does not say it all. */
const isWorthWords = ({ detail, fix, state }: Finding): boolean =>
  state !== "well" && (fix.length > 0 || detail.length > 40)

/** What is to be said of the walls that did not hold, or could not be tried. */
const wallsOf = ({ probes }: HealthReport): ReadonlyArray<string> =>
  (probes ?? []).flatMap(({ as, detail, promise, state, title }) => {
    const who = as === "root" ? "root" : "the user"
    switch (state) {
      case "kept":
        return []
      case "open":
        return [`${title}: open to ${who} of a session, by ${detail}`]
      case "broken":
        return [`${title}: broken: ${who} of a session gets there. The promise: ${promise}.`]
      case "unknown":
        return [`${title}: it is not known whether ${who} of a session gets there: ${detail}`]
    }
  })

/** All that is to be said of what is not well; what several things have in common is said once. */
const explanations = (findings: ReadonlyArray<Finding>): ReadonlyArray<string> => {
  const titles = new Map<string, ReadonlyArray<string>>()
  for (const { detail, fix, title } of findings.filter(isWorthWords)) {
    const said = [detail, ...fix.flatMap((line) => line.split("\n")).map((line) => `  ${line}`)].join("\n")
    titles.set(said, [...titles.get(said) ?? [], title])
  }
  return [...titles].map(([said, which]) => `${which.join(", ")}: ${said}`)
}

const summary = ({ findings, status }: HealthReport): string => {
  const setup = findings.some(({ by_setup }) => by_setup)
    ? " 'clincus health --fix' does what set-up can do about it."
    : ""
  switch (status) {
    case "well":
      return "This machine is well."
    case "degraded":
      return `Sessions can be started, but not everything is well.${setup}`
    case "unusable":
      return `Sessions cannot be started, or are not kept as they should be.${setup}`
  }
}

/** Prints a report, and ends with the status that it stands for. */
const show = (given: Given, report: HealthReport) =>
  Effect.gen(function*() {
    yield* print(given.format, report, (stream) =>
      table(
        columns,
        [
          ...report.findings.map(({ detail, state, title }) => [title, state, firstLine(detail)]),
          ...(report.probes ?? []).map(({ as, detail, promise, state, title }) => [
            title,
            state,
            `as ${as === "root" ? "root" : "the user"}: ${detail === "" ? promise : detail}`
          ])
        ],
        { stream }
      ))
    if (given.format === "text") {
      yield* Effect.forEach(
        [...explanations(report.findings), ...new Set(wallsOf(report))],
        (text) => notice(escape(text, { lines: true }))
      )
      yield* notice(summary(report))
    }
    if (report.status !== "well") return yield* new ExitStatus({ code: statusOf[report.status] })
  })

const fix = (given: Given, wanted: SetupOptions) =>
  Effect.gen(function*() {
    const setup = yield* SetupService
    const done = yield* bringUp(wanted, yield* setup.plan(wanted), {
      yes: given.yes,
      instead: "clincus health --fix --yes"
    })
    if (Option.isNone(done)) yield* notice("Nothing was changed.")
  }).pipe(
    // What set-up cannot do is found again, with what is to be done by hand.
    Effect.catchTags({
      StepHadNoEffect: (error) => notice(escape(error.message, { lines: true })),
      StepIsManual: () => Effect.void
    })
  )

const health = (given: Given) =>
  Effect.gen(function*() {
    const service = yield* HealthService
    const wanted = yield* setupOptions({ noImage: false, gateway: false, workspace: [], ids: [] })
    if (given.fix) yield* fix(given, wanted)
    const report: HealthReport = yield* service.look({ ...wanted, probe: !given.noProbes })
    yield* show(given, report)
  }).pipe(Effect.catchTag("LoginNeeded", goOnInGroup))

/** A health that cannot even begin, by a configuration that is wrong for instance: no session can be started then. */
const cannotBegin = (failure: Failure, given: Given) =>
  show(given, {
    status: "unusable",
    findings: [{
      name: "configuration",
      title: "Configuration and set-up",
      state: "unusable",
      detail: failure.message,
      fix: failure.hint === undefined ? [] : [failure.hint],
      by_setup: false
    }],
    probes: null
  })

/** What is wrong with the command line stays that, and what is said already is not said again. */
const isUnsaid = (error: unknown): error is Failure =>
  isFailure(error) && error.usage !== true && !(error instanceof ExitStatus)

/** Ends a health whose services cannot be made as `health` ends. */
export const endAsHealth = <Name extends string, R, E>(
  command: Command.Command<Name, R, E, Given>
): Command.Command<Name, R | Output, E | ExitStatus, Given> =>
  Command.transformHandler(
    command,
    (effect: Effect.Effect<void, E, R>, given: Given) =>
      Effect.catchAll(effect, (error): Effect.Effect<void, E | ExitStatus, Output> =>
        isUnsaid(error) ? cannotBegin(error, given) : Effect.fail(error))
  )

export const command = Command.make("health", options, health).pipe(
  Command.withDescription(describe("Look whether this machine is well, and sessions are kept as promised.", {
    group: "Setting up",
    details: [
      "Looks at every step of set-up, and at what set-up does not touch: room in the pool, the bridge and its name server, firewalls, the image's age, clocks, what the kernel has. Changes nothing without --fix.",
      "The exit status is 0 if all is well, 1 if sessions can be started but something is not as it should be or could not be looked at, and 2 if they cannot. A mistyped command line is status 2 as well: then nothing is written to standard output, and a report always is."
    ],
    examples: [
      ["clincus health", "A table, and below it what is to be done."],
      ["clincus health --fix", "Do what set-up can do about it; asks first."],
      ["clincus health --format json | jq .status", "For a script."]
    ]
  }))
)
