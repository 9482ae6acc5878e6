import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { spawnSync } from "node:child_process"
import { writeSync } from "node:fs"
import type { TerminalIO, TerminalSize } from "../incus/exec.ts"
import { modeTracker } from "./terminalModes.ts"

/** There is no terminal to attach. */
export class TerminalNeeded extends Data.TaggedError("TerminalNeeded")<{
  readonly what: string
  readonly instead: string
}> {
  readonly usage = true
  override get message(): string {
    return `${this.what} needs a terminal, and standard input or output is none`
  }
  get hint(): string {
    return this.instead
  }
}

/** The terminal that the user sits at. */
export class UserTerminal extends Context.Tag("clincus/UserTerminal")<UserTerminal, {
  /** True where both standard input and output are a terminal, and one that can show a full screen. */
  readonly present: boolean
  /** `$TERM`. */
  readonly kind: string
  readonly size: Effect.Effect<TerminalSize>
  /**
   * Lends the terminal in raw mode, bytes as they come, and gives it back as it was: the line settings, and whatever
   * modes the other side switched on and did not switch off again because it was cut off.
   */
  readonly lend: <A, E, R>(use: (io: TerminalIO) => Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}>() {}

/** stty rather than Node's raw mode, which goes on translating line feeds and so shifts what full-screen programs draw. */
const stty = (...args: ReadonlyArray<string>) =>
  Effect.sync(() =>
    spawnSync("stty", args, { stdio: ["inherit", "pipe", "ignore"], encoding: "utf8" }).stdout.trim()
  )

const size = Effect.sync((): TerminalSize => ({
  columns: process.stdout.columns || 80,
  rows: process.stdout.rows || 24
}))

const resizes = Stream.asyncPush<TerminalSize>((emit) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const listener = () =>
        emit.single({ columns: process.stdout.columns || 80, rows: process.stdout.rows || 24 })
      process.stdout.on("resize", listener)
      return listener
    }),
    (listener) => Effect.sync(() => process.stdout.off("resize", listener))
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

const show = (bytes: Uint8Array): void => {
  try {
    process.stdout.write(bytes)
  } catch {
    // The window was closed; the tool goes on without it.
  }
}

export const layer: Layer.Layer<UserTerminal> = Layer.sync(UserTerminal, () => ({
  present: process.stdin.isTTY === true && process.stdout.isTTY === true && process.env["TERM"] !== "dumb",
  kind: process.env["TERM"] || "xterm-256color",
  size,
  lend: (use) =>
    Effect.acquireUseRelease(
      Effect.gen(function*() {
        const settings = yield* stty("-g")
        yield* stty("raw", "-echo")
        return { settings, modes: modeTracker() }
      }),
      ({ modes }) =>
        Effect.flatMap(size, (now) =>
          use({
            size: now,
            input,
            resizes,
            output: (chunk) =>
              Effect.sync(() => {
                modes.see(chunk)
                show(chunk)
              })
          })),
      ({ modes, settings }) =>
        Effect.gen(function*() {
          const undo = modes.undo()
          yield* Effect.sync(() => {
            try {
              if (undo !== "") writeSync(1, undo)
            } catch {
              // Gone, and its modes with it.
            }
          })
          yield* stty(settings)
        })
    )
}))
