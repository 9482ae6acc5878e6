import * as Fs from "node:fs"
import { posix as Path } from "node:path"
import { isRelativePath, plainPath } from "../../domain/RelativePath.ts"
import { reasonOf } from "../codeOf.ts"
import {
  at as atName,
  closingAfter,
  namesIn,
  openDirectory,
  openForReading,
  openNew,
  unless
} from "../untrusted/descriptors.ts"
import {
  bytesOf,
  type CopyJob,
  type Entry,
  isMissing,
  leave,
  leaveUnread,
  type Place,
  sizeText,
  stop,
  textOf
} from "./copyJob.ts"

/**
 * The steps of copying directories that came from many hands (plugins most of all) to where a container reads them:
 * only what really stands in an entry is copied, and no link in it is walked through.
 *
 * `node:fs` rather than the FileSystem service, because the service follows links and cannot go on from an open
 * directory; its synchronous calls, because many small files take a fraction of the time, and because nothing is under
 * way between two of them when an interrupt comes.
 */

const batchLimit = { steps: 200, bytes: 8 * 1024 * 1024 }

/** `name`, a byte string, in a directory that is open, wherever the directory has been moved to. */
const at = (directory: number, name: string) => atName(directory, Buffer.from(name, "latin1"))

/** The parts, as byte strings, of a path that stays below where it starts; `undefined` for another. */
const partsOf = (path: string): ReadonlyArray<string> | undefined => {
  const plain = plainPath(path)
  if (plain === "") return []
  return isRelativePath(plain) ? bytesOf(plain).split("/") : undefined
}

/** Counts a step. True when other work of the program is to have its turn. */
const isTurnOver = ({ batch }: CopyJob) => {
  batch.steps += 1
  if (batch.steps < batchLimit.steps && batch.bytes < batchLimit.bytes) return false
  batch.steps = 0
  batch.bytes = 0
  return true
}

/** Makes something in the copy and replaces what an overlapping entry left there; `undefined` if that is a directory. */
const make = <A>(place: string | Buffer, create: () => A): A | undefined => {
  const made = unless(["EEXIST"], create)
  if (made !== undefined) return made
  if (Fs.lstatSync(place).isDirectory()) return undefined
  Fs.unlinkSync(place)
  return create()
}

/** Opens a directory of the copy, a new one if there is none. */
const enterCopy = ({ owner }: CopyJob, parent: number, name: string) => {
  const place = at(parent, name)
  const isNew = make(place, () => {
    Fs.mkdirSync(place, { mode: 0o700 })
    return true
  })
  const directory = openDirectory(place)
  if (isNew === true && owner !== undefined) Fs.fchownSync(directory, owner.uid, owner.gid)
  return directory
}

/** All of a file, valid until the next call; `undefined` if it is too large, whatever its size was said to be. */
const read = (job: CopyJob, file: number, size: number) => {
  const limit = job.limits.fileBytes
  if (size > limit) return undefined
  for (let length = 0; length <= limit;) {
    // A byte more than the size, so that the end is seen.
    const wanted = Math.max(64 * 1024, length + 1, size + 1)
    if (job.buffer.length < wanted) {
      job.buffer = Buffer.concat([job.buffer.subarray(0, length)], Math.min(limit + 1, wanted * 2))
    }
    const count = Fs.readSync(file, job.buffer, length, job.buffer.length - length, null)
    length += count
    if (count === 0 || length === size) return job.buffer.subarray(0, length)
  }
  return undefined
}

/** The whole file is read before the copy is made: a file that cannot be read leaves no half. */
const copyFile = (entry: Entry, file: number, info: Fs.Stats, place: Place) => {
  const { job } = entry
  const { fileBytes, totalBytes } = job.limits
  let content: Uint8Array | undefined
  try {
    content = read(job, file, info.size)
  } catch (cause) {
    return leaveUnread(job, place.path, cause)
  }
  if (content === undefined) return leave(job, place.path, `is larger than ${sizeText(fileBytes)}`)
  if (entry.bytes + content.length > totalBytes) {
    return stop(entry, place.path, `is larger than ${sizeText(totalBytes)}`)
  }
  const target = at(place.directory, place.name)
  const mode = (info.mode & 0o100) === 0 ? 0o600 : 0o700
  const copy = make(target, () => openNew(target, mode))
  if (copy === undefined) return leave(job, place.path, "is a file where the session has a directory")
  try {
    for (let done = 0; done < content.length;) done += Fs.writeSync(copy, content, done)
    if (job.owner !== undefined) Fs.fchownSync(copy, job.owner.uid, job.owner.gid)
  } finally {
    Fs.closeSync(copy)
  }
  job.copied += 1
  job.bytes += content.length
  entry.bytes += content.length
  job.batch.bytes += content.length
}

/** A link that stays in the entry is made anew in the copy, later and relative; another is left out. */
const noteLink = (entry: Entry, source: number, { name, path }: Place) => {
  let real: string
  try {
    real = Fs.realpathSync.native(at(source, name), "latin1")
  } catch (cause) {
    return leave(
      entry.job,
      path,
      isMissing(cause) ? "is a link to nothing" : `is a link that cannot be followed (${reasonOf(cause)})`
    )
  }
  if (real !== entry.real && !real.startsWith(`${entry.real}/`)) {
    return leave(entry.job, path, `is a link that leads out of ${textOf(entry.name)}, to ${textOf(real)}`)
  }
  entry.links.push({ path: path.slice(entry.name.length + 1), target: real.slice(entry.real.length + 1) })
}

/** Makes the links of an entry whose copy is open as `top`. */
function* makeLinks({ job, links, name }: Entry, top: number): Generator<void> {
  for (const { path, target } of links) {
    if (isTurnOver(job)) yield
    if (Fs.lstatSync(at(top, target), { throwIfNoEntry: false }) === undefined) {
      leave(job, `${name}/${path}`, `is a link to ${textOf(Path.join(name, target))}, which is not copied`)
      continue
    }
    const place = at(top, path)
    const text = Path.relative(Path.dirname(`/${path}`), `/${target}`)
    const made = make(place, () => {
      Fs.symlinkSync(Buffer.from(text === "" ? "." : text, "latin1"), place)
      return true
    })
    if (made === undefined) {
      leave(job, `${name}/${path}`, "is a link where the session has a directory")
      continue
    }
    if (job.owner !== undefined) Fs.lchownSync(place, job.owner.uid, job.owner.gid)
    job.copied += 1
  }
}

const isOther = (info: Fs.Stats) => !info.isFile() && !info.isDirectory()
const otherText = "is a socket, a pipe or a device"

/** Copies what has been opened, which need not be what was seen before. */
function* copyOpen(entry: Entry, source: number, place: Place): Generator<void> {
  const info = Fs.fstatSync(source)
  if (info.isFile()) return copyFile(entry, source, info, place)
  if (isOther(info)) return leave(entry.job, place.path, otherText)
  yield* closingAfter(enterCopy(entry.job, place.directory, place.name), function*(directory) {
    yield* copyDirectory(entry, source, directory, place)
    if (place.depth === 0) yield* makeLinks(entry, directory)
  })
}

/** Opens what stands in a directory. It looks first, as opening a device can do something. */
const openSource = (entry: Entry, source: number, place: Place): number | undefined => {
  const { limits } = entry.job
  const { depth, name, path } = place
  try {
    const info = Fs.lstatSync(at(source, name))
    if (info.isSymbolicLink()) noteLink(entry, source, place)
    else if (isOther(info)) leave(entry.job, path, otherText)
    else if (info.isDirectory() && depth > limits.depth) {
      leave(entry.job, path, `is more than ${limits.depth} directories deep`)
    } else return openForReading(at(source, name))
  } catch (cause) {
    leaveUnread(entry.job, path, cause)
  }
  return undefined
}

function* copyDirectory(
  entry: Entry,
  source: number,
  directory: number,
  { depth, path }: Place
): Generator<void> {
  const { limits } = entry.job
  let names: ReadonlyArray<string>
  try {
    names = Array.from(namesIn(source), (name) => name.toString("latin1")).toSorted()
  } catch (cause) {
    return leaveUnread(entry.job, path, cause)
  }
  for (const name of names) {
    if (entry.full) return
    if (name === ".git") continue
    const place = { directory, name, path: `${path}/${name}`, depth: depth + 1 }
    entry.seen += 1
    if (entry.seen > limits.entries) {
      return stop(entry, place.path, `has more than ${limits.entries} files and directories`)
    }
    if (isTurnOver(entry.job)) yield
    const file = openSource(entry, source, place)
    if (file !== undefined) yield* closingAfter(file, () => copyOpen(entry, file, place))
  }
}

const isLink = (path: Buffer) => {
  try {
    return Fs.lstatSync(path).isSymbolicLink()
  } catch {
    return false
  }
}

/** Opens an entry, here only through links: the user's own, to where the settings are kept. */
const openEntry = (job: CopyJob, name: string): number | undefined => {
  const path = Buffer.from(Path.join(bytesOf(job.from), name), "latin1")
  try {
    if (!isOther(Fs.statSync(path))) return Fs.openSync(path, Fs.constants.O_RDONLY | Fs.constants.O_NONBLOCK)
    leave(job, name, otherText)
  } catch (cause) {
    if (!isMissing(cause)) leaveUnread(job, name, cause)
    else if (isLink(path)) leave(job, name, "is a link to nothing")
  }
  return undefined
}

/** Walks down to the place of an entry, through directories of the copy that are made as needed. */
function* copyTo(
  entry: Entry,
  source: number,
  directory: number,
  [name, ...rest]: ReadonlyArray<string>
): Generator<void> {
  if (name === undefined) return
  if (rest.length === 0) {
    return yield* copyOpen(entry, source, { directory, name, path: entry.name, depth: 0 })
  }
  yield* closingAfter(enterCopy(entry.job, directory, name), (inner) => copyTo(entry, source, inner, rest))
}

/** Copies entries of `job.from` to `root`/`to`. It stops at each `yield`, and may be ended there. */
export function* copyEntries(
  job: CopyJob,
  entries: ReadonlyArray<string>,
  root: string,
  to: string
): Generator<void> {
  const above = partsOf(to)
  if (above === undefined) throw new Error("this path leads out of the session")
  yield* closingAfter(openDirectory(root), function*(directory) {
    for (const given of entries) {
      const parts = partsOf(given)
      if (parts === undefined || parts.length === 0) {
        leave(job, bytesOf(given), "is no path in this directory")
        continue
      }
      const name = parts.join("/")
      const file = openEntry(job, name)
      if (file === undefined) continue
      yield* closingAfter(file, (source) => {
        const real = Fs.readlinkSync(`/proc/self/fd/${source}`, "latin1")
        const entry = { job, name, real, seen: 0, bytes: 0, full: false, links: [] }
        return copyTo(entry, source, directory, [...above, ...parts])
      })
    }
  })
}
