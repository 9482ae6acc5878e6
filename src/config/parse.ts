import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { closest } from "../domain/closest.ts"
import { ConfigError } from "./errors.ts"

interface Place {
  readonly line: number
  readonly column: number
}

/** Where a key stands in the text. Loaded only when there is something to complain about. */
const locate = (text: string, path: ReadonlyArray<string>): Effect.Effect<Place> =>
  Effect.promise(() => import("toml-eslint-parser")).pipe(
    Effect.map(({ getStaticTOMLValue, parseTOML, traverseNodes }) => {
      let found: Place = { line: 0, column: 0 }
      let prefix: ReadonlyArray<string> = []
      // Keys of the values that are being walked through: inline tables have keys of their own.
      let inside: ReadonlyArray<string> = []
      traverseNodes(parseTOML(text), {
        enterNode(node) {
          if (node.type === "TOMLTable") prefix = node.resolvedKey.map(String)
          if (node.type !== "TOMLKeyValue" && node.type !== "TOMLTable") return
          const keys = getStaticTOMLValue(node.key).map(String)
          if (node.type === "TOMLKeyValue") inside = [...inside, ...keys]
          const whole = node.type === "TOMLTable" ? keys : [...prefix, ...inside]
          // A table's own header counts for every key below it until the key itself turns up.
          if (whole.every((key, index) => path[index] === key)) {
            found = { line: node.key.loc.start.line, column: node.key.loc.start.column + 1 }
          }
        },
        leaveNode(node) {
          if (node.type === "TOMLKeyValue") inside = inside.slice(0, -node.key.keys.length)
        }
      })
      return found
    }),
    Effect.catchAllDefect(() => Effect.succeed({ line: 0, column: 0 }))
  )

/** The keys that a schema knows at a path, for suggestions. */
const keysAt = (
  schema: Schema.Schema.AnyNoContext,
  path: ReadonlyArray<string>
): ReadonlyArray<string> => {
  let ast = Schema.typeSchema(schema).ast
  for (const key of path) {
    if (ast._tag === "Union") ast = ast.types.find((type) => type._tag === "TypeLiteral") ?? ast
    if (ast._tag !== "TypeLiteral") return []
    const property = ast.propertySignatures.find((signature) => signature.name === key)
    const next = property?.type ?? ast.indexSignatures[0]?.type
    if (next === undefined) return []
    ast = next
  }
  if (ast._tag === "Union") ast = ast.types.find((type) => type._tag === "TypeLiteral") ?? ast
  return ast._tag === "TypeLiteral" ? ast.propertySignatures.map((signature) => String(signature.name)) : []
}

const syntaxError = (file: string, cause: unknown): ConfigError => {
  const line = typeof cause === "object" && cause !== null && "line" in cause ? Number(cause.line) : 0
  const column = typeof cause === "object" && cause !== null && "column" in cause ? Number(cause.column) : 0
  const reason = cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : String(cause)
  return new ConfigError({ file, line, column, reason: `not valid TOML: ${reason}`, suggestion: undefined })
}

/** As much of a file's own words as a message has room for: whoever wrote them may have written a lot. */
const brief = (words: string): string => words.length > 200 ? `${words.slice(0, 200)}…` : words

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
    const place = yield* locate(text, path)
    const key = path.at(-1) ?? ""
    if (issue?._tag !== "Unexpected") {
      return yield* new ConfigError({
        file,
        ...place,
        reason: `${brief(path.join("."))}: ${brief((issue?.message ?? "").replaceAll("\n", " "))}`,
        suggestion: undefined
      })
    }
    const known = keysAt(schema, path.slice(0, -1))
    const near = closest(key, known)
    return yield* new ConfigError({
      file,
      ...place,
      reason: `unknown key '${brief(path.join("."))}'${forbidden}`,
      suggestion: near !== undefined
        ? `Did you mean '${near}'?`
        : known.length > 0
        ? `Keys known here: ${known.join(", ")}.`
        : undefined
    })
  })
