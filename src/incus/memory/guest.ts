import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Stream from "effect/Stream"
import type { TerminalSize } from "../execApi.ts"
import type { Instance } from "../schemas.ts"

/**
 * There is no such command in the container, or what there is cannot be run. A shell would say 127 or 126 of it.
 *
 * @see MemoryProgram
 */
export class CannotRun extends Data.TaggedError("CannotRun")<{ readonly status: 126 | 127 }> {}

/**
 * A command that runs in a container of the twin, as it sees itself.
 *
 * @example
 * import * as Incus from "clincus/incus"
 * import * as Testing from "clincus/testing"
 * import * as Effect from "effect/Effect"
 * import * as Stream from "effect/Stream"
 *
 * // cat(1): what it reads, it writes.
 * const cat = ({ input, write }: Testing.MemoryProcess) => Effect.as(Stream.runForEach(input, (chunk) => write(chunk)), 0)
 *
 * export const copied = Effect.gen(function*() {
 *   const { exec } = yield* Incus.IncusService
 *   const incus = yield* Testing.MemoryIncus
 *   yield* incus.put({ name: "web" })
 *   return (yield* exec.run("web", { command: ["cat"], input: "text" })).stdout
 * }).pipe(Effect.provide(Testing.memoryIncus({ guest: { exec: cat } })))
 * // => "text"
 */
export interface MemoryProcess {
  /** The container that it runs in, as it was when it was started. */
  readonly instance: Instance
  readonly command: ReadonlyArray<string>
  readonly environment: Readonly<Record<string, string>>
  readonly user: number
  readonly group: number
  readonly directory: string
  /** The size of its terminal at first; none if it has pipes. */
  readonly terminal: Option.Option<TerminalSize>
  /** What it is given to read, up to end-of-file. In a terminal nothing is echoed unless the program does so. */
  readonly input: Stream.Stream<Uint8Array>
  /** The sizes that its terminal is given later. */
  readonly resizes: Stream.Stream<TerminalSize>
  /** Numbers of the signals that it gets; see signal(7). A kill is not among them: it interrupts the program. */
  readonly signals: Stream.Stream<number>
  /** Writes to standard output (1, the usual) or standard error (2), which in a terminal are one. */
  readonly write: (chunk: string | Uint8Array, descriptor?: 1 | 2) => Effect.Effect<void>
}

/**
 * What stands for a program in a container: gets the process and ends with the exit status. It is interrupted if it is
 * killed: its client went away, or its container was stopped.
 *
 * @example
 * import * as Incus from "clincus/incus"
 * import * as Testing from "clincus/testing"
 * import * as Effect from "effect/Effect"
 *
 * const echo: Testing.MemoryProgram = ({ command: [name, ...words], write }) =>
 *   name === "echo"
 *     ? Effect.as(write(`${words.join(" ")}\n`), 0)
 *     : Effect.fail(new Testing.CannotRun({ status: 127 }))
 *
 * export const said = Effect.gen(function*() {
 *   const { exec } = yield* Incus.IncusService
 *   const incus = yield* Testing.MemoryIncus
 *   yield* incus.put({ name: "web" })
 *   const [one, other] = [yield* exec.run("web", { command: ["echo", "a"] }), yield* exec.run("web", { command: ["ls"] })]
 *   return [one.stdout, other.status]
 * }).pipe(Effect.provide(Testing.memoryIncus({ guest: { exec: echo } })))
 * // => ["a\n", 127]
 */
export type MemoryProgram = (process: MemoryProcess) => Effect.Effect<number, CannotRun>

/**
 * What stands for the system in the containers.
 *
 * @example
 * import * as Incus from "clincus/incus"
 * import * as Testing from "clincus/testing"
 * import * as Effect from "effect/Effect"
 *
 * // Takes two seconds to boot, and is deaf to every request to shut down.
 * const guest: Testing.MemoryGuest = { boot: () => Effect.sleep("2 seconds"), shutdown: () => Effect.never }
 *
 * export const failure = Effect.gen(function*() {
 *   const { instances } = yield* Incus.IncusService
 *   const incus = yield* Testing.MemoryIncus
 *   yield* incus.put({ name: "web", status: "Stopped" })
 *   yield* instances.start("web")
 *   return (yield* Effect.flip(instances.stop("web", { force: false, timeoutSeconds: 5 })))._tag
 * }).pipe(Effect.provide(Testing.memoryIncus({ guest })), Effect.provide(Testing.hurriedClock))
 * // => "IncusRequestError"
 */
export interface MemoryGuest {
  /** The commands that there are; none unless given, so that each is "not found". */
  readonly exec?: MemoryProgram
  /** Comes to an end when a container is up. The text that it fails with is why Incus cannot start it. */
  readonly boot?: (instance: Instance) => Effect.Effect<void, string>
  /** Comes to an end when a system that was asked to shut down has done so; `Effect.never` is one that is deaf to it. */
  readonly shutdown?: (instance: Instance) => Effect.Effect<void>
}
