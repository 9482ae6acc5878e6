/**
 * Twins in memory for tests: of Incus, of tmux with a tool that is a function, of the disk and of the user. What is between
 * them is what runs on a real machine too, and the same contract holds the twins and the real ones. A test takes
 * milliseconds, and says at which phase what goes wrong.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Testing from "clincus/testing"
 * import * as Effect from "effect/Effect"
 *
 * export const lost = Effect.gen(function*() {
 *   const sessions = yield* Clincus.Sessions
 *   const incus = yield* Testing.MemoryIncus
 *   yield* incus.fault(Testing.cutAfter("create"))
 *   const session = yield* sessions.start({ workspace: "/home/me/project" })
 *   yield* sessions.send(session, { text: "exit 3", keys: ["Enter"] })
 *   return yield* sessions.wait(session)
 * }).pipe(
 *   Effect.scoped,
 *   Effect.provide(Testing.memorySessions({ files: { "/home/me/project/README.md": "" } })),
 *   Effect.provide(Testing.hurriedClock)
 * )
 *
 * @module
 */
export type { HostProcess } from "./domain/HostProcess.ts"
export type { Subnet } from "./domain/ipv4.ts"
export { memoryTmux, type MemoryTmuxOptions } from "./guest/memory/MemoryTmux.ts"
export { lineTool, type MemoryTool, type MemoryToolProgram } from "./guest/memory/pane.ts"
export { hurriedClock } from "./host/memory/clock.ts"
export { memoryHost, type MemoryHostOptions } from "./host/memory/host.ts"
export { MemoryDisk, memoryDisk, type MemoryDiskOptions } from "./host/memory/MemoryDisk.ts"
export type { DiskFault, Rights } from "./host/memory/tree.ts"
export type { MemoryOptions, MemoryTimes } from "./incus/memory/daemon.ts"
export {
  after,
  before,
  cutAfter,
  cutBefore,
  type Fault,
  type Phase,
  type Trouble
} from "./incus/memory/faults.ts"
export { CannotRun, type MemoryGuest, type MemoryProcess, type MemoryProgram } from "./incus/memory/guest.ts"
export { MemoryIncus, memoryIncus, memoryTransport, type SeenRequest } from "./incus/memory/MemoryIncus.ts"
export type { MemoryAcl, MemoryContainer, MemoryImage, MemoryProfile } from "./incus/memory/model.ts"
export type { Verb } from "./incus/memory/operations.ts"
export { memorySessions, type MemorySessionsOptions } from "./session/memory/memorySessions.ts"
