import * as Effect from "effect/Effect"
import { Bench } from "./Bench.ts"
import type { Fault } from "./fault.ts"
import { instances, noContainerLeft, nothingLeft } from "./left.ts"
import { anySession, session, shell } from "./session.ts"
import { gone, userTerminal } from "./terminal.ts"

const signals = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const
type Signal = (typeof signals)[number]
const status: Readonly<Record<Signal, number>> = { SIGHUP: 129, SIGINT: 130, SIGQUIT: 131, SIGTERM: 143 }

/**
 * Sends signals that are drawn, one after the other, and gives the statuses that may come of it. The status is the first
 * one's; which of two that come almost together is the first for a program of several threads, nobody can say.
 */
const send = (count: number, kill: (signal: Signal) => Effect.Effect<void>) =>
  Effect.gen(function*() {
    const { between, note, pick } = yield* Bench
    const first = yield* pick(signals)
    yield* note(first)
    yield* kill(first)
    const statuses = [status[first]]
    for (let index = 1; index < count; index++) {
      const next = yield* pick(signals)
      const gap = yield* between(1, 150)
      yield* note(`${next} after ${gap} ms`)
      yield* Effect.sleep(gap)
      yield* kill(next)
      if (gap < 30) statuses.push(status[next])
    }
    return { first, statuses }
  })

/** Signals to a program of which nobody knows whether it is still there. */
const to = (pid: number) => (signal: Signal) => Effect.ignore(Effect.try(() => process.kill(pid, signal)))

/** Signals to a command at a moment that is drawn (ms). */
const interrupted = (args: ReadonlyArray<string>, count: number, latest: number) =>
  Effect.scoped(Effect.gen(function*() {
    const { launch, pause, statusIs } = yield* Bench
    const program = yield* launch(args)
    yield* pause(0, latest)
    const { statuses } = yield* send(count, program.kill)
    const ended = yield* program.ended
    yield* statusIs(ended, 0, ...statuses)
    return ended
  }))

/** Signals to `shell` in a terminal, while it starts or is attached. */
const inTerminal = (count: number) =>
  Effect.gen(function*() {
    const { pause, statusIs } = yield* Bench
    const terminal = yield* userTerminal
    yield* terminal.line("clincus shell")
    const pid = yield* terminal.process
    yield* pause(0, 2500)
    const { first, statuses } = yield* send(count, to(pid))
    const ended = yield* terminal.ended(pid)
    yield* statusIs(ended, ...statuses)
    yield* terminal.isAsBefore
    // A hang-up is a detach, for whoever was attached.
    if (count === 1 && first !== "SIGHUP") yield* noContainerLeft(ended.line)
  })

/** Signals, whose finalizers run; the third in a row cuts those short, and the next command does the rest. */
export const interrupts: ReadonlyArray<Fault> = [
  {
    name: "signal-start",
    what: "a signal to shell --background",
    run: Effect.gen(function*() {
      const { line, status, stdout } = yield* interrupted(shell, 1, 900)
      // Once the session is handed over it goes on, whatever comes afterwards.
      if (status !== 0 && stdout === "") yield* nothingLeft(line)
    })
  },
  {
    name: "signals-start",
    what: "three signals in a row to shell --background",
    run: interrupted(shell, 3, 900)
  },
  {
    name: "signal-terminal",
    what: "a signal to shell in a terminal, while it starts or is attached",
    run: inTerminal(1)
  },
  {
    name: "signals-terminal",
    what: "three signals in a row to shell in a terminal, while it starts or is attached",
    run: inTerminal(3)
  },
  {
    name: "signal-attach",
    what: "signals to attach, one or three: the session goes on",
    run: Effect.gen(function*() {
      const { pause, pick, statusIs, wrong } = yield* Bench
      const { container } = yield* session()
      const terminal = yield* userTerminal
      yield* terminal.line("clincus attach")
      const pid = yield* terminal.process
      yield* pause(0, 1200)
      const { statuses } = yield* send(yield* pick([1, 3]), to(pid))
      yield* statusIs(yield* terminal.ended(pid), ...statuses)
      yield* terminal.isAsBefore
      if ((yield* instances)[0]?.status !== "Running") {
        yield* wrong("session lost", `${container} is not there any more`)
      }
    })
  },
  {
    name: "signals-end",
    what: "signals to kill or shutdown, one or three",
    run: Effect.gen(function*() {
      const { pick } = yield* Bench
      const { container } = yield* anySession
      const args = yield* pick([["kill", "--force", container], ["shutdown", container]])
      yield* interrupted(args, yield* pick([1, 3]), 1200)
    })
  },
  {
    name: "window-closed",
    what: "the window is closed in which shell starts or is attached",
    run: Effect.gen(function*() {
      const { pause } = yield* Bench
      const terminal = yield* userTerminal
      yield* terminal.line("clincus shell")
      const pid = yield* terminal.process
      yield* pause(0, 2500)
      yield* terminal.close
      yield* gone(pid)
    })
  }
]
