import * as Schema from "effect/Schema"
import { Fact } from "./Fact.ts"

/**
 * Something that a session does not have although somebody has said so, or might expect it.
 *
 * @see Explanation
 */
export const LeftOut = Schema.Struct({
  what: Schema.String,
  reason: Schema.String
})
export type LeftOut = typeof LeftOut.Type

/**
 * Everything that a session can read, write, reach and spend: what `clincus explain --format json` prints. Keys are only
 * ever added.
 *
 * @example
 * import * as Clincus from "clincus"
 *
 * const isOf = (kind: Clincus.FactKind) => (fact: Clincus.Fact): boolean => fact.kind === kind
 * const shown = ({ reason, what }: Clincus.LeftOut): string => `not ${what}: ${reason}`
 *
 * export const summary = ({ facts, left_out }: Clincus.Explanation): ReadonlyArray<string> => [
 *   ...facts.filter(isOf("write")).map(({ detail, what }) => `${what} is ${detail}`),
 *   ...left_out.map(shown)
 * ]
 */
export const Explanation = Schema.Struct({
  /** `planned` if it has not been started; else what Incus says of its container, in lower case. */
  state: Schema.String,
  container: Schema.NullOr(Schema.String),
  session: Schema.NullOr(Schema.String),
  tool: Schema.String,
  /** Real path on the host. */
  workspace: Schema.String,
  facts: Schema.Array(Fact),
  left_out: Schema.Array(LeftOut)
})
export type Explanation = typeof Explanation.Type
