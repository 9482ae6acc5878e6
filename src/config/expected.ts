import * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"
import { closest } from "../domain/closest.ts"
import { isObject } from "../domain/json.ts"
import { keyOf } from "./key.ts"
import { expectedId } from "./values.ts"

/** What a schema of the configuration expects, in words for the user, and what was found in its place. */

/** As much of a file's own words as a message has room for: a file may hold a lot. */
const brief = (words: string): string => words.length > 200 ? `${words.slice(0, 200)}…` : words

/** What a schema allows once absence, which every key may have, is left out. */
const present = (ast: AST.AST): ReadonlyArray<AST.AST> =>
  ast._tag === "Union" ? ast.types.flatMap(present).filter(({ _tag }) => _tag !== "UndefinedKeyword") : [ast]

/** A schema without what refines it. */
const unrefined = (ast: AST.AST): AST.AST => ast._tag === "Refinement" ? unrefined(ast.from) : ast

/** The part of a schema that a path leads to; none if it knows no such path. */
const schemaAt = (schema: Schema.Schema.AnyNoContext, path: ReadonlyArray<string>): AST.AST | undefined =>
  path.reduce((ast: AST.AST | undefined, key) => {
    const table = ast === undefined
      ? undefined
      : present(ast).map(unrefined).find(({ _tag }) => _tag === "TypeLiteral" || _tag === "TupleType")
    if (table?._tag === "TupleType") return table.rest[0]?.type
    if (table?._tag !== "TypeLiteral") return undefined
    const property = table.propertySignatures.find((signature) => signature.name === key)
    return property?.type ?? table.indexSignatures[0]?.type
  }, AST.typeAST(schema.ast))

const tableAt = (
  schema: Schema.Schema.AnyNoContext,
  path: ReadonlyArray<string>
): AST.TypeLiteral | undefined => {
  const ast = schemaAt(schema, path)
  return ast === undefined
    ? undefined
    : present(ast).find((type): type is AST.TypeLiteral => type._tag === "TypeLiteral")
}

/** The keys that a schema knows at a path, for suggestions. */
const keysAt = (schema: Schema.Schema.AnyNoContext, path: ReadonlyArray<string>): ReadonlyArray<string> =>
  tableAt(schema, path)?.propertySignatures.map(({ name }) => String(name)) ?? []

/** The schema's own words, its innermost one's first: what refines that adds nothing a user would not know. */
const ownWords = (ast: AST.AST): string | undefined =>
  (ast._tag === "Refinement" ? ownWords(ast.from) : undefined)
    ?? Option.getOrUndefined(AST.getAnnotation<string>(expectedId)(ast))

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
  const own = ownWords(ast)
  if (own !== undefined) return own
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
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list"
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

/** What is wrong, in a sentence without its end, and what to do about it. */
export interface Complaint {
  readonly reason: string
  readonly suggestion: string | undefined
}

/** A value that cannot be used, and the word that was probably meant. */
export const wrongValue = (
  schema: Schema.Schema.AnyNoContext,
  path: ReadonlyArray<string>,
  file: unknown
): Complaint => {
  const ast = schemaAt(schema, path)
  const value = valueAt(file, path)
  const [key = "", above] = [path.at(-1), path.slice(0, -1)]
  const isMember = /^\d+$/.test(key) && Array.isArray(valueAt(file, above))
  const name = isMember ? `member ${Number(key) + 1} of ${brief(keyOf(above))}` : brief(keyOf(path))
  const expected = ast === undefined ? "something else" : present(ast).map(describeType).join(" or ")
  const word = ast === undefined || typeof value !== "string" ? undefined : closest(value, choicesOf(ast))
  // What is not a table may be a key that is written wrong, if tables have names of the user's own.
  const known = isMember || isObject(value) ? undefined : closest(key, keysAt(schema, above))
  const suggestion = word !== undefined
    ? `"${word}"`
    : known !== undefined && known !== key
    ? `'${known}'`
    : undefined
  return {
    reason: `${name} has to be ${expected}, not ${describeValue(value)}`,
    suggestion: suggestion === undefined ? undefined : `Did you mean ${suggestion}?`
  }
}

/** A key that the schema does not know. `forbidden` says why that is so of any. */
export const unknownKey = (
  schema: Schema.Schema.AnyNoContext,
  path: ReadonlyArray<string>,
  forbidden: string
): Complaint => {
  const above = path.slice(0, -1)
  const known = keysAt(schema, above)
  const near = closest(path.at(-1) ?? "", known)
  const named = tableAt(schema, above)?.indexSignatures[0]?.parameter
  const words = named === undefined ? undefined : ownWords(named)
  return {
    reason: `unknown key '${brief(keyOf(path))}'${
      words === undefined ? forbidden : `: it has to be ${words}`
    }`,
    suggestion: near !== undefined
      ? `Did you mean '${near}'?`
      : words === undefined && known.length > 0
      ? `Keys known here: ${known.join(", ")}.`
      : undefined
  }
}
