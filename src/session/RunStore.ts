import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { createHash } from "node:crypto"
import { parseRun, printRun, type RunRecord } from "../domain/Run.ts"
import type { SessionRef } from "../domain/SessionRef.ts"
import type { DurableFiles, FileFailed } from "../host/durableFiles.ts"
import * as State from "../host/stateFiles.ts"
import { HistoryError } from "./errors.ts"

/**
 * Runs that have begun and are not undone yet, live or left by a crash: one small directory, `<root>/open`.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Effect from "effect/Effect"
 *
 * export const underWay = Effect.gen(function*() {
 *   const { runs } = yield* Clincus.HistoryStore
 *   const store: Clincus.RunStore = runs
 *   return (yield* store.list).runs.map(({ container, phase, tool }) => `${tool}: ${phase} in ${container ?? "no container"}`)
 * })
 */
export interface RunStore {
  /** Where the record of a session is, or would be. */
  readonly file: (session: SessionRef) => string
  /**
   * Writes the record if there is none of this session; false if there is one: another run has the session. Before
   * anything is made that the record promises to remove, it has to be kept.
   */
  readonly claim: (record: RunRecord) => Effect.Effect<boolean, HistoryError>
  /** Returns when no power cut can take away again the records that have been claimed. */
  readonly keep: Effect.Effect<void, HistoryError>
  /** Replaces the record while it is this run's. */
  readonly note: (record: RunRecord) => Effect.Effect<void, HistoryError>
  /** The record of a session; none if there is none, or it cannot be read. */
  readonly get: (session: SessionRef) => Effect.Effect<Option.Option<RunRecord>>
  /** True while the session's record is that of this run. */
  readonly isOurs: (record: RunRecord) => Effect.Effect<boolean>
  /** True unless there is certainly no record of the session. */
  readonly has: (session: SessionRef) => Effect.Effect<boolean>
  /** All records of all sessions. */
  readonly list: Effect.Effect<
    {
      readonly runs: ReadonlyArray<RunRecord>
      /** Paths of records that cannot be read. */
      readonly damaged: ReadonlyArray<string>
    },
    HistoryError
  >
  /** Directories of other stores in which runs may be open: one small file each, in `<root>/elsewhere`. */
  readonly elsewhere: {
    readonly note: (root: string) => Effect.Effect<void, HistoryError>
    readonly forget: (root: string) => Effect.Effect<void, HistoryError>
    /** Absolute paths. */
    readonly list: Effect.Effect<ReadonlyArray<string>, HistoryError>
  }
  /** Removes the record while it is this run's. */
  readonly release: (record: RunRecord) => Effect.Effect<void, HistoryError>
}

/** A record is a few hundred bytes. */
const recordLimit = 256 * 1024
/** The longest path that Linux takes; see path_resolution(7). */
const pathLimit = 4096

/** What keeps a file of the user's own from being used, with what a user of sessions can do about it. */
export const toHistoryError = ({ path, reason }: FileFailed): HistoryError =>
  new HistoryError({ path, reason })

export const makeRunStore = (root: string, files: DurableFiles, path: Path.Path): RunStore => {
  const directory = path.join(root, "open")
  const nameOf = ({ id, tool }: SessionRef) => `${tool}.${id}`
  const fileOf = (session: SessionRef) => path.join(directory, nameOf(session))

  const elsewhere = path.join(root, "elsewhere")
  const noteOf = (other: string) =>
    path.join(elsewhere, createHash("sha256").update(other).digest("hex").slice(0, 32))

  const read = (name: string) =>
    Effect.map(State.read(directory, name, recordLimit), (text) =>
      text === undefined
        ? Option.none()
        // A file under another name would let one session speak for another.
        : Option.filter(parseRun(text), (record) => nameOf(record) === name))

  const get: RunStore["get"] = (session) => read(nameOf(session))

  const isOurs: RunStore["isOurs"] = (record) =>
    Effect.map(get(record), Option.exists((now) => now.run === record.run))

  const whileOurs = (record: RunRecord, change: Effect.Effect<void, FileFailed>) =>
    Effect.if(isOurs(record), { onTrue: () => change, onFalse: () => Effect.void }).pipe(
      Effect.mapError(toHistoryError)
    )

  return {
    file: fileOf,
    claim: (record) =>
      Effect.zipRight(files.makePrivate(directory), files.claim(fileOf(record), printRun(record))).pipe(
        Effect.mapError(toHistoryError)
      ),
    keep: Effect.mapError(files.keep(directory), toHistoryError),
    note: (record) => whileOurs(record, files.replace(fileOf(record), printRun(record))),
    get,
    isOurs,
    has: (session) => State.exists(directory, nameOf(session)),
    list: files.names(directory).pipe(
      Effect.mapError(toHistoryError),
      Effect.flatMap(Effect.forEach((name) => Effect.map(read(name), (record) => ({ name, record })))),
      Effect.map((found) => ({
        runs: found.flatMap(({ record }) => Option.toArray(record)),
        damaged: found.filter(({ record }) => Option.isNone(record)).map(({ name }) =>
          path.join(directory, name)
        )
      }))
    ),
    elsewhere: {
      note: (other) =>
        Effect.zipRight(files.makePrivate(elsewhere), files.replace(noteOf(other), other)).pipe(
          Effect.mapError(toHistoryError)
        ),
      forget: (other) => Effect.mapError(files.remove(noteOf(other)), toHistoryError),
      list: files.names(elsewhere).pipe(
        Effect.mapError(toHistoryError),
        Effect.flatMap(Effect.forEach((name) => State.read(elsewhere, name, pathLimit))),
        Effect.map((all) => all.filter((one) => one !== undefined).filter((one) => path.isAbsolute(one)))
      )
    },
    release: (record) => whileOurs(record, files.remove(fileOf(record)))
  }
}
