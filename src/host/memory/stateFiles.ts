import * as Effect from "effect/Effect"
import { posix as Path } from "node:path"
import { codeOf } from "../codeOf.ts"
import type { StateFiles } from "../stateFiles.ts"
import { checked, type Owner, StateError } from "../untrusted/access.ts"
import { FileRefused } from "../untrusted/file.ts"
import type { Standing } from "../untrusted/standing.ts"
import { onTree } from "./fileSystem.ts"
import { below, type Directory, type Entry, Errno, newDirectory, newFile, type Tree } from "./tree.ts"

type Files = StateFiles["Type"]

const staged = ".clincus-"

const partsOf = (path: string): ReadonlyArray<string> => path === "." ? [] : checked(path)

const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString("utf8")

const dirOrNone = (entry: Entry | undefined): Directory | undefined =>
  entry?.kind === "directory" ? entry : undefined

/** The files of a saved session, on a tree in memory: no link in them is followed, as on the disk. */
export const makeStateFiles = (tree: Tree): Files => {
  const attempt = <A>(path: string, action: StateError["action"], run: () => A) =>
    Effect.mapError(onTree(tree, run), ({ cause }) => new StateError({ path, action, cause }))

  /** The directory `root`; undefined if there is none, or a link to one. */
  const rootOf = (root: string): Directory | undefined => {
    try {
      return dirOrNone(tree.find(root, false))
    } catch (cause) {
      if (["ENOENT", "ENOTDIR", "ELOOP"].includes(codeOf(cause))) return undefined
      throw cause
    }
  }

  const within = (root: string, parts: ReadonlyArray<string>): Directory | undefined =>
    parts.reduce(
      (here: Directory | undefined, part) => dirOrNone(here?.entries.get(part)),
      rootOf(root)
    )

  const splitLast = (path: string) => {
    const parts = checked(path)
    return { above: parts.slice(0, -1), last: parts.at(-1) ?? "" }
  }

  const entryAt = (root: string, path: string): Entry | undefined => {
    const { above, last } = splitLast(path)
    return within(root, above)?.entries.get(last)
  }

  /** Makes directories if there are none; what stands in their place goes. */
  const make = (root: string, parts: ReadonlyArray<string>, owner: Owner): Directory => {
    const start = rootOf(root)
    if (start === undefined) throw new Error(`${root} is not a directory`)
    return parts.reduce((here: Directory, part) => {
      const there = here.entries.get(part)
      if (there?.kind === "directory") return there
      tree.require("make", Path.join(root, ...parts))
      const made = newDirectory({ ...owner, mode: 0o700 }, tree.now)
      here.entries.set(part, made)
      return made
    }, start)
  }

  const removeAt = (root: string, path: string) =>
    attempt(Path.join(root, path), "remove", () => {
      const { above, last } = splitLast(path)
      const directory = within(root, above)
      if (directory?.entries.has(last) !== true) return
      tree.require("remove", Path.join(root, path))
      directory.entries.delete(last)
    })

  const find: Files["find"] = (root, path, { deep, most }) =>
    attempt(Path.join(root, path), "read", () => {
      const directory = within(root, checked(path))
      const all = directory === undefined ? [] : [...below(directory)]
      const near = all.filter(({ path: one }) => one.split("/").length <= deep + 1)
      return {
        files: near.slice(0, most).flatMap(({ entry, path: one }) =>
          entry.kind === "file" ? [{ path: one, size: entry.bytes.length, written: entry.written }] : []
        ),
        complete: near.length <= most,
        deeper: all.some(({ entry, path: one }) => entry.kind === "directory" && one.split("/").length > deep)
      }
    }).pipe(Effect.orElseSucceed(() => ({ files: [], complete: false, deeper: false })))

  const readUntrustedBytes: Files["readUntrustedBytes"] = (path, limit, { links } = { links: "refuse" }) =>
    onTree(tree, () => {
      const entry = tree.find(path, links === "follow")
      const other = {
        link: "a symbolic link, which is not followed here",
        directory: "a directory, not a file"
      }
      if (entry.kind !== "file") throw new FileRefused({ path, kind: "other", reason: other[entry.kind] })
      if (entry.bytes.length > limit) {
        throw new FileRefused({ path, kind: "content", reason: `larger than ${limit} bytes` })
      }
      return entry.bytes
    }).pipe(
      Effect.catchAll(({ cause }) =>
        cause instanceof FileRefused
          ? Effect.fail(cause)
          : cause instanceof Errno && ["ENOENT", "ENOTDIR"].includes(cause.code)
          ? Effect.succeed(undefined)
          : Effect.fail(
            new FileRefused({ path, kind: "unreadable", reason: `cannot be read (${String(cause)})` })
          )
      )
    )

  const standingOf = (entry: Entry | undefined): Standing => entry?.kind ?? "absent"

  /** The parts of a path up to the first link on it, that at its end included. */
  const linkOn = (root: string, parts: ReadonlyArray<string>) =>
    parts.map((_, index) => parts.slice(0, index + 1).join("/")).find((one) =>
      entryAt(root, one)?.kind === "link"
    )

  const places: Pick<Files, "standingAt" | "namesAt" | "makeStand" | "removeStand" | "rewriteAt"> = {
    standingAt: (root, paths) =>
      attempt(root, "read", () =>
        paths.map((path) => {
          const link = linkOn(root, checked(path))
          return { path, is: link === undefined ? standingOf(entryAt(root, path)) : "link", link }
        })),
    namesAt: (root, path) =>
      attempt(root, "read", () => [...(dirOrNone(entryAt(root, path))?.entries.keys() ?? [])]),
    makeStand: (root, path, text, owner) =>
      attempt(Path.join(root, path), "write", () => {
        const { above, last } = splitLast(path)
        const directory = within(root, above)
        if (directory === undefined) return false
        if (directory.entries.has(last)) return true
        tree.require("make", Path.join(root, path))
        directory.entries.set(
          last,
          text === undefined ? newDirectory(owner, tree.now) : newFile(Buffer.from(text), owner, tree.now)
        )
        return true
      }),
    removeStand: (root, path, text) =>
      attempt(Path.join(root, path), "remove", () => {
        const { above, last } = splitLast(path)
        const entry = entryAt(root, path)
        const isSame = text === undefined
          ? entry?.kind === "directory" && entry.entries.size === 0
          : entry?.kind === "file" && textOf(entry.bytes) === text
        if (isSame) within(root, above)?.entries.delete(last)
      }),
    rewriteAt: (root, path, text, owner) =>
      attempt(Path.join(root, path), "write", () => {
        const { above, last } = splitLast(path)
        const entry = entryAt(root, path)
        if (entry !== undefined && entry.kind !== "file") return
        tree.require("make", Path.join(root, path))
        within(root, above)?.entries.set(last, newFile(Buffer.from(text), entry ?? owner, tree.now))
      })
  }

  const walk: Files["walk"] = (root, { enter, most, pick }) =>
    attempt(root, "read", () => {
      const all = [...below(rootOf(root) ?? newDirectory({}, tree.now))].filter(({ path }) =>
        path.split("/").slice(0, -1).every((_, index, parts) => enter(parts.slice(0, index + 1).join("/")))
      )
      const entries = all.slice(0, most).map(({ entry, path }) => ({
        path,
        is: entry.kind,
        mode: entry.mode,
        changed: entry.written
      }))
      return { entries: entries.filter(pick), complete: all.length <= most }
    })

  /** A copy of an entry, given to the owner. */
  const copied = (entry: Entry, owner: Owner): Entry =>
    entry.kind === "directory"
      ? {
        ...entry,
        ...owner,
        entries: new Map([...entry.entries].map(([name, inner]) => [name, copied(inner, owner)]))
      }
      : { ...entry, ...owner }

  return {
    ...places,
    walk,
    write: (root, path, content, owner, mode = 0o600) =>
      attempt(Path.join(root, path), "write", () => {
        const { above, last } = splitLast(path)
        const directory = make(root, above, owner)
        tree.require("make", Path.join(root, path))
        const bytes = typeof content === "string" ? Buffer.from(content) : content
        directory.entries.set(last, newFile(bytes, { ...owner, mode }, tree.now))
      }),
    keep: (root, path) => Effect.asVoid(attempt(Path.join(root, path), "write", () => partsOf(path))),
    removeStaged: (root, path) =>
      attempt(Path.join(root, path), "remove", () => {
        const entries = within(root, partsOf(path))?.entries ?? new Map<string, Entry>()
        for (const name of entries.keys()) {
          if (name.startsWith(staged)) entries.delete(name)
        }
      }),
    makeDirectory: (root, path, owner) =>
      Effect.asVoid(attempt(Path.join(root, path), "write", () => make(root, checked(path), owner))),
    remove: removeAt,
    removeAll: (directory) => removeAt(Path.dirname(directory), Path.basename(directory)),
    exists: (root, path) =>
      attempt(path, "read", () => entryAt(root, path) !== undefined).pipe(Effect.orElseSucceed(() => true)),
    read: (root, path, limit) =>
      attempt(Path.join(root, path), "read", () => {
        const entry = entryAt(root, path)
        return entry?.kind === "file" && entry.bytes.length <= limit ? textOf(entry.bytes) : undefined
      }).pipe(Effect.orElseSucceed(() => undefined)),
    ownerOf: (root, path) =>
      attempt(Path.join(root, path), "read", () => {
        const directory = within(root, checked(path))
        if (directory === undefined) throw new Error("it is not a directory")
        return { uid: directory.uid, gid: directory.gid }
      }),
    find,
    readBeginning: (root, path, most) =>
      attempt(Path.join(root, path), "read", () => {
        const entry = entryAt(root, path)
        if (entry?.kind !== "file") return undefined
        return { text: textOf(entry.bytes.subarray(0, most)), whole: entry.bytes.length <= most }
      }).pipe(Effect.orElseSucceed(() => undefined)),
    writtenAt: (root, path) =>
      attempt(Path.join(root, path), "read", () => {
        const entry = entryAt(root, path)
        return entry?.kind === "file" ? entry.written : undefined
      }).pipe(Effect.orElseSucceed(() => undefined)),
    size: (root, most) =>
      Effect.map(
        find(Path.dirname(root), Path.basename(root), { most, deep: 64 }),
        ({ complete, deeper, files }) => ({
          bytes: files.reduce((sum, file) => sum + file.size, 0),
          complete: complete && !deeper
        })
      ),
    hasFilesOfOthers: (root, path, users) =>
      attempt(Path.join(root, path), "read", () => {
        const directory = within(root, checked(path))
        return directory !== undefined
          && [directory, ...[...below(directory)].map(({ entry }) => entry)].some(({ uid }) =>
            !users.includes(uid)
          )
      }).pipe(Effect.orElseSucceed(() => false)),
    giveAll: (root, path, owner) =>
      attempt(Path.join(root, path), "write", () => {
        const directory = within(root, checked(path))
        if (directory === undefined) return
        for (const { entry } of below(directory)) Object.assign(entry, owner)
      }),
    readUntrustedBytes,
    readUntrusted: (path, limit, reading) =>
      Effect.map(
        readUntrustedBytes(path, limit, reading),
        (bytes) => bytes === undefined ? undefined : textOf(bytes)
      ),
    copyConfiguration: ({ entries, from, owner, root, to }) =>
      attempt(Path.join(root, to), "write", () => {
        const source = rootOf(from)
        const found = entries.flatMap((name) => {
          const entry = source?.entries.get(name)
          return entry === undefined ? [] : [[name, copied(entry, owner)] as const]
        })
        if (found.length > 0) {
          tree.require("make", Path.join(root, to))
          const target = make(root, checked(to), owner)
          for (const [name, entry] of found) target.entries.set(name, entry)
        }
        return { copied: found.length, bytes: 0, leftOut: [], leftOutCount: 0 }
      })
  }
}
