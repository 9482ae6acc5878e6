import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { makePrivateDirectory } from "../domain/privateDirectory.ts"
import { isObject, omit } from "../tool/json.ts"
import { type End, type Metadata, parseMetadata, printMetadata } from "./metadata.ts"
import * as State from "./StateDirectory.ts"

/** The directory of saved sessions could not be read or written. */
export class HistoryError
  extends Data.TaggedError("HistoryError")<{ readonly path: string; readonly reason: string }>
{
  override get message(): string {
    return `cannot use ${this.path}: ${this.reason}`
  }
  get hint(): string {
    return "Check its owner and permissions and the free space, or set [paths] sessions_dir in the configuration."
  }
}

/**
 * What has to be undone when a session ends, whoever notices: its credentials. Kept beside the sessions as
 * `open/<tool>.<id>` from before the credentials are written until they are gone, so that one small directory tells
 * which sessions are not finished, be there thousands that are.
 */
export const OpenSessionFile = Schema.Struct({
  tool: Schema.NonEmptyString,
  id: Schema.UUID,
  /** ms since the epoch */
  since: Schema.Number,
  remove: Schema.Array(Schema.String),
  scrub: Schema.Array(Schema.Struct({ path: Schema.String, keys: Schema.Array(Schema.String) }))
})
export type OpenSession = typeof OpenSessionFile.Type

/** What a tool left behind when it ended: its exit status and the last lines of its screen. */
export interface Outcome {
  readonly status: number
  readonly screen: string
}

export interface Saved {
  /** Newest first. */
  readonly sessions: ReadonlyArray<Metadata>
  /** Directories whose metadata cannot be read; the others are not hidden by them. */
  readonly damaged: ReadonlyArray<string>
}

/**
 * Saved sessions, on the host's disk: `<root>/sessions-<tool>/<id>/` with `metadata.json`, the tool's state directories
 * under their own names, and `outcome/`.
 */
export class HistoryStore extends Context.Tag("clincus/HistoryStore")<HistoryStore, {
  readonly root: string
  /** The directory of a session, whether it exists or not. */
  readonly directory: (session: { readonly tool: string; readonly id: string }) => string
  readonly list: Effect.Effect<Saved, HistoryError>
  readonly get: (
    session: { readonly tool: string; readonly id: string }
  ) => Effect.Effect<Option.Option<Metadata>>
  /** Makes the session's directory and promises that its credentials will go. Comes before anything is put there. */
  readonly open: (session: OpenSession) => Effect.Effect<void, HistoryError>
  /** Writes metadata.json by a new file and a rename. */
  readonly save: (metadata: Metadata) => Effect.Effect<void, HistoryError>
  /** Sessions that were opened and not finished: live, or left by a crash. */
  readonly unfinished: Effect.Effect<ReadonlyArray<OpenSession>, HistoryError>
  /** Notes how a session that still runs is about to end, so that whoever sees it end first says the same. */
  readonly intend: (
    session: { readonly tool: string; readonly id: string },
    end: End
  ) => Effect.Effect<void, HistoryError>
  /**
   * Removes the credentials and notes how the session ended (nothing is noted without `end`). A second call changes
   * nothing, and none does where `since` is given and the session was opened again later. What cannot be removed does
   * not keep the rest; the session stays unfinished then.
   */
  readonly finish: (
    session: { readonly tool: string; readonly id: string; readonly since?: number },
    end: End | undefined
  ) => Effect.Effect<void, HistoryError | State.StateError>
  readonly outcome: (
    session: { readonly tool: string; readonly id: string }
  ) => Effect.Effect<Option.Option<Outcome>>
  /** Deletes a saved session for good. */
  readonly remove: (
    session: { readonly tool: string; readonly id: string }
  ) => Effect.Effect<void, HistoryError>
}>() {}

const decodeOpen = Schema.decodeUnknownOption(Schema.parseJson(OpenSessionFile))
const parseJson = Schema.decodeUnknownOption(Schema.parseJson(Schema.Unknown))

/** `.claude.json` and the like; larger ones are no settings any more. */
const scrubLimit = 32 * 1024 * 1024
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** A store in the given directory, usually `~/.clincus`. Makes nothing until there is something to keep. */
export const layer = (root: string): Layer.Layer<HistoryStore, never, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(
    HistoryStore,
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path

      const failed = (at: string) => (error: PlatformError) =>
        new HistoryError({
          path: at,
          reason: error._tag === "SystemError"
            ? `${error.reason} ${error.description ?? ""}`.trim()
            : error.message
        })

      const directory = (session: { readonly tool: string; readonly id: string }) =>
        path.join(root, `sessions-${session.tool}`, session.id)
      const metadataFile = (session: { readonly tool: string; readonly id: string }) =>
        path.join(directory(session), "metadata.json")
      const openFile = (session: { readonly tool: string; readonly id: string }) =>
        path.join(root, "open", `${session.tool}.${session.id}`)

      const makePrivate = (at: string) =>
        makePrivateDirectory(at).pipe(
          Effect.provideService(FileSystem.FileSystem, fs),
          Effect.provideService(Path.Path, path),
          Effect.mapError(failed(at))
        )

      /** Two fibers may write one file, so each has a name of its own for what it writes. */
      let written = 0
      const writeWhole = (at: string, text: string) =>
        Effect.suspend(() => {
          const fresh = `${at}.${process.pid}-${++written}.new`
          return fs.writeFileString(fresh, text, { mode: 0o600 }).pipe(Effect.zipRight(fs.rename(fresh, at)))
        }).pipe(Effect.mapError(failed(at)))

      /** Names in a directory; none where there is no such directory. */
      const names = (at: string) =>
        fs.readDirectory(at).pipe(
          Effect.catchIf(
            // A stray file in the place of a directory hides nothing but itself.
            (error) =>
              error._tag === "SystemError" && (error.reason === "NotFound" || error.reason === "BadResource"),
            () => Effect.succeed<Array<string>>([])
          ),
          Effect.mapError(failed(at))
        )

      const get = (session: { readonly tool: string; readonly id: string }) =>
        fs.readFileString(metadataFile(session)).pipe(
          Effect.map(parseMetadata),
          // A directory that was moved or copied tells of a session that is not there.
          Effect.map(Option.filter((found) => found.id === session.id && found.tool === session.tool)),
          Effect.orElseSucceed(() => Option.none<Metadata>())
        )

      const save = (metadata: Metadata) => writeWhole(metadataFile(metadata), printMetadata(metadata))

      const list = Effect.gen(function*() {
        const tools = (yield* names(root)).filter((name) => name.startsWith("sessions-"))
        const found = yield* Effect.forEach(
          tools,
          (folder) =>
            names(path.join(root, folder)).pipe(
              Effect.map((ids) =>
                ids.filter((id) => uuid.test(id)).map((id) => ({
                  tool: folder.slice("sessions-".length),
                  id
                }))
              )
            )
        )
        const read = yield* Effect.forEach(
          found.flat(),
          (session) => get(session).pipe(Effect.map((metadata) => ({ session, metadata }))),
          { concurrency: 32 }
        )
        return {
          sessions: read.flatMap(({ metadata }) => Option.toArray(metadata))
            .toSorted((a, b) => b.lastUsedAt.getTime() - a.lastUsedAt.getTime()),
          damaged: read.filter(({ metadata }) => Option.isNone(metadata)).map(({ session }) =>
            directory(session)
          )
        }
      })

      const readOpen = (file: string) =>
        fs.readFileString(file).pipe(Effect.map(decodeOpen), Effect.orElseSucceed(() => Option.none()))

      const outcome = (session: { readonly tool: string; readonly id: string }) =>
        Effect.gen(function*() {
          const at = path.join(directory(session), "outcome")
          const status = yield* State.read(at, "status", 16)
          if (status === undefined || !/^\d{1,3}\n$/.test(status)) return Option.none()
          const screen = yield* State.read(at, "screen", 256 * 1024)
          return Option.some({ status: Number(status), screen: (screen ?? "").replace(/\n+$/, "") })
        })

      const scrub = (
        session: { readonly tool: string; readonly id: string },
        file: string,
        keys: ReadonlyArray<string>
      ) =>
        Effect.gen(function*() {
          const root = directory(session)
          if (!(yield* State.isFile(root, file))) return
          const text = yield* State.read(root, file, scrubLimit)
          const json = text === undefined ? Option.none() : parseJson(text)
          // What cannot be read cannot be cleaned; a tool makes its settings anew, a leaked key stays leaked.
          if (Option.isNone(json) || !isObject(json.value)) return yield* State.remove(root, file)
          if (!keys.some((key) => isObject(json.value) && key in json.value)) return
          const info = yield* fs.stat(path.join(root, path.dirname(file))).pipe(Effect.mapError(failed(file)))
          yield* State.write(root, file, JSON.stringify(omit(json.value, keys), undefined, 2), {
            uid: Option.getOrElse(info.uid, () => 0),
            gid: Option.getOrElse(info.gid, () => 0)
          })
        })

      return {
        root,
        directory,
        list,
        get,
        save,
        outcome,
        open: (session) =>
          makePrivate(path.join(root, "open")).pipe(
            Effect.zipRight(makePrivate(directory(session))),
            Effect.zipRight(writeWhole(openFile(session), JSON.stringify(session)))
          ),
        unfinished: names(path.join(root, "open")).pipe(
          Effect.flatMap((files) =>
            Effect.forEach(
              files.filter((file) => !file.endsWith(".new")),
              (file) => readOpen(path.join(root, "open", file))
            )
          ),
          Effect.map((found) => found.flatMap(Option.toArray))
        ),
        intend: (session, end) =>
          Effect.flatMap(
            get(session),
            Option.match({
              onNone: () => Effect.void,
              onSome: (metadata) => save({ ...metadata, end })
            })
          ),
        finish: (session, end) =>
          Effect.gen(function*() {
            const open = yield* readOpen(openFile(session))
            if (Option.isNone(open) || (session.since ?? open.value.since) !== open.value.since) return
            const [left] = yield* Effect.partition([
              ...open.value.remove.map((file) => State.remove(directory(session), file)),
              ...open.value.scrub.map(({ keys, path: file }) => scrub(session, file, keys))
            ], (removal) => removal)
            const metadata = yield* get(session)
            if (Option.isSome(metadata) && metadata.value.endedAt === undefined && end !== undefined) {
              const result = yield* outcome(session)
              const now = new Date(yield* Clock.currentTimeMillis)
              yield* save({
                ...metadata.value,
                lastUsedAt: now,
                endedAt: now,
                end: Option.match(result, {
                  onNone: () => metadata.value.end ?? end,
                  onSome: ({ status }) => ({ reason: "exited", status })
                })
              })
            }
            if (left[0] !== undefined) return yield* left[0]
            yield* fs.remove(openFile(session), { force: true }).pipe(
              Effect.mapError(failed(openFile(session)))
            )
          }),
        remove: (session) =>
          fs.remove(directory(session), { recursive: true, force: true }).pipe(
            Effect.zipRight(fs.remove(openFile(session), { force: true })),
            Effect.mapError(failed(directory(session)))
          )
      }
    })
  )
