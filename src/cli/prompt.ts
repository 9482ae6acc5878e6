import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { createInterface } from "node:readline"
import { NoTerminal, NothingChosen } from "./errors.ts"
import { escape } from "./escape.ts"
import { Output } from "./output.ts"

/**
 * Reads one line from the terminal, which stays in its usual mode: it edits and echoes by itself, and Ctrl-C is a
 * signal. None at the end of input (Ctrl-D).
 */
const readLine = (question: string): Effect.Effect<Option.Option<string>> =>
  Effect.async<Option.Option<string>>((resume) => {
    const lines = createInterface({ input: process.stdin, terminal: false })
    lines.once("line", (line) => resume(Effect.succeed(Option.some(line.trim()))))
    lines.once("close", () => resume(Effect.succeed(Option.none())))
    process.stderr.write(question)
    return Effect.sync(() => lines.close())
  }).pipe(
    Effect.ensuring(Effect.sync(() => {
      process.stdin.pause()
    }))
  )

/** Fails if nobody can be asked: standard input or standard error is not a terminal. */
const guard = (question: string, instead: string): Effect.Effect<void, NoTerminal, Output> =>
  Effect.flatMap(Output, (output) =>
    process.stdin.isTTY === true && output.stderr.isTerminal
      ? output.settle
      : new NoTerminal({ question, instead }))

/**
 * Asks a question that is answered with yes or no; Enter and Ctrl-D mean no. `instead` is what answers it without a
 * terminal, `--yes` for instance: it is named by the failure there.
 */
export const confirm = (
  question: string,
  options: { readonly instead: string }
): Effect.Effect<boolean, NoTerminal, Output> => {
  const ask: Effect.Effect<boolean> = Effect.flatMap(
    readLine(`${escape(question, { lines: true })} [y/N] `),
    (answer) => {
      const word = Option.getOrElse(answer, () => "n").toLowerCase()
      if (word === "y" || word === "yes") return Effect.succeed(true)
      return word === "" || word === "n" || word === "no" ? Effect.succeed(false) : ask
    }
  )
  return Effect.zipRight(guard(question, options.instead), ask)
}

/**
 * Lets the user choose one of several by its number. Fails with `NoTerminal` if nobody can be asked, and with
 * `NothingChosen` at the end of input.
 */
export const choose = <A>(
  question: string,
  choices: ReadonlyArray<{ readonly title: string; readonly value: A }>,
  options: { readonly instead: string }
): Effect.Effect<A, NoTerminal | NothingChosen, Output> => {
  const ask: Effect.Effect<A, NothingChosen> = Effect.flatMap(
    readLine(`Number (1-${choices.length}): `),
    (answer) => {
      if (Option.isNone(answer)) return new NothingChosen({ question })
      const chosen = /^\d+$/.test(answer.value) ? choices[Number(answer.value) - 1] : undefined
      return chosen === undefined ? ask : Effect.succeed(chosen.value)
    }
  )
  return guard(question, options.instead).pipe(
    Effect.zipRight(Output),
    Effect.tap((output) =>
      output.notice(
        [
          escape(question, { lines: true }),
          ...choices.map(({ title }, index) => `  ${String(index + 1).padStart(2)}  ${escape(title)}`)
        ].join("\n")
      )
    ),
    Effect.zipRight(ask)
  )
}
