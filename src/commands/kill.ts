import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import { describe } from "../cli/describe.ts"
import { notice } from "../cli/output.ts"
import { confirm } from "../cli/prompt.ts"
import { Sessions } from "../session/Sessions.ts"
import { endEach, sessionsToEnd } from "./ending.ts"
import { containers } from "./options.ts"

const all = Options.boolean("all").pipe(Options.withDescription("Every session of clincus."))
const force = Options.boolean("force").pipe(
  Options.withAlias("f"),
  Options.withDescription("Do not ask before persistent containers are deleted, or all sessions killed.")
)

export const command = Command.make("kill", { all, force, containers }, (given) =>
  Effect.gen(function*() {
    const { end } = yield* Sessions
    const sessions = yield* sessionsToEnd("kill", given)
    const lost = sessions.filter(({ persistent }) => persistent)
    const doubtful = given.all ? sessions : lost
    if (doubtful.length > 0 && !given.force) {
      const list = doubtful.map(({ container, persistent, tool, workspace }) =>
        `  ${container}  ${tool}  ${workspace}${persistent ? "  (persistent)" : ""}`
      )
      const agreed = yield* confirm(
        `${list.join("\n")}\nDelete ${
          doubtful.length === 1 ? "this container" : `these ${doubtful.length} containers`
        }? What is installed in ${doubtful.length === 1 ? "it" : "them"} is lost; conversations are kept.`,
        { instead: "--force" }
      )
      if (!agreed) return yield* notice("Nothing was killed.")
    }
    yield* endEach(sessions, "Killed", (session) => end(session, { _tag: "kill" }))
  })).pipe(
    Command.withDescription(describe("End sessions at once and delete their containers.", {
      group: "Sessions",
      details: [
        "Only containers that clincus made. Conversations stay saved: 'clincus shell --resume' goes on with them."
      ],
      examples: [
        ["clincus kill clincus-a1b2c3-1", "Delete a container."],
        ["clincus kill --all --force", "Delete all of them without asking."]
      ]
    }))
  )
