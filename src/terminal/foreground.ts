import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { spawn, type StdioOptions } from "node:child_process"
import { constants } from "node:os"

/** A program could not be started: most often there is none of this name. */
export class NotStarted extends Data.TaggedError("NotStarted")<{
  readonly program: string
  readonly cause: Error
}> {
  override get message(): string {
    return `${this.program} cannot be started: ${this.cause.message}`
  }
}

/**
 * Runs a program in this terminal's foreground, as a shell would: in the same session and process group, so that it may
 * ask for a password and gets Ctrl-C. (`Command` of @effect/platform gives every child a session of its own.)
 * Returns the exit status, 128 + n after signal n. Interrupting sends SIGTERM and waits for the end.
 */
export const foreground = (
  argv: readonly [string, ...ReadonlyArray<string>],
  options: {
    readonly stdio: StdioOptions
    readonly environment?: Readonly<Record<string, string | undefined>>
    readonly input?: string | undefined
    /** Gets what the child writes to those of stdout and stderr that are pipes. */
    readonly onOutput?: (text: string) => void
  }
): Effect.Effect<number, NotStarted> =>
  Effect.async<number, NotStarted>((resume) => {
    const [program, ...args] = argv
    const child = spawn(program, args, {
      stdio: options.stdio,
      env: options.environment ?? process.env
    })
    const ended = new Promise<void>((resolve) => {
      child.once("error", (error) => {
        resume(new NotStarted({ program, cause: error }))
        resolve()
      })
      child.once("exit", (code, signal) => {
        // What it left running may hold the pipes open: the rest of the output is waited for, but not for long.
        const finish = () => {
          const status = signal === null ? code ?? 0 : 128 + constants.signals[signal]
          resume(Effect.succeed(status))
          resolve()
        }
        const late = setTimeout(finish, 500)
        child.once("close", () => {
          clearTimeout(late)
          finish()
        })
      })
    })
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => options.onOutput?.(text))
    }
    // A child that does not read its input is no error.
    child.stdin?.on("error", () => {})
    child.stdin?.end(options.input ?? "")
    return Effect.promise(() => {
      child.kill("SIGTERM")
      return ended
    })
  })
