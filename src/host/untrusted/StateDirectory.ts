import * as Effect from "effect/Effect"
import { randomUUID } from "node:crypto"
import * as Fs from "node:fs"
import * as Path from "node:path"
import {
  attempt,
  checked,
  drive,
  type Enter,
  enterExisting,
  give,
  openWithin,
  type Owner,
  readStart,
  splitLast,
  type StateError,
  synced,
  withFile,
  within
} from "./access.ts"
import {
  at,
  closingAfter,
  missing,
  namesIn,
  openAnyhow,
  openDirectory,
  openNew,
  unless
} from "./descriptors.ts"
import { type Budget, budgetOf, remove as removeSteps, removeNow } from "./removal.ts"

/**
 * Files in a directory that a container writes, or has written. What is there is hostile, and may change at any moment:
 * it is reached by descriptors only (see descriptors.ts), links are never followed, and no more is read than asked for.
 * Paths are relative to the directory and lead down; any other is refused.
 */

export { type Owner, StateError } from "./access.ts"
export * from "./trees.ts"

/** A directory in an open one, made if there is none. What stands in its place is removed. */
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

/** What a file is called until it is whole begins so. */
const staged = ".clincus-"

/** Opens a directory below `root`, made if there is none. */
const openOrMake = (root: string, parts: ReadonlyArray<string>, owner: Owner): number => {
  const opened = openWithin(root, parts, (parent, name) => enterOrMake(parent, name, owner))
  if (opened === undefined) throw new Error(`${root} is not a directory`)
  return opened
}

/** Makes a file in an open directory, whole and on the disk. */
const writeNew = (
  where: string,
  directory: number,
  name: string,
  { content, mode, owner }: {
    readonly content: Uint8Array | string
    readonly mode: number
    readonly owner: Owner
  }
) =>
  Effect.acquireUseRelease(
    attempt(where, "write", () => openNew(at(directory, name), mode)),
    (file) =>
      attempt(where, "write", () => {
        Fs.writeFileSync(file, content)
        give(file, owner)
      }).pipe(Effect.zipRight(synced(where, "write", file))),
    (file) => Effect.sync(() => Fs.closeSync(file))
  )

/** Gives a file its name, whatever stands there. */
const replace = (directory: number, fresh: string, name: string) => {
  const replaced = unless(["EISDIR", "ENOTEMPTY", "EEXIST"], () => {
    Fs.renameSync(at(directory, fresh), at(directory, name))
    return true
  })
  if (replaced === true) return
  removeNow(directory, name)
  Fs.renameSync(at(directory, fresh), at(directory, name))
}

/**
 * Writes a file by a new one and a rename: what stands in its place is replaced, never followed. After a power cut the
 * old one stands there, or the new one, whole.
 */
export const write = (
  root: string,
  path: string,
  content: Uint8Array | string,
  owner: Owner,
  mode = 0o600
): Effect.Effect<void, StateError> => {
  const where = Path.join(root, path)
  return Effect.acquireUseRelease(
    attempt(where, "write", () => {
      const { above, last } = splitLast(path)
      return { directory: openOrMake(root, above, owner), last }
    }),
    ({ directory, last }) => {
      // From the system itself, as nothing but a name that nobody else has comes of it.
      const fresh = `${staged}${randomUUID()}`
      return writeNew(where, directory, fresh, { content, mode, owner }).pipe(
        Effect.zipRight(attempt(where, "write", () => replace(directory, fresh, last))),
        // A full disk leaves no half of a secret.
        Effect.onError(() => Effect.ignore(attempt(where, "remove", () => removeNow(directory, fresh))))
      )
    },
    ({ directory }) => Effect.sync(() => Fs.closeSync(directory))
    // What has begun is brought to its end: it takes no longer than the disk does.
  ).pipe(Effect.uninterruptible)
}

/** The parts of the path of a directory, which may be the root itself, `.`. */
const partsOf = (path: string) => path === "." ? [] : checked(path)

/** Returns when the names in a directory are on the disk as they are now: what was removed does not come back. */
export const keep = (root: string, path: string): Effect.Effect<void, StateError> => {
  const where = Path.join(root, path)
  return Effect.acquireUseRelease(
    attempt(where, "write", () => openWithin(root, partsOf(path), enterExisting)),
    (directory) => directory === undefined ? Effect.void : synced(where, "write", directory),
    (directory) => Effect.sync(() => directory === undefined ? undefined : Fs.closeSync(directory))
  )
}

/** Removes the files of a directory that a program that died had begun to write. */
export const removeStaged = (root: string, path: string): Effect.Effect<void, StateError> =>
  attempt(Path.join(root, path), "remove", () => {
    within(root, partsOf(path), enterExisting, (directory) => {
      for (const name of namesIn(directory)) {
        if (name.subarray(0, staged.length).toString("latin1") === staged) removeNow(directory, name)
      }
    })
  })

/** Makes a directory and those above it. */
export const makeDirectory = (root: string, path: string, owner: Owner): Effect.Effect<void, StateError> =>
  attempt(Path.join(root, path), "write", () => {
    Fs.closeSync(openOrMake(root, checked(path), owner))
  })

/** What is removed at the end of a session is little: a container that makes more is stopped from holding us (entries). */
const removalLimit = 1_000_000

const removeBelow = (root: string, path: string, budget: Budget) =>
  drive(Path.join(root, path), "remove", function*() {
    const { above, last } = splitLast(path)
    const enter: Enter = (parent, name) => unless(missing, () => openAnyhow(at(parent, name), 0o700))
    const directory = openWithin(root, above, enter, 0o700)
    if (directory !== undefined) yield* closingAfter(directory, (open) => removeSteps(open, last, budget))
  }).pipe(Effect.asVoid)

/** Removes a file, a link (not what it points to) or a directory with all that is in it. */
export const remove = (root: string, path: string): Effect.Effect<void, StateError> =>
  removeBelow(root, path, budgetOf(removalLimit))

/** Removes a directory itself, however much is in it. The directory that it is in is the user's own. */
export const removeAll = (directory: string): Effect.Effect<void, StateError> =>
  removeBelow(Path.dirname(directory), Path.basename(directory), budgetOf(Number.POSITIVE_INFINITY))

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

/** Text of a regular file of at most `limit` bytes; `undefined` if there is no such file. */
export const read = (root: string, path: string, limit: number): Effect.Effect<string | undefined> =>
  attempt(Path.join(root, path), "read", () =>
    withFile(root, path, (file, { size }) => {
      if (size > limit) return undefined
      const text = readStart(file, size + 1)
      return Buffer.byteLength(text) > limit ? undefined : text
    })).pipe(Effect.orElseSucceed(() => undefined))

/** The owner of a directory, for what is written in it. Fails if there is no such directory. */
export const ownerOf = (root: string, path: string): Effect.Effect<Owner, StateError> =>
  attempt(Path.join(root, path), "read", () => {
    const owner = within(root, checked(path), enterExisting, (directory): Owner => Fs.fstatSync(directory))
    if (owner === undefined) throw new Error("it is not a directory")
    return { uid: owner.uid, gid: owner.gid }
  })
