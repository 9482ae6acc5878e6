import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import { describe } from "../cli/describe.ts"
import { Sessions } from "../session/Sessions.ts"
import { endEach, sessionsToEnd } from "./ending.ts"
import { containers } from "./options.ts"

const all = Options.boolean("all").pipe(Options.withDescription("Every session of clincus."))
const timeout = Options.integer("timeout").pipe(
  Options.withPseudoName("SECONDS"),
  Options.withDescription("How long a container gets before its plug is pulled."),
  Options.withDefault(30)
)

export const command = Command.make(
  "shutdown",
  { all, timeout, containers },
  (given) =>
    Effect.gen(function*() {
      const { end } = yield* Sessions
      const sessions = yield* sessionsToEnd("shutdown", given)
      const running = sessions.filter(({ running }) => running)
      yield* endEach(
        given.all ? running : sessions,
        "Shut down",
        (session) => end(session, { _tag: "shutdown", seconds: Math.max(1, given.timeout) })
      )
    })
).pipe(
  Command.withDescription(describe("End sessions in an orderly way.", {
    group: "Sessions",
    details: [
      "Programs in the container are asked to end. An ephemeral container is deleted then, a persistent one stays, stopped."
    ],
    examples: [["clincus shutdown clincus-a1b2c3-1", "Shut a session down."]]
  }))
)
