import type * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import { drive, type StateError } from "./access.ts"
import { at, closingAfter, missing, namesIn, openDirectory, unless } from "./descriptors.ts"
import { kindOf, type Standing } from "./standing.ts"

/** Something below a directory. */
export interface Walked {
  /** Below the directory. What is no UTF-8 in it is U+FFFD. */
  readonly path: string
  readonly is: Exclude<Standing, "absent">
  /** Permissions, set-uid and set-gid included. */
  readonly mode: number
  /** When it was last changed in any way, ms since the epoch: nobody but root can set this back. See inode(7). */
  readonly changed: number
  /** What a link leads to. */
  readonly target?: string | undefined
}

/** What a walk is to look at. */
export interface WalkOptions {
  /** Entries that are looked at before it is given up. */
  readonly most: number
  /** Whether a directory is entered. */
  readonly enter: (path: string) => boolean
  /** Whether an entry is wanted. */
  readonly pick: (entry: Walked) => boolean
}

/** What a walk has found; `complete` is false if there is more than it has looked at. */
export interface WalkResult {
  readonly entries: ReadonlyArray<Walked>
  readonly complete: boolean
}

/** Directories in each other that are entered. */
const deepest = 64
/** Entries between two moments in which others get their turn. */
const stride = 400

/** Walks through a directory of the user's. No link is followed, and nothing is changed. */
export const walk = (
  root: string,
  { enter, most, pick }: WalkOptions
): Effect.Effect<WalkResult, StateError> =>
  drive(root, "read", function*() {
    const entries: Array<Walked> = []
    let seen = 0
    let complete = true
    const look = function*(directory: number, prefix: string, depth: number): Generator<void, void> {
      for (const bytes of namesIn(directory)) {
        if (++seen > most) {
          complete = false
          return
        }
        if (seen % stride === 0) yield
        const info = unless(missing, () => Fs.lstatSync(at(directory, bytes)))
        if (info === undefined) continue
        const path = `${prefix}${bytes.toString("utf8")}`
        const is = kindOf(info)
        const entry: Walked = {
          path,
          is,
          mode: info.mode & 0o7777,
          changed: info.ctimeMs,
          ...(is === "link" ? { target: unless(missing, () => Fs.readlinkSync(at(directory, bytes))) } : {})
        }
        if (pick(entry)) entries.push(entry)
        if (is !== "directory" || !enter(path)) continue
        const entered = depth < deepest
          ? unless([...missing, "EACCES", "EPERM"], () => openDirectory(at(directory, bytes)))
          : undefined
        if (entered === undefined) complete = false
        else yield* closingAfter(entered, (below) => look(below, `${path}/`, depth + 1))
      }
    }
    const opened = unless(missing, () => openDirectory(root))
    if (opened !== undefined) yield* closingAfter(opened, (directory) => look(directory, "", 0))
    return { entries, complete }
  })
