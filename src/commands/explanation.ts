import * as Effect from "effect/Effect"
import { escape } from "../cli/escape.ts"
import { Output, print } from "../cli/output.ts"
import { table } from "../cli/table.ts"
import { Host } from "../host/Host.ts"
import type { Explanation } from "../policy/explain/Explanation.ts"
import type { FactKind } from "../policy/explain/Fact.ts"

/** How an explanation is printed, by the commands that print one. */

const columns = [
  { title: "MAY" },
  { title: "WHAT" },
  { title: "THAT IS", shrink: "end" },
  { title: "BY", shrink: "path" }
] as const

const order: ReadonlyArray<FactKind> = ["unknown", "read", "write", "reach", "spend"]

/** What was left out for one reason makes one row. */
const leftRows = ({ left_out }: Explanation): ReadonlyArray<ReadonlyArray<string>> => {
  const reasons = new Map<string, ReadonlyArray<string>>()
  for (const { reason, what } of left_out) reasons.set(reason, [...reasons.get(reason) ?? [], what])
  return [...reasons].map(([reason, all], index) => [index === 0 ? "not" : "", "", all.join(", "), reason])
}

const titleOf = ({ container, state, tool, workspace }: Explanation): string =>
  container === null
    ? `A session of ${tool} on ${escape(workspace)}:`
    : `${container}, ${tool} on ${escape(workspace)}, ${state}:`

/** Prints everything that a session can do. On a terminal long lines are cut; a pipe and JSON have all. */
export const printExplanation = (format: "text" | "json", explanation: Explanation) =>
  Effect.gen(function*() {
    const { stdout } = yield* Output
    const { home } = yield* Host
    const sorted = order.flatMap((kind) => explanation.facts.filter((fact) => fact.kind === kind))
    const tilde = (text: string) => stdout.isTerminal ? text.replaceAll(`${home}/`, "~/") : text
    const rows = sorted.map(({ detail, kind, source, what }, index) => [
      sorted[index - 1]?.kind === kind ? "" : kind,
      what,
      tilde(detail),
      source
    ])
    yield* print(
      format,
      explanation,
      () =>
        [titleOf(explanation), table(columns, [...rows, ...leftRows(explanation)], { stream: stdout, home })]
          .join("\n")
    )
  })
