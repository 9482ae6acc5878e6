import * as Effect from "effect/Effect"
import { liveSessions, type Selection, selectSession } from "./live.ts"
import { reconcile } from "./reconcile.ts"

/**
 * The one running session that is meant. What a crash has left is put in order first, since it may look like a session that
 * runs; if that cannot be done, the session is looked for all the same.
 */
export const getSession = (selection: Selection) =>
  reconcile.pipe(
    Effect.map(({ live }) => live),
    Effect.catchTag(
      "HistoryError",
      (error) => Effect.zipRight(Effect.logWarning(error.message), liveSessions)
    ),
    Effect.flatMap((live) => selectSession(selection, live))
  )
