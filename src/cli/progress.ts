import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Progress } from "../host/Progress.ts"
import { escape } from "./escape.ts"
import { cut } from "./layout.ts"
import { Output } from "./output.ts"

/** How often a pipe or a log is told that work goes on, in seconds. */
const heartbeat = 30

/** `9 s`, `2 min 5 s`. */
const elapsed = (milliseconds: number): string => {
  const seconds = Math.floor(milliseconds / 1000)
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

/**
 * Reports on stderr. On a terminal one line is painted over and over: the step, how long it has taken, and the last
 * line of its output; a step that is done stays with its time. Elsewhere every step is a line, and so is a sign of
 * life twice a minute.
 */
export const layer: Layer.Layer<Progress, never, Output> = Layer.scoped(
  Progress,
  Effect.gen(function*() {
    const output = yield* Output
    const scope = yield* Effect.scope
    let step: { readonly name: string; readonly started: number } | undefined
    let last = ""
    let ticking = false

    const paint = Effect.gen(function*() {
      if (step === undefined) return
      const spent = (yield* Clock.currentTimeMillis) - step.started
      if (output.stderr.isTerminal) {
        const line = `${step.name} (${elapsed(spent)})${last === "" ? "" : `  ${last}`}`
        yield* output.paint(cut(line, output.stderr.columns() - 1))
      } else if (spent >= heartbeat * 1000 && Math.round(spent / 1000) % heartbeat === 0) {
        yield* output.notice(`  ${elapsed(spent)}${last === "" ? "" : `: ${last}`}`)
      }
    })
    /** Begins with the first step: a command that reports nothing starts no clock. */
    const tick = Effect.suspend(() => {
      if (ticking) return Effect.void
      ticking = true
      return Effect.sleep("1 second").pipe(
        Effect.zipRight(paint),
        Effect.forever,
        Effect.forkIn(scope),
        Effect.asVoid
      )
    })
    const finish = Effect.gen(function*() {
      if (step === undefined) return
      const spent = (yield* Clock.currentTimeMillis) - step.started
      yield* output.paint("")
      yield* output.notice(`${output.stderr.isTerminal ? "" : "done: "}${step.name} (${elapsed(spent)})`)
      step = undefined
      last = ""
    })

    return {
      step: (name) =>
        Effect.gen(function*() {
          yield* finish
          step = { name: escape(name), started: yield* Clock.currentTimeMillis }
          if (!output.stderr.isTerminal) yield* output.notice(`${step.name}...`)
          yield* paint
          yield* tick
        }),
      output: (line) =>
        Effect.suspend(() => {
          const words = escape(line.trim().replace(/\u001b\[[0-9;?]*[A-Za-z]/g, ""))
          if (words === "") return Effect.void
          last = words
          return output.stderr.isTerminal ? paint : Effect.void
        }),
      notice: (line) => output.notice(escape(line, { lines: true })),
      done: finish
    }
  })
)
