import { posix as Path } from "node:path"

/**
 * Whose something is, and who may do what with it.
 *
 * @see MemoryDisk
 */
export interface Rights {
  readonly uid: number
  readonly gid: number
  readonly mode: number
}

interface Common extends Rights {
  uid: number
  gid: number
  mode: number
  /** ms since the epoch */
  written: number
}

export interface Directory extends Common {
  readonly kind: "directory"
  readonly entries: Map<string, Entry>
}

export interface File extends Common {
  readonly kind: "file"
  bytes: Uint8Array
}

export interface Link extends Common {
  readonly kind: "link"
  readonly target: string
}

export type Entry = Directory | File | Link

/** A failure as Node has it, by its code; see errno(3). */
export class Errno extends Error {
  readonly code: string
  constructor(code: string, path: string) {
    super(`${code}: ${texts[code] ?? "failed"}, '${path}'`)
    this.code = code
  }
}

const texts: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EEXIST: "file already exists",
  EISDIR: "illegal operation on a directory",
  ELOOP: "too many symbolic links encountered",
  ENOENT: "no such file or directory",
  ENOSPC: "no space left on device",
  ENOTDIR: "not a directory",
  ENOTEMPTY: "directory not empty",
  EROFS: "read-only file system"
}

/**
 * What every change of the disk fails with from now on.
 *
 * @example
 * import * as FileSystem from "@effect/platform/FileSystem"
 * import * as Testing from "clincus/testing"
 * import * as Effect from "effect/Effect"
 *
 * const readOnly: Testing.DiskFault = { code: "EROFS", at: /^\/home\// }
 *
 * export const changed = Effect.gen(function*() {
 *   const disk = yield* Testing.MemoryDisk
 *   const files = yield* FileSystem.FileSystem
 *   yield* disk.makeDirectory("/home/me")
 *   yield* disk.makeDirectory("/tmp")
 *   yield* disk.fault(readOnly)
 *   yield* files.writeFileString("/tmp/a", "")
 *   return (yield* Effect.flip(files.writeFileString("/home/me/a", "")))._tag
 * }).pipe(Effect.provide(Testing.memoryDisk()))
 * // => "SystemError"
 */
export interface DiskFault {
  /** `ENOSPC`: nothing more is written or made. `EROFS`, `EACCES`: nothing is changed, nor removed. */
  readonly code: "ENOSPC" | "EROFS" | "EACCES"
  /** Where; everywhere unless given. */
  readonly at?: RegExp
}

/** What a change does: something is made or written, or something goes. */
export type Change = "make" | "remove"

/** The files of a machine, as a tree. What it cannot do it throws, as an `Errno`. */
export interface Tree {
  readonly root: Directory
  /** How long ago nothing is: ms since the epoch. */
  now: number
  fault: DiskFault | undefined
  /** What stands at a path; links on the way are followed, one at its end if `follow` says so. */
  readonly find: (path: string, follow: boolean) => Entry
  /** The directory that something is in, or is to be. */
  readonly above: (path: string) => Directory
  readonly real: (path: string) => string
  /** Fails if the disk may not be changed there. */
  readonly require: (change: Change, path: string) => void
}

const longest = 40

const made = (rights: Partial<Rights>, mode: number, now: number): Common => ({
  uid: rights.uid ?? 0,
  gid: rights.gid ?? 0,
  mode: rights.mode ?? mode,
  written: now
})

export const newDirectory = (rights: Partial<Rights>, now: number): Directory => ({
  kind: "directory",
  entries: new Map(),
  ...made(rights, 0o755, now)
})

export const newFile = (bytes: Uint8Array, rights: Partial<Rights>, now: number): File => ({
  kind: "file",
  bytes,
  ...made(rights, 0o644, now)
})

export const newLink = (target: string, rights: Partial<Rights>, now: number): Link => ({
  kind: "link",
  target,
  ...made(rights, 0o777, now)
})

export const makeTree = (now: number): Tree => {
  const root = newDirectory({}, now)

  /** Walks to the end of a path; gives what stands there and where that really is. */
  const walk = (
    path: string,
    follow: boolean,
    links = 0
  ): { readonly entry: Entry; readonly real: string } => {
    if (links > longest) throw new Errno("ELOOP", path)
    let entry: Entry = root
    let real = "/"
    const parts = Path.resolve("/", path).split("/").filter((part) => part !== "")
    for (const [index, part] of parts.entries()) {
      if (entry.kind !== "directory") throw new Errno("ENOTDIR", path)
      const next: Entry | undefined = entry.entries.get(part)
      if (next === undefined) throw new Errno("ENOENT", path)
      if (next.kind === "link" && (follow || index < parts.length - 1)) {
        const rest = parts.slice(index + 1)
        return walk(Path.join(Path.resolve(real, next.target), ...rest), follow, links + 1)
      }
      entry = next
      real = Path.join(real, part)
    }
    return { entry, real }
  }

  const tree: Tree = {
    root,
    now,
    fault: undefined,
    find: (path, follow) => walk(path, follow).entry,
    real: (path) => walk(path, true).real,
    above: (path) => {
      const directory = walk(Path.dirname(Path.resolve("/", path)), true).entry
      if (directory.kind !== "directory") throw new Errno("ENOTDIR", path)
      return directory
    },
    require: (change, path) => {
      const { fault } = tree
      if (fault === undefined || (fault.at !== undefined && !fault.at.test(path))) return
      if (change === "make" || fault.code !== "ENOSPC") throw new Errno(fault.code, path)
    }
  }
  return tree
}

/** Makes a directory and those above it if there are none. */
export const makeAll = (tree: Tree, path: string, rights: Partial<Rights>): Directory => {
  let here = tree.root
  for (const part of Path.resolve("/", path).split("/").filter((one) => one !== "")) {
    const next = here.entries.get(part) ?? newDirectory(rights, tree.now)
    if (next.kind !== "directory") throw new Errno("ENOTDIR", path)
    here.entries.set(part, next)
    here = next
  }
  return here
}

/** Everything below a directory, with paths relative to it; links are not followed. */
export const below = function*(
  directory: Directory,
  prefix = ""
): Generator<{ readonly path: string; readonly entry: Entry }> {
  for (const [name, entry] of directory.entries) {
    yield { path: `${prefix}${name}`, entry }
    if (entry.kind === "directory") yield* below(entry, `${prefix}${name}/`)
  }
}
