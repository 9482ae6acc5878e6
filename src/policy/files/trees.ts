import type { Seen } from "../../host/untrusted/standing.ts"
import { ProtectedLink } from "./errors.ts"
import type { Protected } from "./protected.ts"

/** A directory with protected paths in it. */
export interface Tree {
  /** Where it is on the host. */
  readonly root: string
  /** Where it is in the container. */
  readonly inside: string
  /** What the user puts before its paths: nothing for the workspace, `.git/` for a directory of git's. */
  readonly prefix: string
  readonly entries: ReadonlyArray<Protected>
}

/** How a path is mounted on itself: to be read only, or only so that nobody can move it away. */
export type Holding = "read" | "pin"

export interface Hold {
  /** Absolute, in the container. */
  readonly path: string
  readonly how: Holding
}

/**
 * What takes the place of a protected path that is not there while sessions run: an empty directory, or a file.
 *
 * @see History
 */
export interface Stand {
  /** Absolute, on the host: the directory that `path` is below. */
  readonly root: string
  readonly path: string
  readonly text?: string | undefined
}

/** What is to be kept of a tree, and what has to be made for it. */
export interface Kept {
  readonly holds: ReadonlyArray<Hold & { readonly root: string; readonly below: string }>
  readonly stands: ReadonlyArray<Stand>
}

const isWithin = (path: string, above: string) =>
  above === "." || path === above || path.startsWith(`${above}/`)

/** True if the user has opened the path: an entry opens what it names and all below it, `.` the whole workspace. */
export const isOpened = (writable: ReadonlyArray<string>, path: string): boolean =>
  writable.some((opened) => isWithin(path, opened))

/** The directories above a path, the uppermost first. */
const above = (path: string): ReadonlyArray<string> =>
  path.split("/").slice(0, -1).map((_, index, parts) => parts.slice(0, index + 1).join("/"))

/** The entries that are in force, each path once, without those in a directory that is protected as a whole. */
export const inForce = (tree: Tree, writable: ReadonlyArray<string>): ReadonlyArray<Protected> => {
  const open = tree.entries.filter(({ path }) => !isOpened(writable, `${tree.prefix}${path}`))
  return open.filter(({ path }, index) =>
    !open.some((other, at) => other.path === path ? at < index : isWithin(path, other.path))
  )
}

/**
 * What keeps the protected paths of a tree as they are. A path is mounted on itself, read-only, and each directory above it
 * is mounted on itself too: what is mounted cannot be renamed or removed, while a directory that merely holds a mount could
 * be moved away and another one be made in its place. `places` is what stands there now.
 */
export const keptOf = (
  tree: Tree,
  writable: ReadonlyArray<string>,
  places: ReadonlyArray<Seen>,
  workspace: string
): Kept | ProtectedLink => {
  const found = new Map(places.map((place) => [place.path, place]))
  const read = new Set<string>()
  const stands: Array<Stand> = []
  for (const { absent, path, why } of inForce(tree, writable)) {
    const place = found.get(path)
    if (place?.link !== undefined) {
      return new ProtectedLink({
        workspace,
        path: `${tree.prefix}${path}`,
        link: `${tree.prefix}${place.link}`,
        why
      })
    }
    if (place === undefined || place.is === "absent") {
      const way = above(path)
      const isReachable = way.every((one) =>
        found.get(one)?.is === "directory" || stands.some((stand) => stand.path === one)
      )
      if (absent === "leave" || !isReachable) continue
      stands.push({ root: tree.root, path, text: absent === "directory" ? undefined : absent.text })
    }
    read.add(path)
  }
  const pins = new Set([...read].flatMap(above))
  const hold = (how: Holding) => (path: string) => ({
    path: `${tree.inside}/${path}`,
    how,
    root: tree.root,
    below: path
  })
  return {
    holds: [...[...pins].map(hold("pin")), ...[...read].map(hold("read"))].toSorted((a, b) =>
      a.path < b.path ? -1 : 1
    ),
    stands
  }
}

/** The paths of a tree that have to be looked at: the protected ones and the directories above them. */
export const lookedAt = (tree: Tree, writable: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...new Set(inForce(tree, writable).flatMap(({ path }) => [...above(path), path]))
]
