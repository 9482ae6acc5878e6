import * as Effect from "effect/Effect"

/** Where something stands in a text; both count from 1, 0 if that is not known. */
export interface Place {
  readonly line: number
  readonly column: number
}

const unknown: Place = { line: 0, column: 0 }

const startsWith = (path: ReadonlyArray<string>, other: ReadonlyArray<string>) =>
  other.every((part, index) => path[index] === part)

/**
 * Where the key of a path stands in a TOML text, or the member of a list. The parser that knows places is loaded only when
 * there is something to complain about.
 */
export const locate = (text: string, path: ReadonlyArray<string>): Effect.Effect<Place> =>
  Effect.promise(() => import("toml-eslint-parser")).pipe(
    Effect.map(({ getStaticTOMLValue, parseTOML, traverseNodes }) => {
      let found: { readonly place: Place; readonly depth: number } = { place: unknown, depth: 0 }
      const at = ({ loc: { start } }: { readonly loc: { readonly start: Place } }, depth: number) => {
        // A table's own header counts for every key below it until the key itself turns up.
        if (depth >= found.depth) {
          found = { place: { line: start.line, column: start.column + 1 }, depth }
        }
      }
      let prefix: ReadonlyArray<string> = []
      // Keys of the values that are being walked through: inline tables have keys of their own.
      let inside: ReadonlyArray<string> = []
      traverseNodes(parseTOML(text), {
        enterNode(node) {
          if (node.type === "TOMLTable") prefix = node.resolvedKey.map(String)
          if (node.type !== "TOMLKeyValue" && node.type !== "TOMLTable") return
          const keys = getStaticTOMLValue(node.key).map(String)
          const above = node.type === "TOMLTable" ? [] : [...prefix, ...inside]
          if (node.type === "TOMLKeyValue") inside = [...inside, ...keys]
          const whole = [...above, ...keys]
          if (startsWith(path, whole)) {
            at(node.key, whole.length)
            const member = path[whole.length]
            if (node.type !== "TOMLKeyValue" || node.value.type !== "TOMLArray" || member === undefined) {
              return
            }
            const element = node.value.elements[Number(member)]
            if (element !== undefined) at(element, whole.length + 1)
          } else if (path.length > above.length && startsWith(whole, path)) {
            // `a.b.c = 1` stands for the tables `a` and `a.b` too; the first that says so counts.
            const part = node.key.keys[path.length - above.length - 1]
            if (part !== undefined && found.depth < path.length) at(part, path.length)
          }
        },
        leaveNode(node) {
          if (node.type === "TOMLKeyValue") inside = inside.slice(0, -node.key.keys.length)
        }
      })
      return found.place
    }),
    Effect.catchAllDefect(() => Effect.succeed(unknown))
  )
