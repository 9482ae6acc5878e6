import * as Command from "@effect/cli/Command"
import type * as Layer from "effect/Layer"
import { describe } from "../cli/describe.ts"
import type { Base } from "../cli/runner.ts"
import * as Completion from "./completion.ts"
import * as Version from "./version.ts"

/**
 * What commands may ask for beside the runner's `Base`. Each service named here gets its layer in main.ts, which is
 * built when a command that was given it runs, and not for help, completion or a mistyped option.
 */
export type Services = never

/**
 * `clincus` and its subcommands. A command is a file of its own that exports `command`; one that asks for services is
 * listed as `Shell.command.pipe(Command.provide(services))`.
 */
export const root = <E>(_services: Layer.Layer<Services, E, Base>) =>
  Command.make("clincus").pipe(
    Command.withDescription(
      describe("Put an AI coding tool to work on a directory, inside an Incus container of its own.")
    ),
    Command.withSubcommands([Completion.command, Completion.words, Version.command])
  )
