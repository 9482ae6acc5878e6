/**
 * A JSON object as read from a file: nothing is known of its values.
 *
 * @example
 * import * as Clincus from "clincus"
 *
 * const settings: Clincus.JsonObject = JSON.parse("{ \"theme\": \"dark\" }")
 *
 * export const theme = settings["theme"]
 * // => "dark"
 */
export type JsonObject = Readonly<Record<string, unknown>>

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Settings are not deeper than this; deeper ones may be made to exhaust their reader. */
const deepest = 64

const isShallow = (value: unknown, depth = 0): boolean =>
  typeof value !== "object" || value === null
  || (depth < deepest && Object.values(value).every((inner) => isShallow(inner, depth + 1)))

/** A JSON object of a file that a tool wrote, or a container; undefined for all else, and for an object that is too deep. */
export const parseObject = (text: string): JsonObject | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) && isShallow(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Written without indentation, which would multiply what is deep. */
export const printObject = (json: JsonObject): string => `${JSON.stringify(json)}\n`

/** The object under a key; empty if there is none. */
export const objectAt = (json: JsonObject, key: string): JsonObject => {
  const value = json[key]
  return isObject(value) ? value : {}
}

export const pick = (json: JsonObject, keys: ReadonlyArray<string>): JsonObject =>
  Object.fromEntries(keys.filter((key) => json[key] !== undefined).map((key) => [key, json[key]]))

export const omit = (json: JsonObject, keys: ReadonlyArray<string>): JsonObject =>
  Object.fromEntries(Object.entries(json).filter(([key]) => !keys.includes(key)))
