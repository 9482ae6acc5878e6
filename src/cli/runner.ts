import * as CliConfig from "@effect/cli/CliConfig"
import type * as Command from "@effect/cli/Command"
import * as CommandDescriptor from "@effect/cli/CommandDescriptor"
import * as ValidationError from "@effect/cli/ValidationError"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import type * as Terminal from "@effect/platform/Terminal"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import { version } from "../domain/version.ts"
import type { Host } from "../host/Host.ts"
import type { Progress } from "../host/Progress.ts"
import type { Signals } from "../host/Signals.ts"
import { normalise, type Request } from "./argv.ts"
import { UsageError } from "./errors.ts"
import { renderHelp } from "./help.ts"
import { start } from "./lifecycle.ts"
import { Output } from "./output.ts"
import { report } from "./report.ts"
import { type CommandSpec, treeOf, words } from "./tree.ts"

/** The whole command line interface as a table, for commands that speak of other commands. */
export class CommandLine extends Context.Tag("clincus/CommandLine")<CommandLine, CommandSpec>() {}

/** What every handler may ask for without being given it: cheap to make, touches nothing. */
export type Base = FileSystem.FileSystem | Path.Path | Terminal.Terminal | Host | Output | Progress

const config = CliConfig.make({
  isCaseSensitive: true,
  autoCorrectLimit: 0,
  finalCheckBuiltIn: false,
  showBuiltIns: false
})

/** Decodes a normalised command line and runs the handler that it names. */
const execute = <E, R, A>(
  command: Command.Command<"clincus", R, E, A>,
  request: Extract<Request, { _tag: "Run" }>
) =>
  Effect.gen(function*() {
    const directive = yield* CommandDescriptor.parse(command.descriptor, request.argv, config)
    if (directive._tag === "BuiltIn" || directive.leftover.length > 0) {
      return yield* new UsageError({
        command: request.command.path.join(" "),
        reason: `the command line is not understood: ${request.argv.join(" ")}`
      })
    }
    return yield* command.transform(command.handler(directive.value), directive.value)
  }).pipe(
    Effect.catchIf(
      (error) => ValidationError.isValidationError(error),
      (error) =>
        error._tag === "HelpRequested" ? showHelp(request.command) : new UsageError({
          command: request.command.path.join(" "),
          reason: words(error.error)
        })
    )
  )

const showHelp = (command: CommandSpec): Effect.Effect<void, never, Output> =>
  Effect.flatMap(
    Output,
    (output) =>
      output.data(
        renderHelp(command, {
          columns: Math.min(output.stdout.columns(), 80),
          colours: output.stdout.colours
        })
      )
  )

/** What a command line does, as an Effect that gives the exit status; everything printed goes through `Output`. */
export const program = <E, R, A>(
  command: Command.Command<"clincus", R, E, A>,
  argv: ReadonlyArray<string>
) => {
  const tree = treeOf(command.descriptor)
  let path = tree.path
  return Effect.uninterruptibleMask((restore) =>
    restore(
      Effect.flatMap(normalise(tree, argv), (request) => {
        switch (request._tag) {
          case "Help":
            return showHelp(request.command)
          case "Version":
            return Effect.flatMap(Output, (output) => output.data(`clincus ${version}`))
          case "Run":
            path = request.command.path
            return execute(command, request)
        }
      })
    ).pipe(
      Effect.as(0),
      Effect.catchAllCause((cause) => report(cause, path.join(" "))),
      Effect.provideService(CommandLine, tree)
    )
  )
}

/** Runs the command line of this process and ends the process with its exit status. */
export const run = <R extends Base | Signals | CommandLine, E, A>(
  command: Command.Command<"clincus", R, E, A>,
  base: Layer.Layer<Base>
): void => start(Effect.provide(program(command, process.argv.slice(2)), base))
