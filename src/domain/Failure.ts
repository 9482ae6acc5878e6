/**
 * What every error of clincus offers beside its tag and its facts: a sentence for the user in `message`; if there
 * is a next step, that step in `hint` (a sentence or a command line); `usage` if the command line is at fault.
 *
 * @example
 * import * as Clincus from "clincus"
 *
 * export const say = ({ _tag, hint, message }: Clincus.Failure): string =>
 *   `${_tag}: ${message}${hint === undefined ? "" : ` (${hint})`}`
 */
export interface Failure {
  readonly _tag: string
  readonly message: string
  readonly hint?: string | undefined
  readonly usage?: boolean | undefined
}

/**
 * True for tagged errors that carry a user's sentence, whichever folder they come from.
 *
 * @example
 * import * as Clincus from "clincus"
 *
 * export const found = Clincus.isFailure(new Clincus.UnknownTool({ tool: "cluade", known: ["claude"] }))
 * // => true
 * export const other = Clincus.isFailure(new Error("no tag"))
 * // => false
 */
export const isFailure = (value: unknown): value is Failure =>
  value instanceof Error && "_tag" in value && typeof value._tag === "string"

/** A failure in one line: its sentence, and the next step if there is one. */
export const sentenceOf = ({ hint, message }: Pick<Failure, "message" | "hint">): string =>
  hint === undefined ? message : `${message}. ${hint}`
