/** A key of a file as it is written in one: a part that holds more than letters, digits, `_` and `-` is quoted. */
export const keyOf = (path: ReadonlyArray<string>): string =>
  path.map((part) => /^[\w-]+$/.test(part) ? part : JSON.stringify(part)).join(".")
