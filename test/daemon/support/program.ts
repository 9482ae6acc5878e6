import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { spawn } from "node:child_process"
import { copyFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { Unexpected } from "./eventually.ts"
import { World } from "./World.ts"

/** The built program. */
export const program = resolve(process.env["CLINCUS_TEST_PROGRAM"] || "dist/clincus")

export interface Result {
  readonly status: number | NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly input?: string
  readonly directory?: string
  readonly environment?: Readonly<Record<string, string>>
  /** Another user than this one, and the groups of that user beside the one with the same number. */
  readonly uid?: number
  readonly groups?: ReadonlyArray<number>
}

/** The program while it runs. */
export interface Launched {
  readonly pid: number
  readonly kill: (signal: NodeJS.Signals) => Effect.Effect<void>
  /** What came of it, once it has ended. */
  readonly result: Effect.Effect<Result>
}

/** Starts the built program without a terminal. If it still runs when the scope closes, it gets SIGTERM and is waited for. */
export const launch = (
  args: ReadonlyArray<string>,
  { directory, environment, groups = [], input, uid }: RunOptions = {}
): Effect.Effect<Launched, never, World | Scope.Scope> =>
  Effect.flatMap(World, (world) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        const as = uid === undefined
          ? []
          : [
            "setpriv",
            `--reuid=${uid}`,
            `--regid=${uid}`,
            ...(groups.length === 0 ? ["--clear-groups"] : [`--groups=${groups.join(",")}`]),
            "--"
          ]
        // Another user may not be able to look into this directory.
        const reachable = uid === undefined ? program : join(world.root, "clincus")
        if (uid !== undefined) copyFileSync(program, reachable)
        const [command = "", ...rest] = [...as, process.execPath, "--", reachable, ...args]
        const child = spawn(command, rest, {
          cwd: directory ?? world.root,
          env: { ...world.environment, ...environment },
          stdio: ["pipe", "pipe", "pipe"]
        })
        let stdout = ""
        let stderr = ""
        child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text))
        child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text))
        child.stdin.on("error", () => {})
        child.stdin.end(input ?? "")
        const ended = new Promise<Result>((resolve) =>
          child.once("close", (code, signal) => resolve({ status: code ?? signal, stdout, stderr }))
        )
        return {
          pid: child.pid ?? 0,
          kill: (signal: NodeJS.Signals) => Effect.sync(() => void child.kill(signal)),
          result: Effect.promise(() => ended)
        }
      }),
      ({ kill, result }) => Effect.zipRight(kill("SIGTERM"), result)
    ))

/** Runs the built program without a terminal, to its end. Interrupting it is SIGTERM for it. */
export const run = (
  args: ReadonlyArray<string>,
  options: RunOptions = {}
): Effect.Effect<Result, never, World> =>
  Effect.scoped(Effect.flatMap(launch(args, options), ({ result }) => result))

/** `clincus …` as typed, without a terminal. */
export const clincus = (...args: ReadonlyArray<string>) => run(args)

/** The same, where success is expected: what it printed on stdout. */
export const succeeds = (...args: ReadonlyArray<string>): Effect.Effect<string, Unexpected, World> =>
  run(args).pipe(
    Effect.flatMap((result) =>
      result.status === 0
        ? Effect.succeed(result.stdout)
        : new Unexpected({ what: `clincus ${args.join(" ")}: ${JSON.stringify(result, undefined, 2)}` })
    )
  )

const decode = Schema.decodeUnknown(Schema.parseJson(Schema.Unknown))

/** The same with `--format json`. */
export const json = (...args: ReadonlyArray<string>) =>
  succeeds(...args, "--format", "json").pipe(Effect.flatMap((text) => decode(text)))

const Handle = Schema.Struct({
  container: Schema.String,
  session: Schema.UUID,
  slot: Schema.Int,
  workspace: Schema.String,
  tool: Schema.String,
  persistent: Schema.Boolean
})
export type Handle = typeof Handle.Type

/** Starts a session in the background. */
export const background = (workspace: string, ...args: ReadonlyArray<string>) =>
  json("shell", "--background", ...args, "--workspace", workspace).pipe(
    Effect.flatMap(Schema.decodeUnknown(Handle, { onExcessProperty: "error" }))
  )
