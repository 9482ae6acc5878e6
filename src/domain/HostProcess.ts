import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/**
 * A process, so that another one can tell later whether it still runs, whatever the clocks say: a pid is used again, but
 * not with the same start time in the same boot. See proc_pid_stat(5).
 *
 * @see MemoryDisk
 */
export const HostProcess = Schema.Struct({
  pid: Schema.Int.pipe(Schema.positive()),
  /** Clock ticks from the machine's boot to the start of the process. */
  started: Schema.NonEmptyString,
  boot: Schema.NonEmptyString,
  /** The namespace that the pid counts in. */
  namespace: Schema.String
})
export type HostProcess = typeof HostProcess.Type

const decode = Schema.decodeUnknownOption(Schema.parseJson(HostProcess))

/** None if the text names no process. */
export const parseProcess = (text: unknown): Option.Option<HostProcess> => decode(text)

/** What is known of a process: `unknown` if it cannot be looked for, in another namespace of pids for instance. */
export type ProcessState = "alive" | "dead" | "unknown"

/** A process that cannot be looked for is believed to be at work for so long (ms). */
export const unseenLimit = 15 * 60_000

/** True if nobody goes on any more with what a process began so long ago (ms). */
export const isGivenUp = (state: ProcessState, age: number): boolean =>
  state === "dead" || (state === "unknown" && age > unseenLimit)
