import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { omit, parseObject, printObject } from "../domain/json.ts"
import { type Metadata, parseMetadata, printMetadata } from "../domain/Metadata.ts"
import { isPlainName } from "../domain/RelativePath.ts"
import type { RunRecord } from "../domain/Run.ts"
import type { SessionRef } from "../domain/SessionRef.ts"
import { type DurableFiles, durableFiles } from "../host/durableFiles.ts"
import { inTurn } from "../host/mutex.ts"
import * as State from "../host/stateFiles.ts"
import { HistoryError } from "./errors.ts"
import type { History } from "./historyApi.ts"
import { outcomesIn } from "./outcome.ts"
import { makeRunStands } from "./runStands.ts"
import { makeRunStore, toHistoryError } from "./RunStore.ts"

export { HistoryError } from "./errors.ts"
export type { Outcome } from "./outcome.ts"

/**
 * The store in the directory of saved sessions that is in force.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Effect from "effect/Effect"
 *
 * export const conversation = Effect.gen(function*() {
 *   const history = yield* Clincus.HistoryStore
 *   const { sessions } = yield* history.list
 *   // Where the tool's files of the newest session are.
 *   return sessions.slice(0, 1).map((metadata) => history.directory(metadata))
 * })
 */
export class HistoryStore extends Context.Tag("clincus/HistoryStore")<HistoryStore, History>() {}

/** `.claude.json` and the like; larger files are not settings. */
const scrubLimit = 32 * 1024 * 1024
const metadataLimit = 1024 * 1024
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const folderPrefix = "sessions-"

/** What a store is made with. */
interface Needs {
  readonly fs: FileSystem.FileSystem
  readonly path: Path.Path
  readonly files: DurableFiles
}

const storeIn = (root: string, needs: Needs): History => {
  const { files, fs, path } = needs
  const runs = makeRunStore(root, files, path)

  const directory = ({ id, tool }: SessionRef) => path.join(root, `${folderPrefix}${tool}`, id)

  const get = (session: SessionRef) =>
    State.read(directory(session), "metadata.json", metadataLimit).pipe(
      Effect.map((text) => text === undefined ? Option.none() : parseMetadata(text)),
      // A directory that was moved or copied tells of a session that is not there.
      Effect.map(Option.filter((found) => found.id === session.id && found.tool === session.tool))
    )

  const save = (metadata: Metadata) =>
    files.replace(path.join(directory(metadata), "metadata.json"), printMetadata(metadata)).pipe(
      Effect.mapError(toHistoryError)
    )

  const list = Effect.gen(function*() {
    const folders = (yield* files.names(root)).filter((name) =>
      name.startsWith(folderPrefix) && isPlainName(name.slice(folderPrefix.length))
    )
    const found = yield* Effect.forEach(
      folders,
      (folder) =>
        Effect.map(
          files.names(path.join(root, folder)),
          (ids) =>
            ids.filter((id) => uuid.test(id)).map((id) => ({
              tool: folder.slice(folderPrefix.length),
              id
            }))
        )
    )
    const read = yield* Effect.forEach(
      found.flat(),
      (session) => Effect.map(get(session), (metadata) => ({ session, metadata }))
    )
    return {
      sessions: read.flatMap(({ metadata }) => Option.toArray(metadata))
        .toSorted((a, b) => b.lastUsedAt.getTime() - a.lastUsedAt.getTime()),
      damaged: read.filter(({ metadata }) => Option.isNone(metadata)).map(({ session }) => directory(session))
    }
  }).pipe(Effect.mapError(toHistoryError))

  const { isOvertime, outcome, outcomeAt } = outcomesIn(directory)

  /** A moment (ms) that a container may have made up: it is not before the run's beginning, nor to come. */
  const momentOf = (run: RunRecord, moment: number) =>
    Effect.map(
      Clock.currentTimeMillis,
      (now) => new Date(Math.max(run.since, Math.min(now, Math.floor(moment))))
    )

  const scrub = (session: SessionRef, file: string, keys: ReadonlyArray<string>) =>
    Effect.gen(function*() {
      const state = directory(session)
      const text = yield* State.read(state, file, scrubLimit)
      const json = text === undefined ? undefined : parseObject(text)
      // What cannot be read cannot be cleaned; a tool makes its settings anew, a leaked key stays leaked.
      if (json === undefined) return yield* State.remove(state, file)
      if (!keys.some((key) => key in json)) return
      const owner = yield* State.ownerOf(state, path.dirname(file))
      yield* State.write(state, file, printObject(omit(json, keys)), owner)
    })

  /** Directories in which a file of the run's may have been begun and not put in its place. */
  const foldersOf = (run: RunRecord) => [
    ...new Set([...run.remove, ...run.scrub.map((one) => one.path)].map((file) => path.dirname(file)))
  ]

  /** Runs an effect while no other process runs one under the same name. */
  const withLock = <A>(name: string, effect: Effect.Effect<A, HistoryError | State.StateError>) =>
    Effect.gen(function*() {
      const locks = path.join(root, "locks")
      yield* files.makePrivate(locks)
      return yield* inTurn(files, path.join(locks, name), effect)
    }).pipe(
      Effect.provideService(FileSystem.FileSystem, fs),
      Effect.provideService(Path.Path, path)
    )

  /**
   * Removes a run's credentials without the lock, for which a full disk has no room. What that frees may be enough for it.
   * No later run has anything there while the record is this run's.
   */
  const disarm = (run: RunRecord) =>
    Effect.forEach(run.remove, (file) =>
      Effect.ignore(
        Effect.flatMap(runs.isOurs(run), (ours) => ours ? State.remove(directory(run), file) : Effect.void)
      ), { discard: true })

  /**
   * Runs what ends a run while the record is that run's, and nobody else does so: what a later run of the session
   * has got is not to be taken away. A process that finds another one at it waits until that has done it, or is given up.
   */
  const alone = (
    run: RunRecord,
    effect: Effect.Effect<void, HistoryError | State.StateError>
  ): Effect.Effect<void, HistoryError | State.StateError> => {
    const locked = Effect.gen(function*() {
      if (!(yield* runs.isOurs(run))) return
      yield* withLock(
        `${run.tool}.${run.id}`,
        Effect.flatMap(runs.isOurs(run), (ours) => ours ? effect : Effect.void)
      )
    })
    return locked.pipe(
      Effect.catchIf(
        (error) => error._tag === "FileFailed" && error.noRoom,
        () => Effect.zipRight(disarm(run), locked)
      ),
      Effect.catchTag("FileFailed", (failed) => toHistoryError(failed))
    )
  }

  const { clear, make } = makeRunStands(runs, (effect) =>
    withLock("stands", effect).pipe(
      Effect.catchTag("FileFailed", (failed) => toHistoryError(failed))
    ))

  return {
    root,
    makeStands: make,
    at: (other) => storeIn(other, needs),
    runs,
    directory,
    list,
    get,
    save,
    outcome,
    prepare: (session) => Effect.mapError(files.makePrivate(directory(session)), toHistoryError),
    intend: (session, end) =>
      Effect.flatMap(
        get(session),
        Option.match({
          onNone: () => Effect.void,
          onSome: (metadata) => save({ ...metadata, end })
        })
      ),
    finish: (run, end, at) =>
      alone(
        run,
        Effect.gen(function*() {
          const [left] = yield* Effect.partition([
            ...run.remove.map((file) => State.remove(directory(run), file)),
            ...run.scrub.map(({ keys, path: file }) => scrub(run, file, keys)),
            ...foldersOf(run).map((folder) => State.removeStaged(directory(run), folder)),
            // The record promises that all this is gone, so it goes last on the disk too.
            ...foldersOf(run).map((folder) => State.keep(directory(run), folder))
          ], (removal) => removal)
          // A look at the names clears away what was begun to be written there.
          yield* Effect.ignore(files.names(directory(run)))
          const metadata = yield* get(run)
          if (Option.isSome(metadata) && metadata.value.endedAt === undefined && end !== undefined) {
            const result = yield* outcome(run)
            const overtime = yield* isOvertime(run)
            const leftAt = Option.isSome(result) ? yield* outcomeAt(run) : undefined
            const ended = yield* momentOf(run, leftAt ?? at)
            yield* save({
              ...metadata.value,
              lastUsedAt: ended,
              endedAt: ended,
              end: Option.match(result, {
                onNone: () => metadata.value.end ?? (overtime ? { reason: "time" } : end),
                onSome: ({ overtime, status }) => ({ reason: overtime ? "time" : "exited", status })
              })
            })
          }
          if (left[0] !== undefined) return yield* left[0]
          // Of two runs that end at one instant the second knows that the first one is over.
          yield* clear(run, runs.release(run))
        }).pipe(Effect.tapError(() => Effect.ignore(clear(run, Effect.void))))
      ),
    remove: (run) =>
      alone(
        run,
        State.removeAll(directory(run)).pipe(
          Effect.zipRight(Effect.mapError(files.keep(path.dirname(directory(run))), toHistoryError)),
          Effect.zipRight(clear(run, runs.release(run)))
        )
      )
  }
}

/**
 * A store in the given directory, usually `~/.clincus`. Makes nothing until there is something to keep.
 *
 * @example
 * import * as NodeFileSystem from "@effect/platform-node-shared/NodeFileSystem"
 * import * as NodePath from "@effect/platform-node-shared/NodePath"
 * import * as Clincus from "clincus"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * const store = Clincus.historyLayer("/home/ada/.clincus").pipe(
 *   Layer.provide([NodeFileSystem.layer, NodePath.layer])
 * )
 *
 * export const saved = Effect.flatMap(Clincus.HistoryStore, ({ list }) => list).pipe(Effect.provide(store))
 */
export const layer = (root: string): Layer.Layer<HistoryStore, never, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(
    HistoryStore,
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      return storeIn(root, { fs, path, files: yield* durableFiles })
    })
  )
