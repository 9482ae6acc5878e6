import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Output } from "../cli/output.ts"
import { Host } from "../host/Host.ts"
import { lineReader } from "../host/lineReader.ts"
import { foreground } from "../host/programs.ts"
import { Progress } from "../host/Progress.ts"
import { shellLine } from "../host/shell.ts"
import { CommandFailed, PrivilegeMissing } from "../setup/errors.ts"
import { Privileged } from "../setup/Privileged.ts"

/** How many of its last lines an error shows of a command. */
const shown = 20

/** Root's programs are not in every user's path. */
const withSystemPath = (environment: Readonly<Record<string, string | undefined>>) => ({
  ...environment,
  PATH: `${environment["PATH"] ?? ""}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin`
})

/** Runs commands as they are for root, and through sudo for others; a password is asked for on the terminal. */
export const layer: Layer.Layer<Privileged, never, Host | Output | Progress> = Layer.effect(
  Privileged,
  Effect.gen(function*() {
    const host = yield* Host
    const output = yield* Output
    const progress = yield* Progress
    const environment = withSystemPath(host.environment)
    const canAsk = process.stdin.isTTY === true

    /** Asks for the password once, before output is captured, with nothing painted over the question. */
    const authenticate = Effect.gen(function*() {
      const quiet = yield* foreground({ argv: ["sudo", "-n", "true"], environment }, { stdio: "ignore" })
      if (quiet === 0 || !canAsk) return
      yield* output.settle
      const asked = yield* foreground({ argv: ["sudo", "-v"], environment }, {
        stdio: ["inherit", 2, "inherit"]
      })
      if (asked !== 0) {
        return yield* new CommandFailed({ command: "sudo -v", status: asked, output: "" })
      }
    })

    return {
      run: ({ argv, input }) =>
        Effect.gen(function*() {
          const prefix = host.uid === 0 ? [] : canAsk ? ["sudo", "--"] : ["sudo", "-n", "--"]
          if (host.uid !== 0) yield* authenticate
          const reader = lineReader()
          const lines: Array<string> = []
          const [first, ...others] = [...prefix, ...argv]
          const command = { argv: [first ?? argv[0], ...others], environment, input } as const
          const status = yield* foreground(command, {
            onOutput: (piece) => {
              const complete = reader.take(piece)
              lines.push(...complete)
              return Effect.forEach(complete, progress.output, { discard: true })
            }
          })
          if (status !== 0) {
            const said = [...lines, reader.rest()].slice(-shown).join("\n")
            return yield* new CommandFailed({ command: shellLine(command.argv), status, output: said })
          }
        }).pipe(
          Effect.catchTag("NotStarted", (error) => {
            const command = shellLine(argv)
            return Effect.fail(
              host.uid === 0
                ? new CommandFailed({ command, status: 127, output: error.message })
                : new PrivilegeMissing({ command })
            )
          })
        )
    }
  })
)
