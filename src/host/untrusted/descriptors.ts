import * as Fs from "node:fs"
import { codeOf } from "../codeOf.ts"

/**
 * Steps through directories that a container writes, by descriptors: every directory is opened without following links,
 * and what is in it is reached through `/proc/self/fd/N/name`, so that nothing that is swapped meanwhile leads elsewhere.
 * See openat(2) and proc_pid_fd(5). `node:fs` rather than the FileSystem service, because the service knows neither
 * O_NOFOLLOW nor names that are not UTF-8; synchronous, because a step takes microseconds and a promise costs more.
 */

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = Fs.constants
/** Opens nothing but the place: works on a directory that may not be read. Node has no name for it; see open(2). */
const O_PATH = 0o10000000

export type Name = string | Buffer

/** Where something in an open directory is. */
export const at = (directory: number, name: Name): string | Buffer =>
  typeof name === "string"
    ? `/proc/self/fd/${directory}/${name}`
    : Buffer.concat([Buffer.from(`/proc/self/fd/${directory}/`), name])

/** The codes by which the system says that there is no such file or directory, or that a link stands in its place. */
export const missing = ["ENOENT", "ENOTDIR", "ELOOP"]

/** What an operation gives, or `undefined` if it fails with one of the codes. */
export const unless = <A>(codes: ReadonlyArray<string>, run: () => A): A | undefined => {
  try {
    return run()
  } catch (cause) {
    if (codes.includes(codeOf(cause))) return undefined
    throw cause
  }
}

export const closing = <A>(descriptor: number, use: (descriptor: number) => A): A => {
  try {
    return use(descriptor)
  } finally {
    Fs.closeSync(descriptor)
  }
}

/** The same for steps that may be many: closes the descriptor when they are done, and when they are broken off. */
export const closingAfter = function*<A>(
  descriptor: number,
  steps: (descriptor: number) => Generator<void, A>
): Generator<void, A> {
  try {
    return yield* steps(descriptor)
  } finally {
    Fs.closeSync(descriptor)
  }
}

/** Opens a directory, a real one. Fails with ENOTDIR or ELOOP if a link stands in its place. */
export const openDirectory = (path: string | Buffer): number =>
  Fs.openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)

/**
 * The same, and takes the right to read (0o500) or to change (0o700) a directory of one's own whose mode denies it. Another
 * user's is opened if it can be read.
 */
export const openAnyhow = (path: string | Buffer, needed: 0o500 | 0o700): number => {
  const opened = unless(["EACCES"], () => openDirectory(path))
  if (opened === undefined) {
    return closing(Fs.openSync(path, O_PATH | O_DIRECTORY | O_NOFOLLOW), (place) => {
      Fs.chmodSync(`/proc/self/fd/${place}`, 0o700)
      return Fs.openSync(`/proc/self/fd/${place}`, O_RDONLY | O_DIRECTORY)
    })
  }
  const { mode, uid } = Fs.fstatSync(opened)
  if ((mode & needed) !== needed && uid === process.getuid?.()) Fs.fchmodSync(opened, 0o700)
  return opened
}

/** Opens a file for reading; a link fails with ELOOP, a pipe without a writer does not hold us. */
export const openForReading = (path: string | Buffer): number =>
  Fs.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)

/** Makes a file that was not there. */
export const openNew = (path: string | Buffer, mode: number): number =>
  Fs.openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode)

/** The names in an open directory, as bytes: they need not be UTF-8. A few at a time, be there millions. */
export const namesIn = function*(directory: number): Generator<Buffer> {
  // Latin-1 has a character for every byte, so nothing is lost on the way.
  const stream = Fs.opendirSync(`/proc/self/fd/${directory}`, { encoding: "latin1", bufferSize: 256 })
  try {
    for (let entry = stream.readSync(); entry !== null; entry = stream.readSync()) {
      yield Buffer.from(entry.name, "latin1")
    }
  } finally {
    stream.closeSync()
  }
}

/** More was found than is looked at. */
export class TooMuch extends Error {
  constructor(bound: string) {
    super(`there is more than is dealt with at once (${bound})`)
  }
}
