import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { isRelativePath } from "../domain/RelativePath.ts"
import {
  at,
  closing,
  codeOf,
  namesIn,
  openAnyhow,
  openDirectory,
  openForReading,
  openNew,
  unless
} from "./descriptors.ts"
import { type Budget, budgetOf, giveEntries, hasOthers, remove as removeSteps, removeNow } from "./removal.ts"

/**
 * Files in a directory that a container writes, or has written. What is there is hostile, and may change at any moment:
 * it is reached by descriptors only (see descriptors.ts), links are never followed, and no more is read than asked for.
 * Paths are relative to the directory and lead down; any other is refused.
 */

/** A file of a saved session could not be written, read or removed. `path` is where it is on the host. */
export class StateError extends Data.TaggedError("StateError")<{
  readonly path: string
  readonly action: "write" | "remove" | "read"
  readonly cause: unknown
}> {
  /** True where the rights of this user do not suffice: it belongs to another user, of the container perhaps. */
  get denied(): boolean {
    return ["EACCES", "EPERM"].includes(codeOf(this.cause))
  }
  override get message(): string {
    const why = this.denied
      ? "it belongs to another user"
      : this.cause instanceof Error
      ? this.cause.message
      : String(this.cause)
    return `cannot ${this.action} ${this.path} of a saved session: ${why}`
  }
  get hint(): string | undefined {
    return this.action === "remove"
      ? `Remove it: sudo rm -rf -- '${this.path.replaceAll("'", "'\\''")}'`
      : undefined
  }
}

/** The user outside whom what is written belongs to. */
export interface Owner {
  readonly uid: number
  readonly gid: number
}

const attempt = <A>(path: string, action: StateError["action"], run: () => A) =>
  Effect.try({ try: run, catch: (cause) => new StateError({ path, action, cause }) })

/** Drives steps that may be many: others get their turn, and after an interrupt no further step is made. */
const drive = <A>(path: string, action: StateError["action"], begin: () => Generator<void, A>) =>
  Effect.tryPromise({
    try: async (signal) => {
      const result: Array<A> = []
      const steps = function*() {
        result.push(yield* begin())
      }
      for (const _ of steps()) {
        await new Promise((resume) => setImmediate(resume))
        signal.throwIfAborted()
      }
      return result
    },
    catch: (cause) => new StateError({ path, action, cause })
  }).pipe(Effect.map(([result]) => result))

const checked = (path: string): ReadonlyArray<string> => {
  if (!isRelativePath(path)) throw new Error(`'${path}' is not a path below it`)
  return path.split("/")
}

const missing = ["ENOENT", "ENOTDIR", "ELOOP"]

/** Only root can give a file away; another user's files are their own already. */
const give = (descriptor: number, owner: Owner) => {
  if (process.getuid?.() === 0) Fs.fchownSync(descriptor, owner.uid, owner.gid)
}

/** A directory in an open one, made where there is none. What stands in its place is removed. */
const enterOrMake = (parent: number, name: string, owner: Owner): number => {
  const place = at(parent, name)
  const there = unless(missing, () => openAnyhow(place, 0o700))
  if (there !== undefined) return there
  removeNow(parent, name)
  Fs.mkdirSync(place, { mode: 0o700 })
  const made = openDirectory(place)
  give(made, owner)
  return made
}

/** Walks down from `root` and hands over the last directory, or nothing where the way is not there. */
const within = <A>(
  root: string,
  parts: ReadonlyArray<string>,
  enter: (parent: number, name: string) => number | undefined,
  use: (directory: number) => A
): A | undefined => {
  const down = (here: number, rest: ReadonlyArray<string>): A | undefined =>
    closing(here, () => {
      const [next, ...further] = rest
      if (next === undefined) return use(here)
      const entered = enter(here, next)
      return entered === undefined ? undefined : down(entered, further)
    })
  const start = unless(missing, () => openAnyhow(root, 0o500))
  return start === undefined ? undefined : down(start, parts)
}

const enterExisting = (parent: number, name: string) =>
  unless(missing, () => openAnyhow(at(parent, name), 0o500))

/** The directory that a path is in, and its last name. */
const splitLast = (path: string) => {
  const parts = checked(path)
  return { above: parts.slice(0, -1), last: parts.at(-1) ?? "" }
}

const withFile = <A>(
  root: string,
  path: string,
  use: (descriptor: number, info: Fs.Stats) => A
): A | undefined => {
  const { above, last } = splitLast(path)
  return within(root, above, enterExisting, (directory) => {
    const file = unless([...missing, "EACCES", "ENXIO"], () => openForReading(at(directory, last)))
    return file === undefined ? undefined : closing(file, () => {
      const info = Fs.fstatSync(file)
      return info.isFile() ? use(file, info) : undefined
    })
  })
}

/** What a file is called until it is whole. */
const staged = ".clincus-"
let written = 0

/** Writes a file by a new one and a rename: what stands in its place is replaced, never followed. */
export const write = (
  root: string,
  path: string,
  content: Uint8Array | string,
  owner: Owner,
  mode = 0o600
): Effect.Effect<void, StateError> =>
  attempt(Path.join(root, path), "write", () => {
    const { above, last } = splitLast(path)
    const done = within(root, above, (parent, name) => enterOrMake(parent, name, owner), (directory) => {
      const fresh = `${staged}${process.pid}-${++written}`
      removeNow(directory, fresh)
      try {
        closing(openNew(at(directory, fresh), mode), (file) => {
          Fs.writeFileSync(file, content)
          give(file, owner)
        })
      } catch (cause) {
        // A full disk leaves no half of a secret.
        removeNow(directory, fresh)
        throw cause
      }
      const replaced = unless(["EISDIR", "ENOTEMPTY", "EEXIST"], () => {
        Fs.renameSync(at(directory, fresh), at(directory, last))
        return true
      })
      if (replaced !== true) {
        removeNow(directory, last)
        Fs.renameSync(at(directory, fresh), at(directory, last))
      }
      return true
    })
    if (done !== true) throw new Error(`${root} is not a directory`)
  })

/** Removes the files of a directory that a program that died had begun to write. */
export const removeStaged = (root: string, path: string): Effect.Effect<void, StateError> =>
  attempt(Path.join(root, path), "remove", () => {
    within(root, path === "." ? [] : checked(path), enterExisting, (directory) => {
      for (const name of namesIn(directory)) {
        if (name.subarray(0, staged.length).toString("latin1") === staged) removeNow(directory, name)
      }
    })
  })

/** Makes a directory and those above it. */
export const makeDirectory = (root: string, path: string, owner: Owner): Effect.Effect<void, StateError> =>
  attempt(Path.join(root, path), "write", () => {
    const done = within(root, checked(path), (parent, name) => enterOrMake(parent, name, owner), () => true)
    if (done !== true) throw new Error(`${root} is not a directory`)
  })

/** What is removed at the end of a session is little: a container that makes more is stopped from holding us (entries). */
const removalLimit = 1_000_000

const removeBelow = (root: string, path: string, budget: Budget) =>
  drive(Path.join(root, path), "remove", function*() {
    const { above, last } = splitLast(path)
    // The descriptors live as long as the steps.
    const held: Array<number> = []
    const enter = (place: string | Buffer) => {
      const entered = unless(missing, () => openAnyhow(place, 0o700))
      if (entered !== undefined) held.push(entered)
      return entered
    }
    try {
      const start = enter(root)
      const directory = above.reduce(
        (here: number | undefined, part) => here === undefined ? undefined : enter(at(here, part)),
        start
      )
      if (directory !== undefined) yield* removeSteps(directory, last, budget)
    } finally {
      for (const descriptor of held) Fs.closeSync(descriptor)
    }
  }).pipe(Effect.asVoid)

/** Removes a file, a link (not what it points to) or a directory with all that is in it. */
export const remove = (root: string, path: string): Effect.Effect<void, StateError> =>
  removeBelow(root, path, budgetOf(removalLimit))

/** Removes a directory itself, however much is in it. The directory that it is in is the user's own. */
export const removeAll = (directory: string): Effect.Effect<void, StateError> =>
  removeBelow(Path.dirname(directory), Path.basename(directory), budgetOf(Number.POSITIVE_INFINITY))

/** True if a regular file stands there that this user can open. */
export const isFile = (root: string, path: string): Effect.Effect<boolean> =>
  attempt(path, "read", () => withFile(root, path, () => true) === true).pipe(
    Effect.orElseSucceed(() => false)
  )

/** True if anything stands there, a file that cannot be opened too. */
export const exists = (root: string, path: string): Effect.Effect<boolean> =>
  attempt(path, "read", () => {
    const { above, last } = splitLast(path)
    return within(
      root,
      above,
      enterExisting,
      (directory) => unless(missing, () => Fs.lstatSync(at(directory, last))) !== undefined
    ) === true
  }).pipe(Effect.orElseSucceed(() => true))

const readStart = (file: number, most: number): string => {
  const buffer = Buffer.alloc(most)
  let length = 0
  for (;;) {
    const got = Fs.readSync(file, buffer, length, most - length, length)
    length += got
    if (got === 0 || length === most) return buffer.toString("utf8", 0, length)
  }
}

/** Text of a regular file of at most `limit` bytes; `undefined` where there is none such. */
export const read = (root: string, path: string, limit: number): Effect.Effect<string | undefined> =>
  attempt(Path.join(root, path), "read", () =>
    withFile(root, path, (file, { size }) => {
      if (size > limit) return undefined
      const text = readStart(file, size + 1)
      return Buffer.byteLength(text) > limit ? undefined : text
    })).pipe(Effect.orElseSucceed(() => undefined))

/** Whom a directory belongs to, for what is written in it. Fails where there is no such directory. */
export const ownerOf = (root: string, path: string): Effect.Effect<Owner, StateError> =>
  attempt(Path.join(root, path), "read", () => {
    const owner = within(root, checked(path), enterExisting, (directory): Owner => Fs.fstatSync(directory))
    if (owner === undefined) throw new Error("it is not a directory")
    return { uid: owner.uid, gid: owner.gid }
  })

/** A regular file that a look at a directory found. */
export interface Found {
  /** Relative to the directory that was looked at. */
  readonly path: string
  /** bytes */
  readonly size: number
  /** When it was last written, ms since the epoch. */
  readonly written: number
}

/**
 * The regular files below a directory, links not followed, at most `most` of them and `deep` directories down; names that
 * are no UTF-8 are passed over. `complete` is false where there may be more of them, `deeper` true where
 * there are directories further down. Nothing where there is no such directory.
 */
export const find = (
  root: string,
  path: string,
  bounds: { readonly most: number; readonly deep: number }
): Effect.Effect<
  { readonly files: ReadonlyArray<Found>; readonly complete: boolean; readonly deeper: boolean }
> =>
  attempt(Path.join(root, path), "read", () => {
    const files: Array<Found> = []
    let seen = 0
    let complete = true
    let deeper = false
    const look = (directory: number, prefix: string, depth: number): void => {
      for (const bytes of namesIn(directory)) {
        if (++seen > bounds.most) {
          complete = false
          return
        }
        const name = bytes.toString("utf8")
        const info = unless(missing, () => Fs.lstatSync(at(directory, bytes)))
        if (info?.isFile() === true) {
          files.push({ path: `${prefix}${name}`, size: info.size, written: info.mtimeMs })
        }
        if (info?.isDirectory() !== true) continue
        if (depth >= bounds.deep) {
          deeper = true
          continue
        }
        const entered = unless([...missing, "EACCES", "EPERM"], () => openAnyhow(at(directory, bytes), 0o500))
        if (entered === undefined) complete = false
        else closing(entered, () => look(entered, `${prefix}${name}/`, depth + 1))
      }
    }
    within(root, checked(path), enterExisting, (directory) => look(directory, "", 0))
    return { files, complete, deeper }
  }).pipe(Effect.orElseSucceed(() => ({ files: [], complete: false, deeper: false })))

/** The beginning of a regular file, at most `most` bytes; `undefined` where there is none such that can be read. */
export const readBeginning = (
  root: string,
  path: string,
  most: number
): Effect.Effect<{ readonly text: string; readonly whole: boolean } | undefined> =>
  attempt(Path.join(root, path), "read", () =>
    withFile(root, path, (file, { size }) => ({
      text: readStart(file, Math.min(most, size)),
      whole: size <= most
    }))).pipe(Effect.orElseSucceed(() => undefined))

/** Bytes below a directory, links not followed; stops counting at `most` entries. */
export const size = (
  root: string,
  most: number
): Effect.Effect<{ readonly bytes: number; readonly complete: boolean }> =>
  find(Path.dirname(root), Path.basename(root), { most, deep: 64 }).pipe(
    Effect.map(({ complete, deeper, files }) => ({
      bytes: files.reduce((sum, file) => sum + file.size, 0),
      complete: complete && !deeper
    }))
  )

/** Entries that are looked at before a large directory is taken to be the user's own. */
const ownersLimit = 200_000

/** True where something in the directory belongs to none of these users, but to one of a container's. */
export const hasFilesOfOthers = (directory: string, users: ReadonlyArray<number>): Effect.Effect<boolean> =>
  drive(directory, "read", function*() {
    const opened = unless(missing, () => openAnyhow(directory, 0o500))
    if (opened === undefined) return false
    try {
      return yield* hasOthers(opened, users, 0, budgetOf(ownersLimit))
    } finally {
      Fs.closeSync(opened)
    }
  }).pipe(Effect.map((found) => found === true), Effect.orElseSucceed(() => false))

/** Gives a directory and all that is in it to the owner, links themselves and not what they lead to. Only root can. */
export const giveAll = (root: string, path: string, owner: Owner): Effect.Effect<void, StateError> =>
  drive(Path.join(root, path), "write", function*() {
    const opened = unless(missing, () => openAnyhow(Path.join(root, path), 0o500))
    if (opened === undefined) return
    try {
      yield* giveEntries(opened, owner, 0, budgetOf(ownersLimit))
    } finally {
      Fs.closeSync(opened)
    }
  }).pipe(Effect.asVoid)
