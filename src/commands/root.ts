import * as Command from "@effect/cli/Command"
import { describe } from "../cli/describe.ts"
import { command as version } from "./version.ts"

/** `clincus` and its subcommands: to add one, export `command` from a file of its own and list it here. */
export const root = Command.make("clincus").pipe(
  Command.withDescription(
    describe("Put an AI coding tool to work on a directory, inside a container of its own.")
  ),
  Command.withSubcommands([version])
)
