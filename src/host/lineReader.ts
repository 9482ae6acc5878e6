import { StringDecoder } from "node:string_decoder"

/** Makes lines of pieces of output, wherever the pieces were cut: `take` gives the lines that a piece completes. */
export const lineReader = (): {
  readonly take: (piece: Uint8Array) => ReadonlyArray<string>
  /** What has come of a line that is not complete, for the end; it is taken out. */
  readonly rest: () => string
} => {
  const decoder = new StringDecoder("utf8")
  let rest = ""
  return {
    take: (piece) => {
      // A program that paints one line over and over ends it with a carriage return alone.
      const lines = (rest + decoder.write(Buffer.from(piece))).split(/\r?\n|\r/)
      rest = lines.pop() ?? ""
      return lines
    },
    rest: () => {
      const last = rest + decoder.end()
      rest = ""
      return last
    }
  }
}
