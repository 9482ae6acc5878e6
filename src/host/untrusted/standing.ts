import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import { attempt, type Owner, readStart, splitLast, type StateError } from "./access.ts"
import { at, closing, missing, openDirectory, openForReading, openNew, unless } from "./descriptors.ts"

/**
 * Places in a directory of the user's that a session works on: what stands there is looked at, made and removed without
 * following a link, and nothing on the way is changed. See StateDirectory.ts for directories that are clincus's own.
 */

/** What stands at a path. `link`: a symbolic link, there or on the way to it. */
export type Standing = "absent" | "file" | "directory" | "link" | "other"

export interface Seen {
  readonly path: string
  readonly is: Standing
  /** The path of the link if there is one, below the same directory. */
  readonly link: string | undefined
}

/** What an entry of a directory is. */
export const kindOf = (
  info: {
    readonly isSymbolicLink: () => boolean
    readonly isDirectory: () => boolean
    readonly isFile: () => boolean
  }
): Exclude<Standing, "absent"> =>
  info.isSymbolicLink() ? "link" : info.isDirectory() ? "directory" : info.isFile() ? "file" : "other"

/** Uses the directory that a path is in, if the way there leads through real directories. */
const inAbove = <A>(
  root: string,
  path: string,
  use: (directory: number, last: string) => A
): A | undefined => {
  const { above, last } = splitLast(path)
  let here = unless(missing, () => openDirectory(root))
  for (const part of above) {
    if (here === undefined) return undefined
    const next: number | undefined = closing(
      here,
      (parent) => unless(missing, () => openDirectory(at(parent, part)))
    )
    here = next
  }
  return here === undefined ? undefined : closing(here, (directory) => use(directory, last))
}

const standing = (root: string, path: string): Standing =>
  inAbove(
    root,
    path,
    (directory, last) => unless(missing, () => kindOf(Fs.lstatSync(at(directory, last))))
  ) ?? "absent"

/** The first link on the way to a path, that at its end included. */
const linkOn = (root: string, path: string): string | undefined => {
  const parts = path.split("/")
  return parts.map((_, index) => parts.slice(0, index + 1).join("/")).find((one) =>
    standing(root, one) === "link"
  )
}

/** What stands at each of the paths below a directory. */
export const standingAt = (
  root: string,
  paths: ReadonlyArray<string>
): Effect.Effect<ReadonlyArray<Seen>, StateError> =>
  attempt(root, "read", () =>
    paths.map((path) => {
      const is = standing(root, path)
      const link = is === "link" || (is === "absent" && path.includes("/")) ? linkOn(root, path) : undefined
      return { path, is: link === undefined ? is : "link", link }
    }))

/** Names in a directory, without those that are no UTF-8; none if there is no such directory, or it may not be read. */
export const namesAt = (root: string, path: string): Effect.Effect<ReadonlyArray<string>, StateError> =>
  attempt(
    root,
    "read",
    () =>
      inAbove(
        root,
        path,
        (above, last) =>
          unless([...missing, "EACCES"], () =>
            closing(openDirectory(at(above, last)), (directory) =>
              Fs.readdirSync(`/proc/self/fd/${directory}`).filter((name) =>
                !name.includes("\ufffd")
              )))
      ) ?? []
  )

/** Nobody can make something there: neither this user nor a tool with the rights of this user. */
const refused = ["EACCES", "EPERM", "EROFS"]

/**
 * Makes an empty directory, or a file with a text, where nothing stands; true if something stands there then. The
 * directory that it is in has to be there. False if the system lets nobody make it.
 */
export const makeStand = (
  root: string,
  path: string,
  text: string | undefined,
  owner: Owner
): Effect.Effect<boolean, StateError> =>
  attempt(`${root}/${path}`, "write", () =>
    inAbove(root, path, (directory, last) => {
      const made = unless([...refused, "EEXIST"], () => {
        if (text === undefined) {
          Fs.mkdirSync(at(directory, last), 0o755)
          return closing(openDirectory(at(directory, last)), give(owner))
        }
        return closing(openNew(at(directory, last), 0o644), (file) => {
          Fs.writeSync(file, text)
          return give(owner)(file)
        })
      })
      return made ?? unless(missing, () => Fs.lstatSync(at(directory, last))) !== undefined
    }) ?? false)

const give = (owner: Owner) => (descriptor: number): true => {
  if (process.getuid?.() === 0) Fs.fchownSync(descriptor, owner.uid, owner.gid)
  return true
}

/** Removes what `makeStand` has made, if it is as it was made: the directory is empty, the file has the text. */
export const removeStand = (
  root: string,
  path: string,
  text: string | undefined
): Effect.Effect<void, StateError> =>
  attempt(`${root}/${path}`, "remove", () => {
    inAbove(root, path, (directory, last) =>
      unless([...missing, ...refused, "ENOTEMPTY", "EEXIST", "EBUSY", "ENXIO"], () => {
        if (text === undefined) {
          return Fs.rmdirSync(at(directory, last))
        }
        const same = closing(
          openForReading(at(directory, last)),
          (file) =>
            Fs.fstatSync(file).isFile() && readStart(file, Buffer.byteLength(text) + 1) === text
        )
        if (same) {
          Fs.unlinkSync(at(directory, last))
        }
      }))
  })

/** Writes a file anew, in its place, if it is one; makes it where nothing stands. A link is left alone. */
export const rewriteAt = (
  root: string,
  path: string,
  text: string,
  owner: Owner
): Effect.Effect<void, StateError> =>
  attempt(`${root}/${path}`, "write", () => {
    inAbove(root, path, (directory, last) => {
      const name = at(directory, last)
      const made = unless(["EEXIST", ...refused], () =>
        closing(openNew(name, 0o644), (file) => {
          Fs.writeSync(file, text)
          return give(owner)(file)
        }))
      if (made === true) return
      unless([...missing, ...refused, "ENXIO"], () =>
        closing(
          Fs.openSync(name, Fs.constants.O_WRONLY | Fs.constants.O_NOFOLLOW | Fs.constants.O_NONBLOCK),
          (file) => {
            if (!Fs.fstatSync(file).isFile()) return
            Fs.writeSync(file, text, 0)
            Fs.ftruncateSync(file, Buffer.byteLength(text))
          }
        ))
    })
  })
