import * as Args from "@effect/cli/Args"
import type * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { UsageError } from "../cli/errors.ts"
import { optionalValue, repeatable } from "../cli/options.ts"
import { format } from "../cli/output.ts"
import { isLimit, isOpen } from "../config/limits.ts"
import type { Limits } from "../config/Settings.ts"
import { networkModes } from "../domain/network.ts"
import { profile, slot, workspace } from "./options.ts"

export const directory = Args.text({ name: "WORKSPACE" }).pipe(
  Args.withDescription("Directory that the session works on; the current one by default."),
  Args.optional
)

/** `none` opens a limit, as in the configuration. */
const limit = (name: keyof Limits, value: string, description: string) =>
  Options.text(`limit-${name}`).pipe(
    Options.withPseudoName(value),
    Options.withDescription(`${description} 'none' opens it.`),
    Options.optional
  )

export const options = {
  workspace,
  slot,
  tool: Options.text("tool").pipe(
    Options.withAlias("t"),
    Options.withPseudoName("TOOL"),
    Options.withDescription(
      "The AI coding tool: claude, opencode, codex, gemini, copilot, aider or one of yours."
    ),
    Options.optional
  ),
  resume: optionalValue("resume", "ID").pipe(
    Options.withDescription(
      "Go on with a saved session: the newest of this workspace, or the one with this id."
    )
  ),
  continue: optionalValue("continue", "ID").pipe(Options.withDescription("The same as --resume.")),
  persistent: Options.boolean("persistent").pipe(
    Options.withAlias("p"),
    Options.withDescription(
      "Keep the container when the session ends: it is stopped, and restarted the next time."
    )
  ),
  ephemeral: Options.boolean("ephemeral").pipe(
    Options.withDescription(
      "Delete the container when the session ends; the default, unless configured otherwise."
    )
  ),
  background: Options.boolean("background").pipe(
    Options.withAlias("b"),
    Options.withDescription("Start the tool and return at once, without attaching.")
  ),
  env: repeatable("env", "KEY=VALUE").pipe(
    Options.withAlias("e"),
    Options.withDescription(
      "A variable for the tool; KEY alone takes the value that it has here, and is not seen in a list of processes."
    )
  ),
  envFile: repeatable("env-file", "FILE").pipe(
    Options.withDescription("Variables for the tool, a line KEY=VALUE or KEY each; --env comes before them.")
  ),
  image: Options.text("image").pipe(
    Options.withPseudoName("ALIAS"),
    Options.withDescription("Image of the container."),
    Options.optional
  ),
  limitCpu: limit("cpu", "N", "Processors: a number, or a set such as 0-3."),
  limitMemory: limit("memory", "AMOUNT", "Memory, swap included: 4GiB, or 50% of the machine's."),
  limitProcesses: limit("processes", "N", "Processes and threads."),
  limitDisk: limit("disk", "AMOUNT", "The container's own disk: 20GiB."),
  limitTime: limit("time", "TIME", "From the start to the end: 90m, 8h. Said five minutes before."),
  docker: Options.boolean("docker").pipe(
    Options.withDescription("Let containers run in the session; more of the kernel is open to it then.")
  ),
  noDocker: Options.boolean("no-docker").pipe(
    Options.withDescription("Let no containers run in it; the default, unless configured otherwise.")
  ),
  network: Options.choice("network", networkModes).pipe(
    Options.withDescription(
      "What the session may reach: the Internet only (restricted, the default), what [network] allow names (allow), nothing (none), or all that its bridge reaches (open)."
    ),
    Options.optional
  ),
  profile,
  allowHome: Options.boolean("allow-home").pipe(
    Options.withDescription("Work on a directory that your home directory is in; only in a terminal.")
  ),
  noProtect: Options.boolean("no-protect").pipe(
    Options.withDescription(
      "Leave writable what the host runs or trusts (.git/hooks, .git/config, .vscode, .envrc and others)."
    )
  ),
  dryRun: Options.boolean("dry-run").pipe(
    Options.withDescription("Print what the session could read, write, reach and spend, and start nothing.")
  ),
  debug: Options.boolean("debug").pipe(Options.withDescription("Start bash in the place of the tool.")),
  format
}

/** A command line of `clincus shell`. */
export type Given = Command.Command.ParseConfig<typeof options & { readonly directory: typeof directory }>

export const wrong = (reason: string, advice?: string) =>
  new UsageError({ command: "clincus shell", reason, advice })

/** The limits that a command line sets. */
export const parseLimits = (given: Given) =>
  Effect.gen(function*() {
    const one = (name: keyof Limits, text: Option.Option<string>, example: string) =>
      Option.match(text, {
        onNone: () => Effect.succeed(undefined),
        onSome: (value) =>
          isOpen(value)
            ? Effect.succeed("none" as const)
            : isLimit(`limits.${name}`, value)
            ? Effect.succeed(value)
            : Effect.fail(
              wrong(`--limit-${name} cannot be '${value}'`, `Write --limit-${name} ${example}, or none.`)
            )
      })
    const processes = yield* one("processes", given.limitProcesses, "500")
    return {
      cpu: yield* one("cpu", given.limitCpu, "2"),
      memory: yield* one("memory", given.limitMemory, "4GiB"),
      processes: processes === undefined || processes === "none" ? processes : Number(processes),
      disk: yield* one("disk", given.limitDisk, "20GiB"),
      time: yield* one("time", given.limitTime, "8h")
    } satisfies Limits
  })
