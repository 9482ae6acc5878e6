import * as Effect from "effect/Effect"
import { reasonOf } from "../codeOf.ts"
import { drive, type Owner, StateError } from "../untrusted/access.ts"
import { type CopyJob, type LeftOut, type Limits } from "./copyJob.ts"
import { copyEntries } from "./copyTree.ts"

const mebibyte = 1024 * 1024

const defaultLimits: Limits = {
  fileBytes: 16 * mebibyte,
  totalBytes: 512 * mebibyte,
  entries: 50_000,
  depth: 32,
  listed: 1000
}

export interface CopyOptions {
  /** Absolute path of the user's directory on the host. */
  readonly from: string
  /** What is copied of it; an entry that is not there is passed over. An entry itself may be a link to anywhere. */
  readonly entries: ReadonlyArray<string>
  /** The saved session's directory, which no container uses yet. */
  readonly root: string
  /** The place of the entries below `root`. */
  readonly to: string
  /** Who owns the copy; only root can give it away. */
  readonly owner: Owner
  readonly limits?: Partial<Limits>
}

export interface CopyReport {
  /** Files and links in the copy. */
  readonly copied: number
  readonly bytes: number
  /** What was left out, `Limits.listed` of it at most. */
  readonly leftOut: ReadonlyArray<LeftOut>
  /** How much was left out in all. */
  readonly leftOutCount: number
}

/**
 * Copies entries of the user's configuration into a new saved session. What is not copied is reported, and the rest
 * goes on: a session without one setting is better than none. Fails if the copy cannot be written. After an
 * interrupt nothing is written any more, and what has been copied so far is left to the caller to remove.
 */
export const copyConfiguration = (options: CopyOptions): Effect.Effect<CopyReport, StateError> =>
  Effect.suspend(() => {
    const { entries, from, limits, owner, root, to } = options
    const job: CopyJob = {
      from,
      limits: { ...defaultLimits, ...limits },
      owner: process.getuid?.() === 0 && (owner.uid !== 0 || owner.gid !== 0) ? owner : undefined,
      copied: 0,
      bytes: 0,
      leftOut: [],
      leftOutCount: 0,
      buffer: new Uint8Array(),
      batch: { steps: 0, bytes: 0 }
    }
    return drive(`${root}/${to}`, "write", () => copyEntries(job, entries, root, to)).pipe(
      Effect.mapError(({ action, cause, path }) => new StateError({ path, action, cause: reasonOf(cause) })),
      Effect.map(() => {
        const { bytes, copied, leftOut, leftOutCount } = job
        return { copied, bytes, leftOut, leftOutCount }
      })
    )
  })

/** One line for the user, or `undefined` if nothing was left out. It holds names from the disk: escape it. */
export const leftOutLine = (
  { leftOut: [first], leftOutCount }: Pick<CopyReport, "leftOut" | "leftOutCount">
): string | undefined => {
  if (first === undefined) return undefined
  const more = leftOutCount > 1 ? `, and ${leftOutCount - 1} more` : ""
  return `Left out of the copied configuration: ${first.path}, which ${first.why}${more}.`
}
