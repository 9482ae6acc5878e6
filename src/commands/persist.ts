import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import { describe } from "../cli/describe.ts"
import { notice } from "../cli/output.ts"
import { Sessions } from "../session/Sessions.ts"
import { container, selection, slot, workspace } from "./options.ts"

export const command = Command.make(
  "persist",
  { slot, workspace, container },
  (given) =>
    Effect.gen(function*() {
      const sessions = yield* Sessions
      const session = yield* Effect.flatMap(selection(given), sessions.get)
      if (session.persistent) {
        return yield* notice(`${session.container} is persistent already.`)
      }
      yield* sessions.persist(session)
      yield* notice(`${session.container} is persistent now: it is stopped at the end and not deleted.`)
    })
).pipe(
  Command.withDescription(describe("Keep the container of a running session when it ends.", {
    group: "Sessions",
    examples: [["clincus persist clincus-a1b2c3-1", "Turn an ephemeral session persistent."]]
  }))
)
