import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { describe } from "../cli/describe.ts"
import { UsageError } from "../cli/errors.ts"
import { escape } from "../cli/escape.ts"
import { format, notice, print } from "../cli/output.ts"
import { confirm } from "../cli/prompt.ts"
import { age, parseDuration } from "../cli/units.ts"
import { Sessions } from "../session/Sessions.ts"

const sessions = Options.boolean("sessions").pipe(
  Options.withDescription("Saved sessions that could still be resumed, too.")
)
const olderThan = Options.text("older-than").pipe(
  Options.withPseudoName("AGE"),
  Options.withDescription("Only what was last used longer ago than this: 12h, 30d, 8w."),
  Options.optional
)
const dryRun = Options.boolean("dry-run").pipe(
  Options.withAlias("n"),
  Options.withDescription("Say what would be removed, and remove nothing.")
)
const force = Options.boolean("force").pipe(Options.withAlias("f"), Options.withDescription("Do not ask."))

const ageOf = (given: Option.Option<string>) =>
  Option.match(given, {
    onNone: () => Effect.succeed(0),
    onSome: (text) => {
      const millis = parseDuration(text)
      return millis === undefined
        ? Effect.fail(
          new UsageError({
            command: "clincus clean",
            reason: `'${text}' is not an age`,
            advice: "Write a number and a unit: 45m, 12h, 30d, 8w."
          })
        )
        : Effect.succeed(millis)
    }
  })

export const command = Command.make(
  "clean",
  { sessions, olderThan, dryRun, force, format },
  (given) =>
    Effect.gen(function*() {
      const minimum = yield* ageOf(given.olderThan)
      const { leftovers: find, removeLeftovers } = yield* Sessions
      const leftovers = yield* find({ sessions: given.sessions, unusedFor: minimum })
      const now = yield* Clock.currentTimeMillis
      const items = leftovers.map(({ last, name, what }) => ({
        what,
        name,
        last_used_at: last === undefined ? null : new Date(last).toISOString()
      }))
      const text = leftovers.map(({ last, name, what }) =>
        `  ${what}  ${escape(name)}${last === undefined ? "" : `  (${age(now - last)} ago)`}`
      ).join("\n")
      if (given.dryRun || leftovers.length === 0) {
        return yield* print(
          given.format,
          { removed: false, items },
          () => leftovers.length === 0 ? "Nothing to clean." : `Would be removed:\n${text}`
        )
      }
      const agreed = given.force || (yield* confirm(
        `${text}\nRemove ${leftovers.length === 1 ? "this" : `these ${leftovers.length}`} for good?`,
        { instead: "--force (or --dry-run to only look)" }
      ))
      if (!agreed) return yield* notice("Nothing was removed.")
      const left = yield* removeLeftovers(leftovers)
      yield* Effect.forEach(left, ({ name }) => notice(`Left alone, for it is in use again: ${escape(name)}`))
      yield* print(given.format, { removed: true, items }, () => `Removed:\n${text}`)
    })
).pipe(
  Command.withDescription(describe("Remove what sessions left behind.", {
    group: "Other commands",
    details: [
      "Saved sessions that hold nothing to resume, directories that are no session any more, and containers whose session is gone; with --sessions, saved sessions as well. Running sessions and stopped persistent containers are never touched."
    ],
    examples: [
      ["clincus clean --dry-run", "Look first."],
      ["clincus clean --sessions --older-than 30d", "Forget conversations of more than a month ago."]
    ]
  }))
)
