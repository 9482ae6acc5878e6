import * as Effect from "effect/Effect"
import { HistoryStore } from "./HistoryStore.ts"

/**
 * What is saved, newest first. A session that is being started has no metadata for a moment, and is not damaged: its
 * record says that it is open.
 */
export const listSaved = Effect.gen(function*() {
  const history = yield* HistoryStore
  const { damaged, sessions } = yield* history.list
  if (damaged.length === 0) return { sessions, damaged }
  // Read last: the record is there before the directory, and as long as the session runs.
  const { runs } = yield* history.runs.list
  const open = new Set(runs.map(history.directory))
  return { sessions, damaged: damaged.filter((directory) => !open.has(directory)) }
})
