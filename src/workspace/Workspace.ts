import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { createHash } from "node:crypto"
import { Host } from "../host/Host.ts"
import { isShared } from "../host/subids.ts"
import type { Owner } from "../host/untrusted/StateDirectory.ts"

/**
 * The path given for a workspace is not a directory that can be worked on. `reason` says why.
 *
 * @see openWorkspace
 */
export class BadWorkspace extends Data.TaggedError("BadWorkspace")<{
  readonly path: string
  readonly reason: "missing" | "file" | "unreadable" | "root"
}> {
  readonly usage = true
  override get message(): string {
    const why = {
      missing: "does not exist",
      file: "is not a directory",
      unreadable: "cannot be read by this user",
      root: "is the whole file system"
    }
    return `workspace ${this.path} ${why[this.reason]}`
  }
  get hint(): string {
    return this.reason === "missing"
      ? "Make that directory first, or name another one."
      : this.reason === "unreadable"
      ? "Change its permissions, or run clincus as the user who owns it."
      : "Name the directory of a project."
  }
}

/**
 * A directory that a session works on. Two paths that lead to the same directory are the same workspace.
 *
 * @see openWorkspace
 */
export interface Workspace {
  /** Real path on the host. */
  readonly path: string
  /** SHA-256 of the real path, in hex; container names carry the first digits. */
  readonly hash: string
  /** The user who owns what a session makes there. */
  readonly owner: Owner
  /** Groups by which that user may write there, beside the owner's own. */
  readonly groups: ReadonlyArray<number>
}

export const hashOf = (path: string): string => createHash("sha256").update(path).digest("hex")

/**
 * The tool works with the rights of the directory's owner, so that files made on one side belong to the user on the other.
 * A user who is not root works on somebody else's directory with rights of their own, never with the owner's.
 */
const ownerFor = (host: Owner, owner: Owner): Owner =>
  host.uid === 0 || host.uid === owner.uid ? owner : { uid: host.uid, gid: host.gid }

const groupWritable = 0o020

/**
 * Looks at a directory, relative paths from the host's current one. Fails with `BadWorkspace`.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 *
 * export const real = Clincus.openWorkspace("project").pipe(
 *   Effect.map(({ path }: Clincus.Workspace) => path),
 *   Effect.catchTag("BadWorkspace", ({ path, reason }) => Effect.as(Console.error(`${path}: ${reason}`), undefined))
 * )
 */
export const openWorkspace = (
  given: string
): Effect.Effect<Workspace, BadWorkspace, FileSystem.FileSystem | Path.Path | Host> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const host = yield* Host
    const absolute = path.resolve(host.directory, given)
    const bad = (reason: BadWorkspace["reason"]) => new BadWorkspace({ path: absolute, reason })
    const real = yield* fs.realPath(absolute).pipe(
      Effect.mapError((error) =>
        bad(error._tag === "SystemError" && error.reason === "PermissionDenied" ? "unreadable" : "missing")
      )
    )
    const info = yield* fs.stat(real).pipe(Effect.mapError(() => bad("unreadable")))
    if (info.type !== "Directory") return yield* bad("file")
    if (real === "/") return yield* bad("root")
    yield* fs.readDirectory(real).pipe(Effect.mapError(() => bad("unreadable")))
    const directory = {
      uid: Option.getOrElse(info.uid, () => host.uid),
      gid: Option.getOrElse(info.gid, () => host.gid)
    }
    const owner = ownerFor(host, directory)
    const byGroup = directory.gid !== owner.gid && isShared(directory.gid) &&
      (info.mode & groupWritable) !== 0
      && host.uid !== 0 && host.groups.includes(directory.gid)
    return { path: real, hash: hashOf(real), owner, groups: byGroup ? [directory.gid] : [] }
  })
