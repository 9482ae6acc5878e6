import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { ConfigError } from "./errors.ts"
import { unknownKey, wrongValue } from "./expected.ts"
import { locate } from "./locate.ts"

const syntaxError = (file: string, cause: unknown): ConfigError => {
  const line = typeof cause === "object" && cause !== null && "line" in cause ? Number(cause.line) : 0
  const column = typeof cause === "object" && cause !== null && "column" in cause ? Number(cause.column) : 0
  const said = cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : String(cause)
  const reason = `not valid TOML: ${said.replace(/^Invalid TOML document: /, "")}`
  return new ConfigError({ file, line, column, reason, suggestion: undefined })
}

/** Decodes the text of a file. What the schema does not know is an error with its place and a suggestion. */
export const parse = <A, I>(
  file: string,
  written: string,
  schema: Schema.Schema<A, I>,
  forbidden: string
): Effect.Effect<A, ConfigError> =>
  Effect.gen(function*() {
    // Some editors begin a file with a byte order mark.
    const text = written.replace(/^\ufeff/, "")
    // The parser is needed only by those who have a file.
    const toml = yield* Effect.promise(() => import("smol-toml"))
    const value = yield* Effect.try({
      try: (): unknown => toml.parse(text),
      catch: (cause) => syntaxError(file, cause)
    })
    const decoded = Schema.decodeUnknownEither(schema, { onExcessProperty: "error", errors: "all" })(value)
    if (Either.isRight(decoded)) return decoded.right
    const issues = ParseResult.ArrayFormatter.formatErrorSync(decoded.left)
    // Of several faults the unknown key says most: a refused union repeats itself for each member.
    const issue = issues.find((one) => one._tag === "Unexpected") ?? issues[0]
    const path = (issue?.path ?? []).map(String)
    return yield* new ConfigError({
      file,
      ...(yield* locate(text, path)),
      ...(issue?._tag === "Unexpected"
        ? unknownKey(schema, path, forbidden)
        : wrongValue(schema, path, value))
    })
  })
