import * as Command from "@effect/platform/Command"
import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import * as Effect from "effect/Effect"
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

/** Runs a program of this machine to its end, its output going to the log. Returns its exit status, or why it did not run. */
export const runLogged = (
  input: string,
  program: string,
  ...args: ReadonlyArray<string>
): Effect.Effect<number | string, never, CommandExecutor.CommandExecutor | CurrentLog> =>
  Effect.scoped(
    Effect.gen(function*() {
      const log = yield* CurrentLog
      const process = yield* Command.start(
        Command.make(program, ...args).pipe(Command.workingDirectory("/"), Command.feed(input))
      )
      yield* Effect.all([process.stdout, process.stderr].map(Stream.runForEach(log.feed)), {
        concurrency: "unbounded"
      })
      return yield* process.exitCode
    })
  ).pipe(Effect.catchAll((error) => Effect.succeed(error.message)))
