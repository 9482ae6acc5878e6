import { makeRunMain } from "@effect/platform/Runtime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { closeSync, openSync, writeSync } from "node:fs"
import { constants } from "node:os"
import { isatty } from "node:tty"
import { type SignalName, Signals } from "../host/Signals.ts"
import type { About } from "./About.ts"

/**
 * The signals by which a terminal, a shell or init ends a program. SIGTSTP and SIGCONT are left to the code that lends the
 * terminal (UserTerminal.ts); a reader that goes away shows as EPIPE.
 */
const handled = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const

/** Those that a key of the terminal sends, which shows it as ^C or ^\. */
const typed: ReadonlySet<NodeJS.Signals> = new Set(["SIGINT", "SIGQUIT"])

/** The status of a program that this signal ended. */
export const statusOf = (signal: NodeJS.Signals): number => 128 + constants.signals[signal]

/** Exit statuses of what is neither success, failure, misuse nor a signal. */
export const Status = { failure: 1, usage: 2, bug: 70, brokenPipe: 141 } as const

/** Written to stderr past Node's streams, since the program may be about to end. A terminal that is gone is not a reason to fail. */
export const put = (text: string): void => {
  try {
    writeSync(2, text)
  } catch {
    // Nobody is left to read it.
  }
}

/** On a terminal that is lent, and so raw, a line feed alone does not go back to the first column. */
const lineEnd = (): string => isatty(2) ? "\r\n" : "\n"

const say = ({ name }: About, text: string): void => put(`${name}: ${text}${lineEnd()}`)

/**
 * Puts /dev/null in the place of a terminal that is gone, for Node aborts at exit when it cannot restore a terminal's
 * settings. Which of the standard streams were terminals has to be known from before: a dead one no longer says so.
 */
const leaveTerminals = (terminals: ReadonlyArray<number>): void => {
  for (const descriptor of terminals) {
    if (isatty(descriptor)) continue
    closeSync(descriptor)
    openSync("/dev/null", "r+")
  }
}

/** Resumes when all that was written is with the system, or cannot be written any more. */
const flushed = (): Promise<unknown> =>
  Promise.all([process.stdout, process.stderr].map((stream) =>
    new Promise<void>((resolve) => {
      if (stream.destroyed || stream.writableLength === 0) resolve()
      else stream.write("", () => resolve())
    })
  ))

/**
 * Runs the program and ends the process with the status that it gives. The first signal interrupts it, so that every
 * finalizer runs; the second says that this is under way; the third ends the process at once, and only what listens to
 * the process's `exit` is undone then: a terminal that is lent. A reader of stdout that goes away interrupts the program
 * as well, and so does an exception that nobody caught.
 */
export const start = (about: About, program: Effect.Effect<number, never, Signals>): void => {
  const terminals = [0, 1, 2].filter((descriptor) => isatty(descriptor))
  let received: SignalName | undefined
  let count = 0
  let override: number | undefined

  const runMain = makeRunMain(({ fiber, teardown }) => {
    // An Effect that waits for a signal only does not keep Node alive.
    setInterval(() => {}, 2 ** 31 - 1)
    const interrupt = (): void => fiber.unsafeInterruptAsFork(fiber.id())

    for (const signal of handled) {
      process.on(signal, () => {
        count++
        if (signal === "SIGHUP") leaveTerminals(terminals)
        if (count === 1) {
          received = signal
          // The terminal stays on the line of that key; the shell's prompt belongs on the next one.
          if (typed.has(signal) && isatty(2)) put(lineEnd())
          interrupt()
        } else if (count === 2) {
          say(about, about.cleaningUp)
        } else {
          process.exit(statusOf(received ?? signal))
        }
      })
    }
    process.on("exit", () => leaveTerminals(terminals))
    process.stdout.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") return
      override ??= Status.brokenPipe
      interrupt()
    })
    process.stderr.on("error", () => {})
    process.on("uncaughtException", (error) => {
      say(about, `${about.bug}:\n${error.stack ?? error.message}`)
      override = Status.bug
      interrupt()
    })

    fiber.addObserver((exit) => {
      teardown(exit, (status) => {
        void flushed().then(() => process.exit(override ?? status))
      })
    })
  })

  runMain(
    Effect.provideService(program, Signals, { received: Effect.sync(() => Option.fromNullable(received)) }),
    {
      disableErrorReporting: true,
      disablePrettyLogger: true,
      teardown: (exit, onExit) =>
        onExit(
          Exit.isSuccess(exit) && typeof exit.value === "number"
            ? exit.value
            : received === undefined
            ? Status.bug
            : statusOf(received)
        )
    }
  )
}
