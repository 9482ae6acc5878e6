import type { JsonObject } from "./Tool.ts"

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** The object under a key; empty where there is none. */
export const objectAt = (json: JsonObject, key: string): JsonObject => {
  const value = json[key]
  return isObject(value) ? value : {}
}

export const pick = (json: JsonObject, keys: ReadonlyArray<string>): JsonObject =>
  Object.fromEntries(keys.filter((key) => json[key] !== undefined).map((key) => [key, json[key]]))

export const omit = (json: JsonObject, keys: ReadonlyArray<string>): JsonObject =>
  Object.fromEntries(Object.entries(json).filter(([key]) => !keys.includes(key)))
