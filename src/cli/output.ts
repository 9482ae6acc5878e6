import * as Options from "@effect/cli/Options"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/** What is known of a stream that text is written to. */
export interface Stream {
  readonly isTerminal: boolean
  /** Its width in cells now; Infinity where it is no terminal, so that nothing is cut in a pipe. */
  readonly columns: () => number
  readonly colours: boolean
}

/** Where a command writes. Data goes to stdout, everything said about it to stderr. */
export class Output extends Context.Tag("clincus/Output")<Output, {
  /** Writes text and a line's end to stdout. */
  readonly data: (text: string) => Effect.Effect<void>
  /** Writes text and a line's end to stderr. */
  readonly notice: (text: string) => Effect.Effect<void>
  /** Writes text to stderr as it is: for what is painted over again. */
  readonly paint: (text: string) => Effect.Effect<void>
  readonly stdout: Stream
  readonly stderr: Stream
}>() {}

/** `--format text|json`, the same for every command that prints data. */
export const format = Options.choice("format", ["text", "json"]).pipe(
  Options.withDefault("text"),
  Options.withDescription("How to print the result: for people, or for scripts.")
)

/** One of the values of `--format`. */
export type Format = "text" | "json"

/** Writes a result in the format that was asked for. The text is only made when it is wanted. */
export const print = (
  as: Format,
  value: unknown,
  text: () => string
): Effect.Effect<void, never, Output> =>
  Effect.flatMap(Output, (output) => output.data(as === "json" ? JSON.stringify(value, null, 2) : text()))

/** Says something to the user on stderr. */
export const notice = (text: string): Effect.Effect<void, never, Output> =>
  Effect.flatMap(Output, (output) => output.notice(text))

/** Resumes when the text is with the system. A reader that went away is the runner's business (see runner.ts). */
const write = (stream: NodeJS.WriteStream, text: string): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    stream.write(text, () => resume(Effect.void))
  })

const streamOf = (stream: NodeJS.WriteStream): Stream => ({
  isTerminal: stream.isTTY === true,
  columns: () => stream.isTTY === true && stream.columns > 0 ? stream.columns : Infinity,
  colours: stream.isTTY === true && (process.env["NO_COLOR"] ?? "") === "" && process.env["TERM"] !== "dumb"
})

/** The process's own stdout and stderr. */
export const layer: Layer.Layer<Output> = Layer.sync(Output, () => ({
  data: (text) => write(process.stdout, `${text}\n`),
  notice: (text) => write(process.stderr, `${text}\n`),
  paint: (text) => write(process.stderr, text),
  stdout: streamOf(process.stdout),
  stderr: streamOf(process.stderr)
}))
