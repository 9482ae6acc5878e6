import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type { HostProcess, ProcessState } from "../domain/HostProcess.ts"
import { codeOf } from "./codeOf.ts"

const text = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(path)).pipe(
    Effect.map((content) => content.trim()),
    Effect.orElseSucceed(() => "")
  )

const boot = text("/proc/sys/kernel/random/boot_id")
const namespace = Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readLink("/proc/self/ns/pid")).pipe(
  Effect.orElseSucceed(() => "")
)

/** The start time in ticks; empty if there is no such process. The program's name may hold spaces and parentheses. */
const startOf = (pid: number | "self") =>
  Effect.map(text(`/proc/${pid}/stat`), (line) => line.slice(line.lastIndexOf(")") + 2).split(" ")[19] ?? "")

/** In the place of a fact that this machine does not tell. */
const unknown = "unknown"

/** True if there is such a process, no matter whose it is; see kill(2). */
const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch (cause) {
    return codeOf(cause) === "EPERM"
  }
}

/** This process. */
export const ownProcess: Effect.Effect<HostProcess, never, FileSystem.FileSystem> = Effect.all({
  pid: Effect.sync(() => process.pid),
  started: Effect.map(startOf("self"), (ticks) => ticks === "" ? unknown : ticks),
  boot: Effect.map(boot, (id) => id === "" ? unknown : id),
  namespace
}, { concurrency: "unbounded" })

/** `unknown` if the process counts in another namespace of pids, so that it cannot be looked for. */
export const stateOfProcess = (
  one: HostProcess
): Effect.Effect<ProcessState, never, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const here = yield* Effect.all([boot, namespace, startOf(one.pid)], { concurrency: "unbounded" })
    const [bootNow, namespaceNow, startedNow] = here
    // Without /proc, or if it hides others' processes, nothing can be said.
    if (bootNow === "" || one.boot === unknown || one.started === unknown) return "unknown"
    if (bootNow !== one.boot) return "dead"
    if (namespaceNow !== one.namespace || (yield* startOf("self")) === "") return "unknown"
    if (startedNow === "") return isRunning(one.pid) ? "unknown" : "dead"
    return startedNow === one.started ? "alive" : "dead"
  })
