import { posix as Path } from "node:path"
import { codeOf, reasonOf } from "../codeOf.ts"

/**
 * What the steps of a copy share: bounds, counts and the report. Paths and names in it are byte strings, a character
 * for each byte: a name that is not UTF-8 is copied as it is.
 */

/** Bounds of a copy. `listed` is how many things left out a report names; the others bound each entry. */
export interface Limits {
  readonly fileBytes: number
  readonly totalBytes: number
  readonly entries: number
  readonly depth: number
  readonly listed: number
}

/** Something that was not copied: its absolute path on the host, not escaped, and a phrase that goes on after "which". */
export interface LeftOut {
  readonly path: string
  readonly why: string
}

/** What a copy goes by, and what it has done up to now. */
export interface CopyJob {
  readonly from: string
  readonly limits: Limits
  /** Whom the copy is given to; `undefined` if it stays with the user who makes it. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined
  copied: number
  bytes: number
  readonly leftOut: Array<LeftOut>
  leftOutCount: number
  /** The file at hand. It grows with the largest one. */
  buffer: Uint8Array
  /** Done since other work of the program had its turn. */
  readonly batch: { steps: number; bytes: number }
}

/** An entry on its way. */
export interface Entry {
  readonly job: CopyJob
  readonly name: string
  /** Where it really is on the host. */
  readonly real: string
  seen: number
  bytes: number
  /** True once a limit is reached: no more of the entry is copied. */
  full: boolean
  /** Links to places in the entry, made when all else is there; both paths are relative to the entry. */
  readonly links: Array<{ readonly path: string; readonly target: string }>
}

/** Where the copy of something is to stand, and what it is called in the report. */
export interface Place {
  readonly directory: number
  readonly name: string
  /** Relative to the directory that all is copied from. */
  readonly path: string
  readonly depth: number
}

const mebibyte = 1024 * 1024

export const bytesOf = (text: string) => Buffer.from(text, "utf8").toString("latin1")
export const textOf = (bytes: string) => Buffer.from(bytes, "latin1").toString("utf8")

export const isMissing = (cause: unknown) => ["ENOENT", "ENOTDIR"].includes(codeOf(cause))

export const sizeText = (bytes: number) =>
  bytes >= mebibyte ? `${Math.floor(bytes / mebibyte)} MiB` : `${bytes} bytes`

const leftOutOf = (job: CopyJob, path: string, why: string): LeftOut => ({
  path: textOf(Path.join(bytesOf(job.from), path)),
  why
})

export const leave = (job: CopyJob, path: string, why: string) => {
  job.leftOutCount += 1
  if (job.leftOut.length < job.limits.listed) job.leftOut.push(leftOutOf(job, path, why))
}

export const leaveUnread = (job: CopyJob, path: string, cause: unknown) =>
  leave(job, path, isMissing(cause) ? "vanished meanwhile" : `cannot be read (${reasonOf(cause)})`)

/** Ends the copy of an entry. That is told before all else. */
export const stop = (entry: Entry, path: string, why: string) => {
  const { job, name } = entry
  entry.full = true
  job.leftOutCount += 1
  job.leftOut.unshift(leftOutOf(job, name, `${why}: what comes from ${textOf(path)} on is missing`))
  job.leftOut.splice(job.limits.listed)
}
