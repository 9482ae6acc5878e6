import * as Command from "@effect/platform/Command"
import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { CurrentLog } from "./BuildLog.ts"

/** What a program of this machine prints, where it exists and ends well. In `/`, so that no project's files sway it. */
export const ask = (
  program: string,
  ...args: ReadonlyArray<string>
): Effect.Effect<string | undefined, never, CommandExecutor.CommandExecutor> =>
  Effect.scoped(
    Effect.gen(function*() {
      const process = yield* Command.start(
        Command.make(program, ...args).pipe(Command.workingDirectory("/"))
      )
      const [output] = yield* Effect.all([
        process.stdout.pipe(Stream.decodeText(), Stream.mkString),
        Stream.runDrain(process.stderr)
      ], { concurrency: "unbounded" })
      return (yield* process.exitCode) === 0 ? output : undefined
    })
  ).pipe(Effect.orElseSucceed(() => undefined))

/**
 * Runs a program of this machine to its end, its output going to the log. Returns its exit status, or why it did not
 * run. Interrupting it terminates the program with its children and waits until it has cleaned up; it is listened to
 * all the while, because a program whose output is closed dies in the middle of that.
 */
export const runLogged = (command: {
  readonly program: string
  readonly args: ReadonlyArray<string>
  readonly input: string
  readonly environment: Record<string, string>
}): Effect.Effect<number | string, never, CommandExecutor.CommandExecutor | CurrentLog> =>
  Effect.scoped(
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function*() {
        const log = yield* CurrentLog
        const process = yield* Command.start(
          Command.make(command.program, ...command.args).pipe(
            Command.workingDirectory("/"),
            Command.env(command.environment),
            Command.feed(command.input)
          )
        )
        const listening = yield* Effect.all(
          [process.stdout, process.stderr].map(Stream.runForEach(log.feed)),
          { concurrency: "unbounded" }
        ).pipe(Effect.forkDaemon)
        const status = yield* restore(process.exitCode).pipe(
          Effect.onInterrupt(() => Effect.ignore(process.kill("SIGTERM")))
        )
        yield* Fiber.await(listening)
        return status
      })
    )
  ).pipe(Effect.catchAll((error) => Effect.succeed(error.message)))
