import * as Fs from "node:fs"
import { join, relative } from "node:path"

/** Text of a file, each byte a character; empty where there is none. */
export const textOf = (path: string): string => {
  try {
    return Fs.readFileSync(path, "latin1")
  } catch {
    return ""
  }
}

/** Names in a directory; none where there is none. */
export const namesIn = (path: string): ReadonlyArray<string> => {
  try {
    return Fs.readdirSync(path)
  } catch {
    return []
  }
}

/** Whatever is below a directory that is no directory: its path from there, and its text or where it leads to. */
export const filesBelow = (directory: string): ReadonlyMap<string, string> => {
  const found = new Map<string, string>()
  const walk = (path: string): void => {
    for (const name of namesIn(path)) {
      const at = join(path, name)
      const kind = Fs.lstatSync(at, { throwIfNoEntry: false })
      if (kind?.isDirectory() === true) walk(at)
      else if (kind?.isSymbolicLink() === true) {
        found.set(relative(directory, at), `-> ${Fs.readlinkSync(at)}`)
      } else if (kind !== undefined) {
        found.set(relative(directory, at), kind.isFile() ? textOf(at) : "(no file)")
      }
    }
  }
  walk(directory)
  return found
}
