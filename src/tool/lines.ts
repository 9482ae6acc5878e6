import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/** The form of a UUID, for regular expressions. */
export const uuid = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"

/** Commands by which nothing is said to the agent; all others may be, a skill's or one of the user's own most of all. */
const silent =
  /^\/(clear|config|context|cost|doctor|exit|help|login|logout|mcp|model|new|quit|resume|sessions?|settings|status|theme)\s*$/

/** True for what is said to an agent, or may be. */
export const isWords = (text: string): boolean => text.trim() !== "" && !silent.test(text.trim())

const lines = (text: string) => text.split("\n").filter((line) => line.trim() !== "")

/** A test for one line of JSON. A line of another form does not pass it. */
export const lineTest = <A, I>(schema: Schema.Schema<A, I>, test: (line: A) => boolean) => {
  const decode = Schema.decodeUnknownOption(Schema.parseJson(schema))
  return (line: string): boolean => Option.exists(decode(line), test)
}

/** A test for a file of such lines. A line of another form may be anything, so it counts as said. */
export const anyLine = <A, I>(schema: Schema.Schema<A, I>, test: (line: A) => boolean) => {
  const decode = Schema.decodeUnknownOption(Schema.parseJson(schema))
  return (text: string): boolean =>
    lines(text).some((line) => Option.match(decode(line), { onNone: () => true, onSome: test }))
}

/** The same for a file that is one JSON document. */
export const wholeFile = <A, I>(schema: Schema.Schema<A, I>, test: (document: A) => boolean) => {
  const decode = Schema.decodeUnknownOption(Schema.parseJson(schema))
  return (text: string): boolean =>
    text.trim() !== "" && Option.match(decode(text), { onNone: () => true, onSome: test })
}
