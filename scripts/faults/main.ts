import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as NodeFileSystem from "@effect/platform-node-shared/NodeFileSystem"
import * as NodePath from "@effect/platform-node-shared/NodePath"
import * as NodeTerminal from "@effect/platform-node-shared/NodeTerminal"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { randomInt } from "node:crypto"
import { availableParallelism } from "node:os"
import { describe } from "../../src/cli/describe.ts"
import { ExitStatus, UsageError } from "../../src/cli/errors.ts"
import * as Log from "../../src/cli/log.ts"
import { repeatable } from "../../src/cli/options.ts"
import * as Output from "../../src/cli/output.ts"
import * as Progress from "../../src/cli/progress.ts"
import { run } from "../../src/cli/runner.ts"
import * as Trace from "../../src/cli/trace.ts"
import * as Host from "../../src/host/Host.ts"
import type { Fault } from "./fault.ts"
import { faults } from "./faults.ts"
import { isWrong, print, tell } from "./report.ts"
import { type Outcome, runFault } from "./runFault.ts"

/** So often is a fault done: one that takes minutes more rarely, unless it is asked for by its name. */
const timesOf = ({ slow }: Fault, runs: number, named: boolean) =>
  slow === true && !named ? Math.floor(runs / 10) : runs

/** The faults that bear these names, or whose names begin so; all if none is given. */
const chosenBy = (names: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const means = (word: string, { name }: Fault) =>
      faults.some((fault) => fault.name === word) ? name === word : name.startsWith(word)
    const unknown = names.find((word) => !faults.some((fault) => means(word, fault)))
    if (unknown !== undefined) {
      return yield* new UsageError({
        command: "faults",
        reason: `there is no fault '${unknown}'`,
        advice: "--list shows them."
      })
    }
    const chosen = faults.filter((fault) => names.length === 0 || names.some((word) => means(word, fault)))
    const possible = chosen.filter(({ disk }) => disk !== true || process.getuid?.() === 0)
    for (const { name } of chosen.filter((fault) => !possible.includes(fault))) {
      yield* Output.notice(`${name} is left out: only root can mount its disk.`)
    }
    return possible
  })

/** Does all of it and prints the table, also if somebody stops it. */
const doFaults = (
  chosen: ReadonlyArray<Fault>,
  given: {
    readonly runs: number
    readonly named: boolean
    readonly seed: number
    readonly jobs: number
    readonly verbose: boolean
  }
) =>
  Effect.gen(function*() {
    const output = yield* Output.Output
    const records = new Map<Fault, ReadonlyArray<Outcome>>()
    const tasks = chosen.flatMap((fault) =>
      Array.from({ length: timesOf(fault, given.runs, given.named) }, (_, index) => ({
        fault,
        seed: given.seed + index
      }))
    )
    let done = 0
    const once = ({ fault, seed }: (typeof tasks)[number]) =>
      Effect.gen(function*() {
        const outcome = yield* runFault(fault, seed)
        const outcomes = [...records.get(fault) ?? [], outcome]
        records.set(fault, outcomes)
        if (given.verbose || isWrong(outcome)) yield* output.notice(tell(fault, outcome))
        if (outcomes.length === timesOf(fault, given.runs, given.named)) {
          yield* output.notice(`${fault.name}: done`)
        }
        yield* output.paint(`${++done} of ${tasks.length} runs`)
      })
    const table = Effect.suspend(() =>
      output.data(print([...records].map(([fault, outcomes]) => ({ fault, outcomes })), output.stdout))
    )
    yield* Effect.forEach(tasks, once, { concurrency: Math.max(1, given.jobs), discard: true }).pipe(
      Effect.ensuring(Effect.zipRight(output.paint(""), table))
    )
    if ([...records.values()].flat().some(isWrong)) yield* new ExitStatus({ code: 1 })
  })

const options = {
  runs: Options.integer("runs").pipe(
    Options.withPseudoName("N"),
    Options.withDefault(1),
    Options.withDescription("How often each; those that take minutes once for every ten.")
  ),
  only: repeatable("only", "NAME").pipe(
    Options.withDescription("Only this one; if there is none, those whose names begin so.")
  ),
  list: Options.boolean("list").pipe(Options.withDescription("Say what there is, and do nothing.")),
  seed: Options.integer("seed").pipe(
    Options.withPseudoName("S"),
    Options.optional,
    Options.withDescription(
      "What is drawn: S for the first run of each, S + 1 for the second; another one each time."
    )
  ),
  verbose: Options.boolean("verbose").pipe(
    Options.withDescription("Tell of each run, also if nothing was wrong.")
  ),
  jobs: Options.integer("jobs").pipe(
    Options.withPseudoName("J"),
    Options.withDefault(availableParallelism()),
    Options.withDescription("How many at the same time; as many as there are processors.")
  )
}

const command = Command.make(
  "faults",
  options,
  ({ jobs, list, only, runs, seed, verbose }) =>
    Effect.gen(function*() {
      const chosen = yield* chosenBy(only)
      if (list) {
        return yield* Effect.flatMap(
          Output.Output,
          (output) => output.data(chosen.map(({ name, what }) => `${name.padEnd(20)} ${what}`).join("\n"))
        )
      }
      const first = Option.getOrElse(seed, () => randomInt(1_000_000))
      yield* doFaults(chosen, { runs, named: only.length > 0, seed: first, jobs, verbose })
    })
).pipe(
  Command.withDescription(
    describe("Do faults to the real program on the real Incus, and tell what came of them.", {
      details: [
        "After each, one next command of clincus has to have put everything in order. The status is 1 if it has not."
      ]
    })
  )
)

const about = {
  name: "faults",
  version: "",
  bug: "this is a bug in the script",
  cleaningUp: "cleaning up; once more stops that, and leaves containers whose names begin with t",
  logVariable: "CLINCUS_LOG",
  traceVariable: "CLINCUS_TRACE"
}

run(
  about,
  command,
  Layer.mergeAll(
    NodeFileSystem.layer,
    NodePath.layer,
    NodeTerminal.layer,
    Log.layer(about),
    Trace.layer(about),
    Progress.layer
  ).pipe(
    Layer.provideMerge(Output.layer),
    Layer.provideMerge(Host.layer)
  )
)
