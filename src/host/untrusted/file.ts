import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { constants, type Stats } from "node:fs"
// The FileSystem service can open a file neither without following links nor without waiting for a pipe's other end.
import * as Fs from "node:fs/promises"
import { codeOf } from "../codeOf.ts"

/**
 * What stands in the place of a file cannot be read as a file. `reason` says what it is, or why. `kind`: `other` is not a file,
 * `content` a file that is too large or is not text, `unreadable` a file that cannot be opened or read.
 */
export class FileRefused extends Data.TaggedError("FileRefused")<{
  readonly path: string
  readonly kind: "other" | "content" | "unreadable"
  readonly reason: string
}> {
  override get message(): string {
    return `${this.path}: ${this.reason}`
  }
}

interface Reading {
  /** Whether a link in the place of the file may lead to another one; links of directories on the way are followed. */
  readonly links: "refuse" | "follow"
}

const kindOf = (info: Stats): string => {
  if (info.isDirectory()) return "a directory, not a file"
  if (info.isFIFO()) return "a named pipe, not a file"
  return info.isSocket() ? "a socket, not a file" : "a device, not a file"
}

const failed = (path: string, cause: unknown, { links }: Reading): FileRefused => {
  switch (codeOf(cause)) {
    case "ELOOP":
      return new FileRefused({
        path,
        kind: "other",
        reason: links === "refuse"
          ? "a symbolic link, which is not followed here"
          : "a link that leads to itself"
      })
    case "ENXIO":
      return new FileRefused({ path, kind: "other", reason: "a socket or a device, not a file" })
    case "EACCES":
    case "EPERM":
      return new FileRefused({ path, kind: "unreadable", reason: "this user may not read it" })
    default: {
      const why = cause instanceof Error ? cause.message : String(cause)
      return new FileRefused({ path, kind: "unreadable", reason: `cannot be read (${why})` })
    }
  }
}

const sizeOf = (bytes: number): string => bytes % 1048576 === 0 ? `${bytes / 1048576} MiB` : `${bytes} bytes`

const open = async (path: string, { links }: Reading): Promise<Fs.FileHandle | undefined> => {
  const follow = links === "follow" ? 0 : constants.O_NOFOLLOW
  try {
    return await Fs.open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY | follow)
  } catch (cause) {
    if (codeOf(cause) === "ENOENT" || codeOf(cause) === "ENOTDIR") return undefined
    throw cause
  }
}

/** At most `limit` bytes and one more, by which a file that grows meanwhile is known. */
const readAtMost = async (file: Fs.FileHandle, limit: number): Promise<Uint8Array> => {
  const buffer = Buffer.allocUnsafe(limit + 1)
  let length = 0
  while (length <= limit) {
    const { bytesRead } = await file.read(buffer, length, limit + 1 - length, length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  return buffer.subarray(0, length)
}

/** A byte order mark stays, so that the text stands for exactly these bytes. */
const decode = (path: string, bytes: Uint8Array): Effect.Effect<string, FileRefused> =>
  Effect.try({
    try: () => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes),
    catch: () => new FileRefused({ path, kind: "content", reason: "not text in UTF-8" })
  })

/**
 * The bytes of a regular file of at most `limit` bytes that somebody else may have made and may be changing now;
 * `undefined` if there is no such file. It is opened once and looked at only then: nothing can take its place between the
 * look and the reading, and nothing makes us wait. Fails with `FileRefused` for a link, unless they are followed, and
 * for all that is not such a file.
 */
export const readUntrustedBytes = (
  path: string,
  limit: number,
  reading: Reading = { links: "refuse" }
): Effect.Effect<Uint8Array | undefined, FileRefused> =>
  Effect.tryPromise({
    try: async () => {
      const file = await open(path, reading)
      if (file === undefined) return undefined
      try {
        const info = await file.stat()
        if (!info.isFile()) throw new FileRefused({ path, kind: "other", reason: kindOf(info) })
        const bytes = info.size > limit ? undefined : await readAtMost(file, limit)
        if (bytes === undefined || bytes.length > limit) {
          throw new FileRefused({ path, kind: "content", reason: `larger than ${sizeOf(limit)}` })
        }
        return bytes
      } finally {
        await file.close()
      }
    },
    catch: (cause) => cause instanceof FileRefused ? cause : failed(path, cause, reading)
  })

/** The same, as text (UTF-8). Fails with `FileRefused` for what is not text, too. */
export const readUntrusted = (
  path: string,
  limit: number,
  reading: Reading = { links: "refuse" }
): Effect.Effect<string | undefined, FileRefused> =>
  Effect.flatMap(
    readUntrustedBytes(path, limit, reading),
    (bytes) => bytes === undefined ? Effect.succeed(undefined) : decode(path, bytes)
  )
