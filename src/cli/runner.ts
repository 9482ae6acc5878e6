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
import type { Host } from "../host/Host.ts"
import type { Progress } from "../host/Progress.ts"
import type { Signals } from "../host/Signals.ts"
import type { About } from "./About.ts"
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
const execute = <Name extends string, E, R, A>(
  command: Command.Command<Name, R, E, A>,
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
export const program = <Name extends string, E, R, A>(
  about: About,
  command: Command.Command<Name, R, E, A>,
  argv: ReadonlyArray<string>
) => {
  let path: ReadonlyArray<string> = [about.name]
  const obey = Effect.gen(function*() {
    const tree = yield* Effect.sync(() => treeOf(command.descriptor))
    const request = yield* normalise(tree, argv)
    switch (request._tag) {
      case "Help":
        return yield* showHelp(request.command)
      case "Version":
        return yield* Effect.flatMap(Output, (output) => output.data(`${about.name} ${about.version}`))
      case "Run":
        path = request.command.path
        return yield* execute(command, request).pipe(
          Effect.provideService(CommandLine, tree),
          Effect.withSpan(path.join(" "))
        )
    }
  })
  return Effect.uninterruptibleMask((restore) =>
    restore(obey).pipe(
      Effect.as(0),
      Effect.catchAllCause((cause) => report(about, cause, path.join(" ")))
    )
  )
}

/** Runs the command line of this process and ends the process with its exit status. */
export const run = <Name extends string, R extends Base | Signals | CommandLine, E, A>(
  about: About,
  command: Command.Command<Name, R, E, A>,
  base: Layer.Layer<Base>
): void => start(about, Effect.provide(program(about, command, process.argv.slice(2)), base))
