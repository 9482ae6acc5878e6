import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import * as Path from "node:path"
import {
  attempt,
  checked,
  drive,
  enterExisting,
  give,
  missing,
  type Owner,
  readStart,
  splitLast,
  type StateError,
  withFile,
  within
} from "./access.ts"
import { at, closing, namesIn, openAnyhow, openDirectory, openNew, unless } from "./descriptors.ts"
import { type Budget, budgetOf, remove as removeSteps, removeNow } from "./removal.ts"

/**
 * Files in a directory that a container writes, or has written. What is there is hostile, and may change at any moment:
 * it is reached by descriptors only (see descriptors.ts), links are never followed, and no more is read than asked for.
 * Paths are relative to the directory and lead down; any other is refused.
 */

export { type Owner, StateError } from "./access.ts"
export * from "./trees.ts"

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
