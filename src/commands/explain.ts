import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { describe } from "../cli/describe.ts"
import { format } from "../cli/output.ts"
import { Sessions } from "../session/Sessions.ts"
import { printExplanation } from "./explanation.ts"
import { profile } from "./options.ts"

const target = Args.text({ name: "NAME | WORKSPACE" }).pipe(
  Args.withDescription(
    "A container, as 'clincus list' names it, or a directory; the current directory by default."
  ),
  Args.optional
)

/** The session in a container of this name; none if there is none, or if it is a path. */
const named = (name: string) =>
  Effect.gen(function*() {
    const { explain, list } = yield* Sessions
    const live = name.includes("/") || name === "." ? [] : yield* list
    return live.some(({ container }) => container === name)
      ? Option.some(yield* explain({ container: name }))
      : Option.none()
  })

export const command = Command.make(
  "explain",
  { profile, format, target },
  (given) =>
    Effect.gen(function*() {
      const sessions = yield* Sessions
      const wanted = Option.getOrElse(given.target, () => ".")
      const found = yield* named(wanted)
      const explanation = Option.isSome(found)
        ? found.value
        : yield* Effect.flatMap(
          sessions.plan({ workspace: wanted, profile: Option.getOrUndefined(given.profile) }),
          sessions.explainPlan
        )
      yield* printExplanation(given.format, explanation)
    })
).pipe(
  Command.withDescription(describe("Show everything that a session can read, write, reach and spend.", {
    group: "Sessions",
    details: [
      "Of a directory: as a session would be that is started on it now; nothing is started or changed. Of a container: by the instance as it is in Incus at this moment, and by what was noted when it was started, whatever the configuration says today.",
      "Each line has its source: 'default', a file with its line, an option, an Incus profile. What clincus has not put into an instance stands first, as 'unknown'. Below is what a session does not get: requests of .clincus.toml that are not granted, settings that are not copied. 'clincus shell --dry-run' does the same with the options of a session."
    ],
    examples: [
      ["clincus explain", "What could a session do here?"],
      ["clincus explain clincus-a1b2c3-1", "What can this one do?"],
      ["clincus explain ~/project --format json", "All of it, with every path."]
    ]
  }))
)
