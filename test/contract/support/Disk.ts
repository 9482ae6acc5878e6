import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Context from "effect/Context"

/** A disk that a contract is tried on. */
export class Disk extends Context.Tag("test/Disk")<Disk, {
  /** An empty directory that is nobody else's. */
  readonly root: string
  /** Whom what is made there belongs to. */
  readonly owner: { readonly uid: number; readonly gid: number }
}>() {}

export type DiskServices = Disk | FileSystem.FileSystem | Path.Path
