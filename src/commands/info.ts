import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import { describe } from "../cli/describe.ts"
import { escape } from "../cli/escape.ts"
import { format, print } from "../cli/output.ts"
import { size } from "../cli/units.ts"
import { Sessions } from "../session/Sessions.ts"
import { selection, slot, workspace } from "./options.ts"
import { requireKnown } from "./sessionName.ts"

const target = Args.text({ name: "SESSION" }).pipe(
  Args.withDescription(
    "A container, or the id of a session or its beginning; the only running one by default."
  ),
  Args.optional
)

/** A value for people: lists in lines, sizes in words. */
const show = (key: string, value: unknown): string => {
  if (value === null || value === undefined) return "-"
  if (key.endsWith("_bytes")) return size(Number(value))
  if (Array.isArray(value)) {
    return value.length === 0 ? "-" : value.map((one) => escape(String(one))).join(`\n${" ".repeat(18)}`)
  }
  return escape(String(value))
}

export const command = Command.make(
  "info",
  { slot, workspace, format, target },
  (given) =>
    Effect.gen(function*() {
      const wanted = yield* selection({ ...given, container: given.target })
      const sessions = yield* Sessions
      yield* Effect.ignoreLogged(sessions.reconcile)
      const info = yield* sessions.info(wanted).pipe(
        Effect.catchTag("CannotResume", () => requireKnown(wanted.container ?? ""))
      )
      yield* print(given.format, info, () =>
        Object.entries({
          ...info,
          mounts: info.mounts.map(({ at, from }) => `${at}  from ${from}`),
          limits: Object.entries(info.limits).map(([name, value]) => `${name} ${value}`)
        }).map(([key, value]) => `${key.replaceAll("_", " ").padEnd(16)}  ${show(key, value)}`).join("\n"))
    })
).pipe(
  Command.withDescription(describe("Show everything known of a session, live or saved.", {
    group: "Sessions",
    examples: [
      ["clincus info clincus-a1b2c3-1", "A running session: mounts, variables, limits, times."],
      ["clincus info 3f2b", "A saved one."]
    ]
  }))
)
