import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { CommandFailed, PrivilegeMissing } from "./errors.ts"

/**
 * A command that needs root, without `sudo` in front; `input` is what it reads from standard input.
 *
 * @see Privileged
 */
export interface RootCommand {
  readonly argv: readonly [string, ...ReadonlyArray<string>]
  readonly input?: string
}

/**
 * Runs commands as root: as they are if the user is root, else through sudo, which may ask for a password. Set-up
 * does not know the terminal; the program that uses it says how a password is asked for.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Console from "effect/Console"
 * import * as Layer from "effect/Layer"
 *
 * // Only says what it would do.
 * export const rehearsal = Layer.succeed(Clincus.Privileged, {
 *   run: ({ argv }: Clincus.RootCommand) => Console.log(argv.join(" "))
 * })
 */
export class Privileged extends Context.Tag("clincus/Privileged")<Privileged, {
  /**
   * Runs a command to its end. Fails with `CommandFailed` if its status is not 0, with `PrivilegeMissing` if this user
   * cannot become root.
   */
  readonly run: (command: RootCommand) => Effect.Effect<void, CommandFailed | PrivilegeMissing>
}>() {}
