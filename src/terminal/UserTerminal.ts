import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { spawnSync } from "node:child_process"
import { writeSync } from "node:fs"
import type { TerminalIO, TerminalSize } from "../incus/execApi.ts"
import { outputFilter } from "./filter.ts"
import { modeTracker } from "./modes.ts"

/** There is no terminal to attach. */
export class TerminalNeeded extends Data.TaggedError("TerminalNeeded")<{
  readonly what: string
  readonly instead: string
}> {
  readonly usage = true
  override get message(): string {
    return `${this.what} needs a terminal, and standard input or output is not a terminal`
  }
  get hint(): string {
    return this.instead
  }
}

/** What the other side may do with a terminal that it is lent. */
export interface LendOptions {
  /** Set the user's clipboard (OSC 52). */
  readonly clipboard: boolean
}

/** The terminal that the user sits at. */
export class UserTerminal extends Context.Tag("clincus/UserTerminal")<UserTerminal, {
  /** True if standard input and output are both a terminal that can show a full screen. */
  readonly present: boolean
  /** `$TERM`. */
  readonly kind: string
  readonly size: Effect.Effect<TerminalSize>
  /**
   * Lends the terminal in raw mode, bytes as they come, and gives it back as it was: the line settings, and whatever
   * modes the other side switched on and did not switch off again because it was cut off. It is given back as well while
   * the program is stopped (SIGTSTP), and when the process ends without its finalizers. What the other side writes goes
   * through `outputFilter`.
   */
  readonly lend: <A, E, R>(
    use: (io: TerminalIO) => Effect.Effect<A, E, R>,
    options: LendOptions
  ) => Effect.Effect<A, E, R>
  /** True once a session wanted to set the clipboard and was not let. */
  readonly refusedClipboard: Effect.Effect<boolean>
}>() {}

/** stty rather than Node's raw mode, which goes on translating line feeds and so shifts what full-screen programs draw. */
const stty = (...args: ReadonlyArray<string>): string => {
  for (;;) {
    const { signal, stdout } = spawnSync("stty", args, {
      stdio: ["inherit", "pipe", "ignore"],
      encoding: "utf8"
    })
    // Ctrl-C is for this program, which has to know the settings to give them back.
    if (signal !== "SIGINT" && signal !== "SIGQUIT") return stdout.trim()
  }
}

/** Past Node's streams: the process may be about to end or to stop. */
const put = (text: string): void => {
  try {
    if (text !== "") writeSync(1, text)
  } catch {
    // The terminal is gone, and its modes with it.
  }
}

/** The title on the terminal's stack, and back; terminals that know no stack ignore it. */
const [pushTitle, popTitle] = ["\x1b[22;0t", "\x1b[23;0t"]

/**
 * Takes the terminal into raw mode and follows its modes; `end` gives it back. Everything in it is done at once, not by
 * effects, for signals and the end of the process wait for none.
 */
const takeTerminal = () => {
  const settings = stty("-g")
  const modes = modeTracker()
  let taken = false
  const take = (): void => {
    // First: in the background this stops the program before it writes anything.
    stty("raw", "-echo")
    put(pushTitle + modes.redo())
    taken = true
  }
  const giveBack = (): void => {
    if (!taken) return
    taken = false
    put(modes.undo() + popTitle)
    stty(settings)
  }
  const stop = (): void => {
    giveBack()
    process.kill(process.pid, "SIGSTOP")
  }
  take()
  process.on("SIGTSTP", stop)
  // Whatever stopped the program: the shell has given the terminal settings of its own meanwhile.
  process.on("SIGCONT", take)
  // Before whatever else is said at the end.
  process.prependListener("exit", giveBack)
  return {
    see: modes.see,
    end: (): void => {
      process.off("SIGTSTP", stop)
      process.off("SIGCONT", take)
      process.off("exit", giveBack)
      giveBack()
    }
  }
}

const sizeNow = (): TerminalSize => ({
  columns: process.stdout.columns || 80,
  rows: process.stdout.rows || 24
})

const size = Effect.sync(sizeNow)

const resizes = Stream.asyncPush<TerminalSize>((emit) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const changed = () => emit.single(sizeNow())
      // After a stop the screen is the shell's. A size that changes is what makes the other side draw it again.
      const continued = () => {
        const { columns, rows } = sizeNow()
        emit.single({ columns, rows: Math.max(1, rows - 1) })
        emit.single({ columns, rows })
        // A stopped program is not told of another size; Node looks when it is.
        process.kill(process.pid, "SIGWINCH")
      }
      process.stdout.on("resize", changed)
      process.on("SIGCONT", continued)
      return { changed, continued }
    }),
    ({ changed, continued }) =>
      Effect.sync(() => {
        process.stdout.off("resize", changed)
        process.off("SIGCONT", continued)
      })
  )
)

const input = Stream.asyncPush<Uint8Array>((emit) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const listener = (chunk: Buffer) => emit.single(chunk)
      process.stdin.on("data", listener)
      // A terminal that goes away is reported by SIGHUP, and the runner acts on that.
      process.stdin.on("error", () => {})
      process.stdin.resume()
      return listener
    }),
    (listener) =>
      Effect.sync(() => {
        process.stdin.off("data", listener)
        process.stdin.pause()
      })
  )
)

/** A question that every terminal answers, and the answer; no session gets to ask it. */
const fence = { question: "\x1b[5n", answer: "\x1b[0n" }

/**
 * Answers to what the other side asked the terminal, and that come when it has been given back, would be taken for typing,
 * by the user and by the shell. Terminals answer one question after the other: so a last one is asked, and what comes
 * until it is answered is thrown away. A terminal that does not answer, or is slow, is waited for this long.
 */
const swallowAnswers = Effect.suspend(() => {
  put(fence.question)
  let seen = ""
  return input.pipe(
    Stream.takeUntil((chunk) => {
      seen = (seen + Buffer.from(chunk).toString("latin1")).slice(-64)
      return seen.includes(fence.answer)
    }),
    Stream.runDrain,
    Effect.interruptible,
    Effect.timeout("400 millis"),
    Effect.ignore
  )
})

const show = (bytes: Uint8Array): void => {
  try {
    process.stdout.write(bytes)
  } catch {
    // The window was closed; the tool goes on without it.
  }
}

export const layer: Layer.Layer<UserTerminal> = Layer.sync(UserTerminal, () => {
  let refused = false
  return {
    present: process.stdin.isTTY === true && process.stdout.isTTY === true && process.env["TERM"] !== "dumb",
    kind: process.env["TERM"] || "xterm-256color",
    size,
    refusedClipboard: Effect.sync(() => refused),
    lend: (use, { clipboard }) =>
      Effect.acquireUseRelease(
        Effect.zip(Effect.sync(takeTerminal), Effect.clock),
        ([terminal, clock]) => {
          const filter = outputFilter({
            clipboard,
            onSequence: terminal.see,
            now: () => clock.unsafeCurrentTimeMillis()
          })
          return use({
            size: sizeNow(),
            input,
            resizes,
            output: (chunk) =>
              Effect.sync(() => {
                show(filter.take(chunk))
                refused ||= filter.refusedClipboard()
              })
          })
        },
        ([terminal]) => Effect.zipRight(swallowAnswers, Effect.sync(terminal.end))
      )
  }
})
