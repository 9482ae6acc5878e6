import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { spawn, type StdioOptions } from "node:child_process"
import { constants } from "node:os"
import { inOrder } from "./inOrder.ts"

/**
 * The one way to run a program of this machine. All give its exit status, 128 + n after signal n, and fail with `NotStarted`
 * alone. Interrupting them sends SIGTERM and waits for the end, and what the program says until then is still read: one
 * whose output is closed dies in the middle of its cleaning up.
 */

/** A program could not be started: most often no program has this name. */
export class NotStarted extends Data.TaggedError("NotStarted")<{
  readonly program: string
  readonly cause: Error
}> {
  override get message(): string {
    return `${this.program} cannot be started: ${this.cause.message}`
  }
}

export interface Program {
  readonly argv: readonly [string, ...ReadonlyArray<string>]
  /** All of its variables; those of this process unless said. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** Where it runs; the directory of this process unless said. */
  readonly directory?: string
  /** Its standard input, whole; it reads end-of-file without. */
  readonly input?: string | undefined
}

interface Captured {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** Gets what a program writes to those of its standard output and error that are pipes, in order, as it comes. */
type OnOutput = (piece: Uint8Array) => Effect.Effect<void>

/** How long what a program left running may hold its output open after its end (ms). */
const late = 500

const run = (
  { argv, directory, environment, input }: Program,
  { apart, onPiece, stdio }: {
    /** In a session of its own, so that a signal reaches its children and no key of the terminal reaches it. */
    readonly apart: boolean
    readonly stdio: StdioOptions
    readonly onPiece: (piece: Uint8Array, descriptor: 1 | 2) => void
  }
): Effect.Effect<number, NotStarted> =>
  Effect.async<number, NotStarted>((resume) => {
    const [program, ...args] = argv
    const child = spawn(program, args, { stdio, detached: apart, cwd: directory, env: environment })
    const ended = new Promise<void>((resolve) => {
      child.once("error", (error) => {
        resume(new NotStarted({ program, cause: error }))
        resolve()
      })
      child.once("exit", (code, signal) => {
        const finish = () => {
          resume(Effect.succeed(signal === null ? code ?? 0 : 128 + constants.signals[signal]))
          resolve()
        }
        // What is in the pipes by then is read first.
        const giveUp = setTimeout(() => setImmediate(finish), late)
        child.once("close", () => {
          clearTimeout(giveUp)
          finish()
        })
      })
    })
    child.stdout?.on("data", (piece: Buffer) => onPiece(piece, 1))
    child.stderr?.on("data", (piece: Buffer) => onPiece(piece, 2))
    // That a program does not read its input is not an error.
    child.stdin?.on("error", () => {})
    child.stdin?.end(input ?? "")
    return Effect.promise(() => {
      try {
        if (child.pid !== undefined) process.kill(apart ? -child.pid : child.pid, "SIGTERM")
      } catch {
        // It has just ended.
      }
      return ended
    })
  })

const piped = ({ input }: Program): StdioOptions => [input === undefined ? "ignore" : "pipe", "pipe", "pipe"]

/** Runs a program to its end and returns what it said. */
export const capture = (program: Program): Effect.Effect<Captured, NotStarted> =>
  Effect.suspend(() => {
    const said: Record<1 | 2, Array<Uint8Array>> = { 1: [], 2: [] }
    const text = (descriptor: 1 | 2) => Buffer.concat(said[descriptor]).toString("utf8")
    return run(program, {
      apart: true,
      stdio: piped(program),
      onPiece: (piece, descriptor) => void said[descriptor].push(piece)
    }).pipe(Effect.map((status) => ({ status, stdout: text(1), stderr: text(2) })))
  })

/** What a program prints, if it is there and ends well. It runs in `/`, so that no project's files sway it. */
export const ask = (
  ...argv: readonly [string, ...ReadonlyArray<string>]
): Effect.Effect<string | undefined> =>
  capture({ argv, directory: "/" }).pipe(
    Effect.map(({ status, stdout }) => status === 0 ? stdout : undefined),
    Effect.orElseSucceed(() => undefined)
  )

const followed = (
  program: Program,
  options: { readonly apart: boolean; readonly stdio: StdioOptions },
  onOutput: OnOutput
): Effect.Effect<number, NotStarted> =>
  Effect.scoped(Effect.gen(function*() {
    const { seen, tell } = yield* inOrder(onOutput)
    const status = yield* run(program, { ...options, onPiece: tell })
    yield* seen
    return status
  }))

/** Runs a program to its end, its output going to `onOutput`. */
export const follow = (program: Program, onOutput: OnOutput): Effect.Effect<number, NotStarted> =>
  followed(program, { apart: true, stdio: piped(program) }, onOutput)

/**
 * Runs a program in this terminal's foreground, as a shell would: in the same session and process group, so that it may ask
 * for a password and gets Ctrl-C. (`Command` of @effect/platform gives every child a session of its own.) Its streams are
 * those in `stdio`; with `onOutput`, its output goes there.
 */
export const foreground = (
  program: Program,
  streams: { readonly stdio: StdioOptions } | { readonly onOutput: OnOutput }
): Effect.Effect<number, NotStarted> =>
  "stdio" in streams
    ? run(program, { apart: false, stdio: streams.stdio, onPiece: () => {} })
    : followed(program, { apart: false, stdio: piped(program) }, streams.onOutput)
