import * as Options from "@effect/cli/Options"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Host } from "../host/Host.ts"

/** What is known of a stream that text is written to. */
export interface Stream {
  readonly isTerminal: boolean
  /** Its width in cells now; Infinity if it is not a terminal, so that nothing is cut in a pipe. */
  readonly columns: () => number
  /** Whether to use colours: on a terminal that knows them, unless NO_COLOR is set. */
  readonly colours: boolean
}

/** Where a command writes. Data goes to stdout, everything said about it to stderr. */
export class Output extends Context.Tag("clincus/Output")<Output, {
  /** Writes text and a line's end to stdout. */
  readonly data: (text: string) => Effect.Effect<void>
  /** Writes text and a line's end to stderr. */
  readonly notice: (text: string) => Effect.Effect<void>
  /**
   * Shows one line at the foot of the terminal, in the place of the line before; what is written meanwhile appears above
   * it. An empty line takes it away. Does nothing if stderr is not a terminal. The line must fit the terminal.
   */
  readonly paint: (line: string) => Effect.Effect<void>
  /** Leaves the painted line on the screen for good: what is written next begins below it. */
  readonly settle: Effect.Effect<void>
  readonly stdout: Stream
  readonly stderr: Stream
}>() {}

/** `--format text|json`, the same for every command that prints data. */
export const format = Options.choice("format", ["text", "json"]).pipe(
  Options.withDefault("text"),
  Options.withDescription("How to print the result: for people, or for scripts.")
)

/** One of the values of `--format`. */
type Format = "text" | "json"

/** JSON for a terminal as well: the characters that JSON leaves alone and a terminal obeys are escaped. */
const toJson = (value: unknown): string =>
  JSON.stringify(value, null, 2).replace(
    /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
  )

/** Writes a result in the format that was asked for. The text is made only when it is wanted. */
export const print = (
  as: Format,
  value: unknown,
  text: (stdout: Stream) => string
): Effect.Effect<void, never, Output> =>
  Effect.flatMap(Output, (output) => output.data(as === "json" ? toJson(value) : text(output.stdout)))

/** Says something to the user on stderr. */
export const notice = (text: string): Effect.Effect<void, never, Output> =>
  Effect.flatMap(Output, (output) => output.notice(text))

/** What `Output` needs of a stream; `process.stdout` is one. */
export interface Sink {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  readonly write: (text: string, done: () => void) => unknown
}

/** Resumes when the text is with the system. That its reader went away is the runner's business (lifecycle.ts). */
const write = (sink: Sink, text: string): Effect.Effect<void> =>
  text === "" ? Effect.void : Effect.async<void>((resume) => {
    sink.write(text, () => resume(Effect.void))
  })

const clear = "\r\u001b[2K"

/** Writes to the given streams. `environment` is asked for NO_COLOR and TERM. */
export const make = (
  out: Sink,
  err: Sink,
  environment: Readonly<Record<string, string | undefined>>
): Context.Tag.Service<Output> => {
  let painted = ""
  const streamOf = (sink: Sink): Stream => ({
    isTerminal: sink.isTTY === true,
    columns: () => sink.isTTY === true && (sink.columns ?? 0) > 0 ? sink.columns ?? Infinity : Infinity,
    colours: sink.isTTY === true && (environment["NO_COLOR"] ?? "") === "" && environment["TERM"] !== "dumb"
  })
  const above = (sink: Sink, text: string): Effect.Effect<void> =>
    Effect.suspend(() =>
      painted === "" || sink.isTTY !== true
        ? write(sink, `${text}\n`)
        : write(err, clear).pipe(
          Effect.zipRight(write(sink, `${text}\n`)),
          Effect.zipRight(Effect.suspend(() => write(err, painted)))
        )
    )
  return {
    data: (text) => above(out, text),
    notice: (text) => above(err, text),
    paint: (line) =>
      Effect.suspend(() => {
        if (err.isTTY !== true || line === painted) return Effect.void
        painted = line
        return write(err, clear + line)
      }),
    settle: Effect.suspend(() => {
      if (painted === "") return Effect.void
      painted = ""
      return write(err, "\n")
    }),
    stdout: streamOf(out),
    stderr: streamOf(err)
  }
}

/** The process's own stdout and stderr. */
export const layer: Layer.Layer<Output, never, Host> = Layer.effect(
  Output,
  Effect.map(Host, ({ environment }) => make(process.stdout, process.stderr, environment))
)
