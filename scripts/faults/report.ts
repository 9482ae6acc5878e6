import type { Stream } from "../../src/cli/output.ts"
import { table } from "../../src/cli/table.ts"
import type { Fault } from "./fault.ts"
import type { Outcome } from "./runFault.ts"

/** All runs of a fault. */
export interface Record {
  readonly fault: Fault
  readonly outcomes: ReadonlyArray<Outcome>
}

export const isWrong = ({ wrongs }: Outcome): boolean => wrongs.length > 0

const columns = [
  { title: "FAULT" },
  { title: "RUNS", align: "right" },
  { title: "SURVIVED", align: "right" },
  { title: "WHAT WAS WRONG", shrink: "end" }
] as const

/** How often something was wrong, the most frequent first. */
const summary = (outcomes: ReadonlyArray<Outcome>): string => {
  const counts = new Map<string, number>()
  for (const { wrongs } of outcomes) {
    for (const what of new Set(wrongs.map((one) => one.what))) {
      counts.set(what, (counts.get(what) ?? 0) + 1)
    }
  }
  return [...counts].toSorted(([, one], [, other]) => other - one)
    .map(([what, count]) => `${what} (${count})`).join(", ")
}

/** The table of all faults, one to a line. */
export const print = (records: ReadonlyArray<Record>, stream: Stream): string =>
  table(
    columns,
    records.map(({ fault, outcomes }) => [
      fault.name,
      String(outcomes.length),
      String(outcomes.filter((outcome) => !isWrong(outcome)).length),
      summary(outcomes)
    ]),
    { stream }
  )

/** A run in which something was wrong, with all that is known of it and how it is repeated. */
export const tell = (fault: Fault, { notes, ran, seed, wrongs }: Outcome): string =>
  [
    `${fault.name}: ${fault.what} (${notes.join(", ")})`,
    ...wrongs.map(({ detail, what }) => `  ${what}: ${detail}`),
    ...ran.flatMap(({ line, status, stderr, took }) => [
      `  ${line}: status ${status}, ${took} ms`,
      ...(stderr.trim() === "" ? [] : stderr.trim().split("\n").map((text) => `    ${text}`))
    ]),
    `  again: npm run faults -- --only ${fault.name} --seed ${seed}`
  ].join("\n")
