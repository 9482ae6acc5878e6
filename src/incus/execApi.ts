import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { IncusFailure, InstanceNotFound } from "./errors.ts"

/**
 * A command to run in an instance. Beware: Incus puts `environment` on the command line of a helper process, where
 * every user of the host can read it, so it is for names such as HOME and TERM; hand secrets to `input`.
 *
 * @example
 * import * as Incus from "clincus/incus"
 * import * as Effect from "effect/Effect"
 *
 * // A secret goes over standard input: the command line of a process can be read by everybody.
 * const request: Incus.ExecRequest = {
 *   command: ["sh", "-c", "cat >token"],
 *   user: 1000,
 *   group: 1000,
 *   directory: "/home/ubuntu",
 *   input: "secret"
 * }
 *
 * export const write = Effect.flatMap(Incus.IncusService, ({ exec }) => exec.run("web", request))
 */
export interface ExecRequest {
  readonly command: readonly [string, ...ReadonlyArray<string>]
  readonly environment?: Record<string, string>
  readonly user?: number
  readonly group?: number
  readonly directory?: string
  /** Standard input, whole. Without it the command reads end-of-file. */
  readonly input?: Uint8Array | string
  /** Called for each piece of output of `run` as it comes, in order: 1 is standard output, 2 is standard error. */
  readonly onOutput?: (chunk: Uint8Array, descriptor: 1 | 2) => Effect.Effect<void>
}

/**
 * What a command has left: its exit status and its output, as UTF-8.
 *
 * @see Exec
 */
export interface ExecResult {
  /** Exit status; 126 and 127 if the command cannot be run or is not found. */
  readonly status: number
  /** Both outputs together are cut off at 64 MiB. */
  readonly stdout: string
  readonly stderr: string
}

/**
 * The size of a terminal in characters.
 *
 * @see TerminalIO
 */
export interface TerminalSize {
  readonly columns: number
  readonly rows: number
}

/**
 * The two ends of a terminal, as bytes.
 *
 * @example
 * import * as Incus from "clincus/incus"
 * import * as Effect from "effect/Effect"
 *
 * export const vi = (io: Incus.TerminalIO) =>
 *   Effect.flatMap(Incus.IncusService, ({ exec }) =>
 *     exec.terminal("web", { command: ["vi", "/etc/hosts"], environment: { TERM: "xterm" } }, io))
 */
export interface TerminalIO {
  readonly size: TerminalSize
  /** What is typed; its end is not the end of the command. */
  readonly input: Stream.Stream<Uint8Array>
  /** New sizes of the terminal, as they come. */
  readonly resizes: Stream.Stream<TerminalSize>
  /** Called for each chunk in order; must not block for long. */
  readonly output: (chunk: Uint8Array) => Effect.Effect<void>
}

/**
 * Commands in running instances; see https://linuxcontainers.org/incus/docs/main/instance-exec/. `run` is for output, `terminal`
 * for what wants a terminal.
 *
 * @example
 * import * as Incus from "clincus/incus"
 * import * as Effect from "effect/Effect"
 *
 * export const packages = Effect.gen(function*() {
 *   const { exec } = yield* Incus.IncusService
 *   const { status, stdout } = yield* exec.run("web", { command: ["dpkg", "-l"] })
 *   return status === 0 ? stdout.split("\n").length : 0
 * })
 */
export interface Exec {
  /**
   * Runs a command to its end. Interrupting it makes Incus kill the command. Fails with `IncusConnectionLost` if the command
   * has ended and not all of its output has come.
   */
  readonly run: (
    name: string,
    request: ExecRequest
  ) => Effect.Effect<ExecResult, IncusFailure | InstanceNotFound>
  /** Loads what the others need, for a program that has time before them. */
  readonly prepare: Effect.Effect<void>
  /** Runs a command in a pseudo-terminal, connected to `io`, and returns its exit status. */
  readonly terminal: (
    name: string,
    request: ExecRequest,
    io: TerminalIO
  ) => Effect.Effect<number, IncusFailure | InstanceNotFound>
}
