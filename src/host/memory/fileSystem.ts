import { type PlatformError, SystemError, type SystemErrorReason } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { posix as Path } from "node:path"
import { codeOf } from "../codeOf.ts"
import { type Entry, Errno, makeAll, newDirectory, newFile, newLink, type Rights, type Tree } from "./tree.ts"

const reasons: Readonly<Record<string, SystemErrorReason>> = {
  ENOENT: "NotFound",
  EACCES: "PermissionDenied",
  EROFS: "PermissionDenied",
  EEXIST: "AlreadyExists",
  EISDIR: "BadResource",
  ENOTDIR: "BadResource",
  ELOOP: "BadResource"
}

const types: Readonly<Record<Entry["kind"], FileSystem.File.Type>> = {
  directory: "Directory",
  file: "File",
  link: "SymbolicLink"
}

const infoOf = (entry: Entry): FileSystem.File.Info => ({
  type: types[entry.kind],
  mtime: Option.some(new Date(entry.written)),
  atime: Option.none(),
  birthtime: Option.none(),
  dev: 0,
  ino: Option.none(),
  mode: entry.mode,
  nlink: Option.none(),
  uid: Option.some(entry.uid),
  gid: Option.some(entry.gid),
  rdev: Option.none(),
  size: FileSystem.Size(entry.kind === "file" ? entry.bytes.length : 0),
  blksize: Option.none(),
  blocks: Option.none()
})

/** What the tree threw. */
export class OnTreeFailed extends Data.TaggedError("OnTreeFailed")<{ readonly cause: unknown }> {}

/** Does something to the tree at this moment of the Clock. */
export const onTree = <A>(tree: Tree, run: () => A): Effect.Effect<A, OnTreeFailed> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) =>
    Effect.try({
      try: () => {
        tree.now = now
        return run()
      },
      catch: (cause) => new OnTreeFailed({ cause })
    }))

/**
 * As much of a FileSystem as sessions use, on a tree in memory. What it makes belongs to `user`. The rest of it fails as
 * not found.
 */
export const makeFileSystem = (tree: Tree, user: Pick<Rights, "uid" | "gid">): FileSystem.FileSystem => {
  const at = <A>(method: string, path: string, run: () => A): Effect.Effect<A, PlatformError> =>
    Effect.mapError(onTree(tree, run), ({ cause }) =>
      new SystemError({
        module: "FileSystem",
        method,
        reason: reasons[codeOf(cause)] ?? "Unknown",
        pathOrDescriptor: path,
        cause
      }))

  const fileAt = (path: string) => {
    const entry = tree.find(path, true)
    if (entry.kind !== "file") throw new Errno("EISDIR", path)
    return entry
  }

  const writeAt = (path: string, bytes: Uint8Array, mode: number | undefined, fresh: boolean) => {
    tree.require("make", path)
    const directory = tree.above(path)
    const name = Path.basename(path)
    const there = directory.entries.get(name)
    if (there !== undefined && fresh) throw new Errno("EEXIST", path)
    if (there?.kind === "directory") throw new Errno("EISDIR", path)
    if (there?.kind === "file") {
      there.bytes = bytes
      there.written = tree.now
      return there
    }
    const file = newFile(bytes, { ...user, mode: mode ?? 0o644 }, tree.now)
    directory.entries.set(name, file)
    return file
  }

  const open: FileSystem.FileSystem["open"] = (path, { flag = "r", mode } = {}) =>
    at("open", path, () => {
      const entry = flag.startsWith("w")
        ? writeAt(path, new Uint8Array(), mode, flag.includes("x"))
        : tree.find(path, true)
      const nothing = () =>
        at("open", path, () => {
          throw new Errno("EINVAL", path)
        })
      return {
        [FileSystem.FileTypeId]: FileSystem.FileTypeId,
        fd: FileSystem.FileDescriptor(0),
        stat: Effect.sync(() => infoOf(entry)),
        seek: () => Effect.void,
        sync: Effect.void,
        read: nothing,
        readAlloc: nothing,
        truncate: nothing,
        write: nothing,
        writeAll: (bytes: Uint8Array) =>
          at("writeAll", path, () => {
            tree.require("make", path)
            if (entry.kind === "file") entry.bytes = Buffer.concat([entry.bytes, bytes])
          })
      }
    })

  return FileSystem.makeNoop({
    exists: (path) =>
      at("exists", path, () => tree.find(path, true)).pipe(
        Effect.as(true),
        Effect.catchIf((error) => error._tag === "SystemError" && error.reason === "NotFound", () =>
          Effect.succeed(false))
      ),
    stat: (path) => at("stat", path, () => infoOf(tree.find(path, true))),
    realPath: (path) => at("realPath", path, () => tree.real(path)),
    readDirectory: (path) =>
      at("readDirectory", path, () => {
        const entry = tree.find(path, true)
        if (entry.kind !== "directory") throw new Errno("ENOTDIR", path)
        return [...entry.entries.keys()]
      }),
    readFile: (path) => at("readFile", path, () => fileAt(path).bytes),
    readFileString: (path) =>
      at("readFileString", path, () => Buffer.from(fileAt(path).bytes).toString("utf8")),
    readLink: (path) =>
      at("readLink", path, () => {
        const entry = tree.find(path, false)
        if (entry.kind !== "link") throw new Errno("EINVAL", path)
        return entry.target
      }),
    writeFile: (path, bytes, options) =>
      at(
        "writeFile",
        path,
        () => void writeAt(path, bytes, options?.mode, options?.flag?.includes("x") === true)
      ),
    writeFileString: (path, text, options) =>
      at(
        "writeFileString",
        path,
        () => void writeAt(path, Buffer.from(text), options?.mode, options?.flag?.includes("x") === true)
      ),
    makeDirectory: (path, options) =>
      at("makeDirectory", path, () => {
        tree.require("make", path)
        if (options?.recursive === true) return void makeAll(tree, path, user)
        const directory = tree.above(path)
        if (directory.entries.has(Path.basename(path))) throw new Errno("EEXIST", path)
        directory.entries.set(
          Path.basename(path),
          newDirectory({ ...user, mode: options?.mode ?? 0o755 }, tree.now)
        )
      }),
    chmod: (path, mode) =>
      at("chmod", path, () => {
        tree.require("make", path)
        tree.find(path, true).mode = mode
      }),
    link: (from, to) =>
      at("link", to, () => {
        tree.require("make", to)
        const directory = tree.above(to)
        if (directory.entries.has(Path.basename(to))) throw new Errno("EEXIST", to)
        directory.entries.set(Path.basename(to), tree.find(from, false))
      }),
    symlink: (target, path) =>
      at("symlink", path, () => {
        tree.require("make", path)
        const directory = tree.above(path)
        if (directory.entries.has(Path.basename(path))) throw new Errno("EEXIST", path)
        directory.entries.set(Path.basename(path), newLink(target, user, tree.now))
      }),
    rename: (from, to) =>
      at("rename", to, () => {
        // A name is changed in its place: a full disk does not keep that.
        tree.require("remove", to)
        const entry = tree.find(from, false)
        tree.above(to).entries.set(Path.basename(to), entry)
        tree.above(from).entries.delete(Path.basename(from))
      }),
    remove: (path, { force = false, recursive = false } = {}) =>
      at("remove", path, () => {
        tree.require("remove", path)
        const directory = tree.above(path)
        const entry = directory.entries.get(Path.basename(path))
        if (entry === undefined) throw new Errno("ENOENT", path)
        if (entry.kind === "directory" && !recursive && entry.entries.size > 0) {
          throw new Errno("ENOTEMPTY", path)
        }
        directory.entries.delete(Path.basename(path))
      }).pipe(
        Effect.catchIf((error) => force && error._tag === "SystemError" && error.reason === "NotFound", () =>
          Effect.void)
      ),
    open
  })
}
