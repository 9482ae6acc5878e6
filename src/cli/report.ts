import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { isFailure } from "../domain/Failure.ts"
import { Signals } from "../host/Signals.ts"
import type { About } from "./About.ts"
import { ExitStatus, UsageError } from "./errors.ts"
import { escape } from "./escape.ts"
import { Status, statusOf } from "./lifecycle.ts"
import { Output } from "./output.ts"

/** What one failure prints, and the exit status that it stands for. `command` is the command that was run. */
const describeFailure = (
  { name }: About,
  failure: unknown,
  command: string
): { readonly lines: ReadonlyArray<string>; readonly status: number } => {
  if (failure instanceof ExitStatus) return { lines: [], status: failure.code }
  const message = failure instanceof Error ? failure.message : String(failure)
  if (!isFailure(failure)) return { lines: [`${name}: ${message}`], status: Status.failure }
  const at = failure instanceof UsageError ? failure.command : command
  return {
    lines: [
      `${name}: ${message}`,
      ...(failure.hint === undefined ? [] : [failure.hint]),
      ...(failure.usage === true ? [`See '${at} --help'.`] : [])
    ],
    status: failure.usage === true ? Status.usage : Status.failure
  }
}

/**
 * Says on stderr why the program ended and gives its exit status. Failures are sentences for the user; anything else is
 * a defect and is called one, with all that helps to find it. An interruption says nothing.
 */
export const report = (
  about: About,
  cause: Cause.Cause<unknown>,
  command: string
): Effect.Effect<number, never, Output | Signals> =>
  Effect.gen(function*() {
    const output = yield* Output
    yield* output.settle
    const signal = yield* Effect.flatMap(Signals, ({ received }) => received)
    const failures = Chunk.toReadonlyArray(Cause.failures(cause)).map((failure) =>
      describeFailure(about, failure, command)
    )
    const lines = failures.flatMap(({ lines }) => lines)
    if (lines.length > 0) yield* output.notice(escape(lines.join("\n"), { lines: true }))

    const defects = Cause.keepDefects(cause)
    if (Option.isSome(defects)) {
      yield* output.notice(
        `${about.name}: ${about.bug}:\n${
          escape(Cause.pretty(defects.value, { renderErrorCause: true }), { lines: true })
        }`
      )
    }
    if (Cause.isInterrupted(cause) && Option.isSome(signal)) return statusOf(signal.value)
    if (Option.isSome(defects)) return Status.bug
    return failures[0]?.status ?? (Option.isSome(signal) ? statusOf(signal.value) : statusOf("SIGINT"))
  })
