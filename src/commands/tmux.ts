import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { describe } from "../cli/describe.ts"
import { UsageError } from "../cli/errors.ts"
import { escape, withColours } from "../cli/escape.ts"
import { repeatable } from "../cli/options.ts"
import { format, Output, print } from "../cli/output.ts"
import { table } from "../cli/table.ts"
import { Sessions } from "../session/Sessions.ts"
import { readAll } from "../terminal/stdin.ts"
import { container, selection, slot, workspace } from "./options.ts"

const lines = Options.integer("lines").pipe(
  Options.withAlias("n"),
  Options.withPseudoName("N"),
  Options.withDescription("The last N lines, those that have scrolled away too."),
  Options.optional
)
const ansi = Options.boolean("ansi").pipe(Options.withDescription("Keep colours, as escape sequences."))

const capture = Command.make(
  "capture",
  { slot, workspace, lines, ansi, format, container },
  (given) =>
    Effect.gen(function*() {
      if (Option.exists(given.lines, (n) => n < 1)) {
        return yield* new UsageError({
          command: "clincus tmux capture",
          reason: "--lines takes a number from 1 on"
        })
      }
      const sessions = yield* Sessions
      const session = yield* Effect.flatMap(selection(given), sessions.get)
      const screen = yield* sessions.capture(session, {
        ansi: given.ansi,
        ...(Option.isSome(given.lines) ? { lines: given.lines.value } : {})
      })
      yield* print(given.format, { container: session.container, screen }, ({ isTerminal }) => {
        const text = screen.replace(/\n$/, "")
        // Colours are what was asked for; a terminal must not obey what else a container says, now or from a file.
        if (given.ansi) return withColours(text)
        return isTerminal ? escape(text, { lines: true }) : text
      })
    })
).pipe(
  Command.withDescription(describe("Print the screen of a running session.", {
    examples: [
      ["clincus tmux capture clincus-a1b2c3-1", "What its terminal shows now."],
      ["clincus tmux capture --slot 1 --lines 200", "The last 200 lines of slot 1 here."]
    ]
  }))
)

const words = Args.text({ name: "[CONTAINER] TEXT" }).pipe(
  Args.withDescription(
    "The container (unless --slot or --workspace chooses it, or only one runs) and the text; - reads it from standard input."
  ),
  Args.repeated
)
const noEnter = Options.boolean("no-enter").pipe(
  Options.withDescription("Do not press Enter after the text.")
)
const keys = repeatable("key", "KEY").pipe(
  Options.withAlias("k"),
  Options.withDescription(
    "A key to press, by tmux's name: Enter, Escape, C-c, Up. Pressed after the text."
  )
)

const wrongSend = (reason: string, advice?: string) =>
  new UsageError({ command: "clincus tmux send", reason, advice })

/**
 * Reads the words of `send`. Two are a container and a text. One is a text if the session is chosen by an option, a
 * container if keys are sent; else it is a text for the only session.
 */
const readWords = (
  words: ReadonlyArray<string>,
  { chosen, keys }: { readonly chosen: boolean; readonly keys: boolean }
): Effect.Effect<{ container?: string; text?: string }, UsageError> => {
  const [first, second, ...more] = words
  if (more.length > 0) {
    return Effect.fail(
      wrongSend(`${words.length} words were given`, "Put the text in quotes: it is one word then.")
    )
  }
  if (second !== undefined && first !== undefined) {
    return chosen
      ? Effect.fail(wrongSend("the session is given twice: as an argument and by --slot or --workspace"))
      : Effect.succeed({ container: first, text: second })
  }
  if (first === undefined) {
    return keys
      ? Effect.succeed({})
      : Effect.fail(wrongSend("there is nothing to send"))
  }
  return Effect.succeed(keys && !chosen ? { container: first } : { text: first })
}

const send = Command.make(
  "send",
  { slot, workspace, noEnter, key: keys, words },
  (given) =>
    Effect.gen(function*() {
      const read = yield* readWords(given.words, {
        chosen: Option.isSome(given.slot) || Option.isSome(given.workspace),
        keys: given.key.length > 0
      })
      const sessions = yield* Sessions
      const wanted = yield* selection({ ...given, container: Option.fromNullable(read.container) })
      const session = yield* sessions.get(wanted)
      const text = read.text === "-" ? (yield* readAll).replace(/\r?\n$/, "") : read.text
      const enter = text !== undefined && given.key.length === 0 && !given.noEnter
      yield* sessions.send(session, {
        ...(text === undefined ? {} : { text }),
        keys: enter ? ["Enter"] : given.key
      })
    })
).pipe(
  Command.withDescription(describe("Type into a running session: a text, then Enter.", {
    examples: [
      ["clincus tmux send clincus-a1b2c3-1 \"fix the tests\"", "A prompt."],
      ["clincus tmux send --slot 1 - < prompt.txt", "A prompt of many lines, from a file."],
      ["clincus tmux send clincus-a1b2c3-1 --key C-c", "A key."]
    ]
  }))
)

const columns = [
  { title: "CONTAINER" },
  { title: "TOOL" },
  { title: "TERMINALS", align: "right" },
  { title: "SIZE" },
  { title: "WORKSPACE", shrink: "path" }
] as const

const list = Command.make("list", { format }, (given) =>
  Effect.gen(function*() {
    const output = yield* Output
    const sessions = yield* Sessions
    const shape = (yield* sessions.terminals).map(({ session, status }) => ({
      container: session.container,
      session: session.id,
      tool: session.tool,
      workspace: session.workspace,
      terminals: status.clients,
      columns: status.columns,
      rows: status.rows,
      last_activity: new Date(status.activity * 1000).toISOString()
    }))
    yield* print(given.format, shape, () =>
      shape.length === 0 ? "No session is running." : table(
        columns,
        shape.map((row) => [
          row.container,
          row.tool,
          String(row.terminals),
          `${row.columns}x${row.rows}`,
          row.workspace
        ]),
        { stream: output.stdout }
      ))
  })).pipe(
    Command.withDescription(
      describe("List the terminals of running sessions: how many are attached, and their size.")
    )
  )

export const command = Command.make("tmux").pipe(
  Command.withDescription(
    describe("See and type into sessions that run in the background.", { group: "Sessions" })
  ),
  Command.withSubcommands([capture, send, list])
)
