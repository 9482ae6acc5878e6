import * as Fs from "node:fs"
import { codeOf } from "../codeOf.ts"
import { at, closingAfter, missing, type Name, namesIn, openAnyhow, TooMuch, unless } from "./descriptors.ts"

/**
 * Removes trees that a container made, by descriptors (see descriptors.ts). The generators yield now and then, so that
 * the caller can let others run between two steps, or stop.
 */

/** One descriptor is held for each level; what lies deeper is moved up before it is removed. */
const deepest = 64
/** Somebody may be adding to a directory while it is emptied; this often it is tried again. */
const patience = 16
const breath = 256

/** How many entries have been seen, and how many may be. */
export interface Budget {
  seen: number
  readonly most: number
  /** How many directories were moved up. */
  moved: number
}

/** A budget of so many entries. */
export const budgetOf = (most: number): Budget => ({ seen: 0, most, moved: 0 })

/** Counts an entry; true if it is time to take breath. */
const spend = (budget: Budget): boolean => {
  if (++budget.seen > budget.most) throw new TooMuch(`${budget.most} entries`)
  return budget.seen % breath === 0
}

/** Moves what is too deep up, under a name that is free: a container may have taken some. */
const moveUp = (parent: number, name: Name, top: number, budget: Budget) => {
  for (;;) {
    budget.moved += 1
    spend(budget)
    const free = `.clincus-deep-${process.pid}-${budget.moved}`
    const moved = unless(
      ["EEXIST", "ENOTEMPTY", "ENOTDIR", "EISDIR"],
      () => {
        Fs.renameSync(at(parent, name), at(top, free))
        return true
      }
    )
    if (moved === true) return
  }
}

const empty = function*(directory: number, depth: number, top: number, budget: Budget): Generator<void> {
  for (let turn = 0; turn < patience; turn++) {
    let found = false
    for (const name of namesIn(directory)) {
      found = true
      if (spend(budget)) yield
      yield* removeEntry(directory, name, depth, top, budget)
    }
    if (!found) return
  }
}

/** Removes one entry of an open directory: a link and not what it leads to, a directory with all that is in it. */
const removeEntry = function*(
  parent: number,
  name: Name,
  depth: number,
  top: number | undefined,
  budget: Budget
): Generator<void> {
  try {
    return Fs.unlinkSync(at(parent, name))
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return
    // Linux says EISDIR of a directory, and POSIX allows EPERM.
    const isDirectory = codeOf(cause) === "EISDIR"
      || codeOf(cause) === "EPERM" && Fs.lstatSync(at(parent, name)).isDirectory()
    if (!isDirectory) throw cause
  }
  for (let turn = 0; turn < patience; turn++) {
    const opened = unless(["ENOENT"], () => openAnyhow(at(parent, name), 0o700))
    if (opened === undefined) return
    const movedUp = yield* closingAfter(opened, function*(directory) {
      if (depth >= deepest && top !== undefined) {
        moveUp(parent, name, top, budget)
        return true
      }
      yield* empty(directory, depth + 1, top ?? directory, budget)
      return false
    })
    if (movedUp) return
    const gone = unless(["ENOTEMPTY", "EEXIST"], () => {
      unless(["ENOENT"], () => Fs.rmdirSync(at(parent, name)))
      return true
    })
    if (gone === true) return
  }
  throw new TooMuch("it is being filled as fast as it is emptied")
}

/** Removes what stands under a name in an open directory; that there is nothing is not a failure. */
export const remove = (parent: number, name: Name, budget: Budget): Generator<void> =>
  removeEntry(parent, name, 0, undefined, budget)

/** The same at once, for what is known to be little. */
export const removeNow = (parent: number, name: Name): void => {
  const steps = remove(parent, name, budgetOf(10_000))
  while (steps.next().done !== true);
}

/**
 * True if the directory, or something in it, belongs to none of these users. Fails if that cannot be seen, for the want
 * of rights most of all.
 */
export const hasOthers = function*(
  directory: number,
  users: ReadonlyArray<number>,
  budget: Budget,
  depth = 0
): Generator<void, boolean> {
  if (depth === 0 && !users.includes(Fs.fstatSync(directory).uid)) return true
  for (const name of namesIn(directory)) {
    if (spend(budget)) yield
    const info = unless(["ENOENT"], () => Fs.lstatSync(at(directory, name)))
    if (info === undefined) continue
    if (!users.includes(info.uid)) return true
    if (!info.isDirectory() || depth >= deepest) continue
    const opened = unless(missing, () => openAnyhow(at(directory, name), 0o500))
    if (opened === undefined) continue
    if (yield* closingAfter(opened, (inner) => hasOthers(inner, users, budget, depth + 1))) return true
  }
  return false
}

/** Gives the directory and every entry of the tree to the user. */
export const giveEntries = function*(
  directory: number,
  owner: { readonly uid: number; readonly gid: number },
  budget: Budget,
  depth = 0
): Generator<void> {
  if (depth === 0) Fs.fchownSync(directory, owner.uid, owner.gid)
  for (const name of namesIn(directory)) {
    if (spend(budget)) yield
    const place = at(directory, name)
    unless(["ENOENT"], () => Fs.lchownSync(place, owner.uid, owner.gid))
    const opened = depth >= deepest ? undefined : unless(missing, () => openAnyhow(place, 0o500))
    if (opened !== undefined) {
      yield* closingAfter(opened, (inner) => giveEntries(inner, owner, budget, depth + 1))
    }
  }
}
