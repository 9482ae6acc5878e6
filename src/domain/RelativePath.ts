import * as Schema from "effect/Schema"

/** The longest name that Linux file systems have (bytes), and the deepest path that a record may name (parts). */
const longestName = 255
const mostParts = 64

/** True for the name of a file or directory and nothing else: no way up, no separator, nothing that ends a string in C. */
export const isPlainName = (name: string): boolean =>
  name !== "" && name !== "." && name !== ".." && !/[/\0]/.test(name) &&
  Buffer.byteLength(name) <= longestName

/** True for a path that leads down from where it starts, by plain names only. */
export const isRelativePath = (path: string): boolean => {
  const parts = path.split("/")
  return parts.length <= mostParts && parts.every(isPlainName)
}

/** A plain name that was read from a file. */
export const PlainName = Schema.String.pipe(Schema.filter(isPlainName))

/** The same path without what means nothing in it: `./a//b/` is `a/b`. */
export const plainPath = (path: string): string =>
  path.startsWith("/") ? path : path.split("/").filter((part) => part !== "" && part !== ".").join("/")

/** A path below some directory that was read from a file: the writer of that file can name nothing outside. */
export const RelativePath = Schema.transform(
  Schema.String,
  Schema.String.pipe(Schema.filter(isRelativePath)),
  {
    strict: true,
    decode: plainPath,
    encode: (path) => path
  }
)
