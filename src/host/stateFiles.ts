import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { copyConfiguration as copy } from "./copy/copyConfiguration.ts"
import { readUntrusted as readText, readUntrustedBytes as readBytes } from "./untrusted/file.ts"
import * as Standing from "./untrusted/standing.ts"
import * as Disk from "./untrusted/StateDirectory.ts"
import { walk as walkThrough } from "./untrusted/walk.ts"

/**
 * Files of a saved session, and all others that somebody else may have made: by descriptors on the disk, unless a twin in
 * memory stands in its place (`memory/disk.ts`). What each of these does is said where the disk's own are.
 */

const onDisk = {
  copyConfiguration: copy,
  exists: Disk.exists,
  find: Disk.find,
  giveAll: Disk.giveAll,
  hasFilesOfOthers: Disk.hasFilesOfOthers,
  keep: Disk.keep,
  makeDirectory: Disk.makeDirectory,
  makeStand: Standing.makeStand,
  namesAt: Standing.namesAt,
  ownerOf: Disk.ownerOf,
  standingAt: Standing.standingAt,
  read: Disk.read,
  readBeginning: Disk.readBeginning,
  readUntrusted: readText,
  readUntrustedBytes: readBytes,
  remove: Disk.remove,
  removeAll: Disk.removeAll,
  removeStand: Standing.removeStand,
  removeStaged: Disk.removeStaged,
  rewriteAt: Standing.rewriteAt,
  size: Disk.size,
  walk: walkThrough,
  write: Disk.write,
  writtenAt: Disk.writtenAt
}

type Files = typeof onDisk

/** Whose files they are: the disk's unless a layer says otherwise, so nothing has to ask for it. */
export class StateFiles
  extends Context.Reference<StateFiles>()("clincus/StateFiles", { defaultValue: (): Files => onDisk })
{}

export { type Found, type Owner, StateError } from "./untrusted/StateDirectory.ts"

export const copyConfiguration: Files["copyConfiguration"] = (...all) =>
  Effect.flatMap(StateFiles, (files) => files.copyConfiguration(...all))
export const exists: Files["exists"] = (...all) => Effect.flatMap(StateFiles, (files) => files.exists(...all))
export const find: Files["find"] = (...all) => Effect.flatMap(StateFiles, (files) => files.find(...all))
export const giveAll: Files["giveAll"] = (...all) =>
  Effect.flatMap(StateFiles, (files) => files.giveAll(...all))
export const hasFilesOfOthers: Files["hasFilesOfOthers"] = (...all) =>
  Effect.flatMap(StateFiles, (files) => files.hasFilesOfOthers(...all))
export const keep: Files["keep"] = (...all) => Effect.flatMap(StateFiles, (files) => files.keep(...all))
export const makeDirectory: Files["makeDirectory"] = (...all) =>
  Effect.flatMap(StateFiles, (files) => files.makeDirectory(...all))
export const ownerOf: Files["ownerOf"] = (...all) =>
  Effect.flatMap(StateFiles, (files) => files.ownerOf(...all))
export const read: Files["read"] = (...all) => Effect.flatMap(StateFiles, (files) => files.read(...all))
export const readBeginning: Files["readBeginning"] = (...all) =>
  Effect.flatMap(StateFiles, (files) => files.readBeginning(...all))
export const readUntrusted: Files["readUntrusted"] = (...all) =>
  Effect.flatMap(StateFiles, (files) => files.readUntrusted(...all))
export const readUntrustedBytes: Files["readUntrustedBytes"] = (...all) =>
  Effect.flatMap(StateFiles, (files) => files.readUntrustedBytes(...all))
export const remove: Files["remove"] = (...all) => Effect.flatMap(StateFiles, (files) => files.remove(...all))
export const removeAll: Files["removeAll"] = (...all) =>
  Effect.flatMap(StateFiles, (files) => files.removeAll(...all))
export const removeStaged: Files["removeStaged"] = (...all) =>
  Effect.flatMap(StateFiles, (files) => files.removeStaged(...all))
export const size: Files["size"] = (...all) => Effect.flatMap(StateFiles, (files) => files.size(...all))
export const write: Files["write"] = (...all) => Effect.flatMap(StateFiles, (files) => files.write(...all))
export const writtenAt: Files["writtenAt"] = (...all) =>
  Effect.flatMap(StateFiles, (files) => files.writtenAt(...all))
export const makeStand: Files["makeStand"] = (...all) =>
  Effect.flatMap(StateFiles, (files) => files.makeStand(...all))
export const namesAt: Files["namesAt"] = (...all) =>
  Effect.flatMap(StateFiles, (files) => files.namesAt(...all))
export const standingAt: Files["standingAt"] = (...all) =>
  Effect.flatMap(StateFiles, (files) => files.standingAt(...all))
export const removeStand: Files["removeStand"] = (...all) =>
  Effect.flatMap(StateFiles, (files) => files.removeStand(...all))
export const rewriteAt: Files["rewriteAt"] = (...all) =>
  Effect.flatMap(StateFiles, (files) => files.rewriteAt(...all))
export const walk: Files["walk"] = (...all) => Effect.flatMap(StateFiles, (files) => files.walk(...all))
