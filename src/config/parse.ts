import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"
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

/** As much of a file's own words as a message has room for: whoever wrote them may have written a lot. */
const brief = (words: string): string => words.length > 200 ? `${words.slice(0, 200)}…` : words

/** What a schema allows once absence, which every key may have, is left out. */
const present = (ast: AST.AST): ReadonlyArray<AST.AST> =>
  ast._tag === "Union" ? ast.types.flatMap(present).filter(({ _tag }) => _tag !== "UndefinedKeyword") : [ast]

/** The part of a schema that a path leads to; none where it knows no such path. */
const schemaAt = (schema: Schema.Schema.AnyNoContext, path: ReadonlyArray<string>): AST.AST | undefined => {
  let ast: AST.AST | undefined = Schema.typeSchema(schema).ast
  for (const key of path) {
    const table: AST.AST | undefined = present(ast).find(({ _tag }) =>
      _tag === "TypeLiteral" || _tag === "TupleType"
    )
    if (table?._tag === "TupleType") ast = table.rest[0]?.type
    else if (table?._tag === "TypeLiteral") {
      const property = table.propertySignatures.find((signature) => signature.name === key)
      ast = property?.type ?? table.indexSignatures[0]?.type
    } else ast = undefined
    if (ast === undefined) return undefined
  }
  return ast
}

/** The keys that a schema knows at a path, for suggestions. */
const keysAt = (schema: Schema.Schema.AnyNoContext, path: ReadonlyArray<string>): ReadonlyArray<string> => {
  const ast = schemaAt(schema, path)
  const table = ast === undefined ? undefined : present(ast).find((type) => type._tag === "TypeLiteral")
  return table?._tag === "TypeLiteral" ? table.propertySignatures.map(({ name }) => String(name)) : []
}

/** The words among which a value may choose. */
const choicesOf = (ast: AST.AST): ReadonlyArray<string> =>
  present(ast).flatMap((type) =>
    type._tag === "Literal" && typeof type.literal === "string" ? [type.literal] : []
  )

/** What a refinement adds to its type, in the terms of JSON Schema. */
const bounds = (ast: AST.AST): Readonly<Record<string, unknown>> =>
  ast._tag === "Refinement"
    ? {
      ...bounds(ast.from),
      ...Option.getOrElse(AST.getJSONSchemaAnnotation(ast), () => ({}))
    }
    : {}

const describeType = (ast: AST.AST): string => {
  switch (ast._tag) {
    case "Refinement": {
      const { exclusiveMinimum, maxLength, minLength, type } = bounds(ast)
      const above = exclusiveMinimum === undefined ? "" : ` above ${exclusiveMinimum}`
      if (type === "integer") return `a whole number${above}`
      if (maxLength !== undefined) return `a text in quotes of ${minLength ?? 0} to ${maxLength} characters`
      return minLength === undefined ? describeType(ast.from) : "a text in quotes that is not empty"
    }
    case "StringKeyword":
      return "a text in quotes"
    case "NumberKeyword":
      return "a number"
    case "BooleanKeyword":
      return "true or false"
    case "Literal":
      return JSON.stringify(ast.literal)
    case "TupleType":
      return "a list of texts, such as [\"a\", \"b\"]"
    case "TypeLiteral":
      return "a table"
    default:
      return "something else"
  }
}

/** What was written, as far as it helps to find it. */
const describeValue = (value: unknown): string => {
  if (Array.isArray(value)) return "a list"
  if (value instanceof Date) return "a date"
  if (typeof value === "object" && value !== null) return "a table"
  return typeof value === "string"
    ? JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)
    : String(value)
}

const valueAt = (value: unknown, path: ReadonlyArray<string>): unknown =>
  path.reduce<unknown>(
    (inside, key) =>
      typeof inside === "object" && inside !== null
        ? Object.entries(inside).find(([name]) => name === key)?.[1]
        : inside,
    value
  )

/** A value that cannot be used, in a sentence, and the word that was probably meant. */
const wrongValue = (schema: Schema.Schema.AnyNoContext, path: ReadonlyArray<string>, file: unknown) => {
  const ast = schemaAt(schema, path)
  const value = valueAt(file, path)
  const member = /^\d+$/.test(path.at(-1) ?? "") && Array.isArray(valueAt(file, path.slice(0, -1)))
  const name = member
    ? `member ${Number(path.at(-1)) + 1} of ${brief(path.slice(0, -1).join("."))}`
    : brief(path.join("."))
  const expected = ast === undefined ? "something else" : present(ast).map(describeType).join(" or ")
  const near = ast === undefined || typeof value !== "string" ? undefined : closest(value, choicesOf(ast))
  return {
    reason: `${name} has to be ${expected}, not ${describeValue(value)}`,
    suggestion: near === undefined ? undefined : `Did you mean "${near}"?`
  }
}

const syntaxError = (file: string, cause: unknown): ConfigError => {
  const line = typeof cause === "object" && cause !== null && "line" in cause ? Number(cause.line) : 0
  const column = typeof cause === "object" && cause !== null && "column" in cause ? Number(cause.column) : 0
  const reason = cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : String(cause)
  return new ConfigError({ file, line, column, reason: `not valid TOML: ${reason}`, suggestion: undefined })
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
    const place = yield* locate(text, path)
    const key = path.at(-1) ?? ""
    if (issue?._tag !== "Unexpected") {
      return yield* new ConfigError({ file, ...place, ...wrongValue(schema, path, value) })
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
