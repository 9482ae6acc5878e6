import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import * as Path from "node:path"
import {
  attempt,
  checked,
  drive,
  enterExisting,
  openWithin,
  type Owner,
  readStart,
  splitLast,
  type StateError,
  withFile,
  within
} from "./access.ts"
import { at, closing, closingAfter, missing, namesIn, openAnyhow, unless } from "./descriptors.ts"
import { budgetOf, giveEntries, hasOthers } from "./removal.ts"

/** Looks at what is in a directory that a container writes, bounded in number and depth: see StateDirectory.ts. */

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
 * are not UTF-8 are passed over. `complete` is false if there may be more of them, `deeper` true if there
 * are directories further down. Nothing if there is no such directory.
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

/** The beginning of a regular file, at most `most` bytes; `undefined` if there is no such file that can be read. */
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

/** When a regular file was last written (ms since the epoch); `undefined` if there is no such file. */
export const writtenAt = (root: string, path: string): Effect.Effect<number | undefined> =>
  attempt(Path.join(root, path), "read", () => {
    const { above, last } = splitLast(path)
    return within(root, above, enterExisting, (directory) => {
      const info = unless(missing, () => Fs.lstatSync(at(directory, last)))
      return info?.isFile() === true ? info.mtimeMs : undefined
    })
  }).pipe(Effect.orElseSucceed(() => undefined))

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

/**
 * True if a directory below `root`, or something in it, belongs to none of these users but to one of a container's, as far
 * as can be told: if this user may not look, somebody else has put something.
 */
export const hasFilesOfOthers = (
  root: string,
  path: string,
  users: ReadonlyArray<number>
): Effect.Effect<boolean> =>
  drive(Path.join(root, path), "read", function*() {
    const opened = openWithin(root, checked(path), enterExisting)
    if (opened === undefined) return false
    return yield* closingAfter(opened, (directory) => hasOthers(directory, users, budgetOf(ownersLimit)))
  }).pipe(Effect.catchAll(({ denied }) => Effect.succeed(denied)))

/** Gives a directory and all that is in it to the owner, links themselves and not what they lead to. Only root can. */
export const giveAll = (root: string, path: string, owner: Owner): Effect.Effect<void, StateError> =>
  drive(Path.join(root, path), "write", function*() {
    const opened = openWithin(root, checked(path), enterExisting)
    if (opened === undefined) return
    yield* closingAfter(opened, (directory) => giveEntries(directory, owner, budgetOf(ownersLimit)))
  }).pipe(Effect.asVoid)
