import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Stream from "effect/Stream"
import type { TerminalSize } from "../exec.ts"
import type { Instance } from "../schemas.ts"

/** There is no such command in the container, or what there is cannot be run. A shell would say 127 or 126 of it. */
export class CannotRun extends Data.TaggedError("CannotRun")<{ readonly status: 126 | 127 }> {}

/** A command that runs in a container of the twin, as it sees itself. */
export interface MemoryProcess {
  /** The container that it runs in, as it was when it was started. */
  readonly instance: Instance
  readonly command: ReadonlyArray<string>
  readonly environment: Readonly<Record<string, string>>
  readonly user: number
  readonly group: number
  readonly directory: string
  /** The size of its terminal at first; none where it has pipes. */
  readonly terminal: Option.Option<TerminalSize>
  /** What it is given to read, up to end-of-file. In a terminal nothing is echoed unless the program does so. */
  readonly input: Stream.Stream<Uint8Array>
  /** The sizes that its terminal is given later. */
  readonly resizes: Stream.Stream<TerminalSize>
  /** Numbers of the signals that it gets; see signal(7). A kill is none of them: it interrupts the program. */
  readonly signals: Stream.Stream<number>
  /** Writes to standard output (1, the usual) or standard error (2), which in a terminal are one. */
  readonly write: (chunk: string | Uint8Array, descriptor?: 1 | 2) => Effect.Effect<void>
}

/**
 * What stands for a program in a container: gets the process and ends with the exit status. It is interrupted where it is
 * killed: its client went away, or its container was stopped.
 */
export type MemoryProgram = (process: MemoryProcess) => Effect.Effect<number, CannotRun>

/** What stands for the system in the containers. */
export interface MemoryGuest {
  /** The commands that there are; none unless given, so that each is "not found". */
  readonly exec?: MemoryProgram
  /** Comes to an end when a container is up. The text that it fails with is why Incus cannot start it. */
  readonly boot?: (instance: Instance) => Effect.Effect<void, string>
  /** Comes to an end when a system that was asked to shut down has done so; `Effect.never` is one that is deaf to it. */
  readonly shutdown?: (instance: Instance) => Effect.Effect<void>
}
