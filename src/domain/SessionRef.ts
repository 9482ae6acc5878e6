import * as Schema from "effect/Schema"
import { PlainName } from "./RelativePath.ts"

/**
 * A session by what it is saved under and resumed by. Both lead to a path on the host, so neither leads elsewhere.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Effect from "effect/Effect"
 *
 * export const tail = (ref: Clincus.SessionRef) =>
 *   Effect.flatMap(Clincus.HistoryStore, (history) => history.outcome(ref))
 */
export const SessionRef = Schema.Struct({
  /** The tool's name. */
  tool: PlainName,
  /** A UUID, the same each time that the session is resumed. */
  id: Schema.UUID
})
export type SessionRef = typeof SessionRef.Type
