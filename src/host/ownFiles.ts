import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { makePrivateDirectory } from "./privateDirectory.ts"

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

const failed = (at: string) => (error: PlatformError) =>
  new HistoryError({
    path: at,
    reason: error._tag === "SystemError"
      ? `${error.reason} ${error.description ?? ""}`.trim()
      : error.message
  })

/** True for the failure of making something that is there. */
const isThere = (error: PlatformError) => error._tag === "SystemError" && error.reason === "AlreadyExists"

/** Files that are the user's own, in directories that no container sees. */
export interface OwnFiles {
  /** Makes a directory and those above it, readable by the user only. */
  readonly makePrivate: (at: string) => Effect.Effect<void, HistoryError>
  /** Replaces a file by a new one and a rename. */
  readonly replace: (at: string, text: string) => Effect.Effect<void, HistoryError>
  /** Makes a file, whole from its first moment; false where there is one, whoever was quicker. */
  readonly claim: (at: string, text: string) => Effect.Effect<boolean, HistoryError>
  /** Names in a directory; none where there is no such directory. */
  readonly names: (at: string) => Effect.Effect<ReadonlyArray<string>, HistoryError>
  readonly remove: (at: string) => Effect.Effect<void, HistoryError>
  /** Text of a file; empty where there is none. */
  readonly read: (at: string) => Effect.Effect<string>
}

export const makeOwnFiles = (fs: FileSystem.FileSystem, path: Path.Path): OwnFiles => {
  const makePrivate: OwnFiles["makePrivate"] = (at) =>
    makePrivateDirectory(at).pipe(
      Effect.provideService(FileSystem.FileSystem, fs),
      Effect.provideService(Path.Path, path),
      Effect.mapError(failed(at))
    )

  /** Two fibers may write one file, so each has a name of its own for what it writes; it is gone whatever happens. */
  let written = 0
  const withFresh = <A>(at: string, text: string, use: (fresh: string) => Effect.Effect<A, PlatformError>) =>
    Effect.suspend(() => {
      const fresh = `${at}.${process.pid}-${++written}.new`
      return fs.writeFileString(fresh, text, { mode: 0o600 }).pipe(
        Effect.zipRight(use(fresh)),
        Effect.ensuring(Effect.ignore(fs.remove(fresh, { force: true })))
      )
    }).pipe(Effect.mapError(failed(at)))

  return {
    makePrivate,
    replace: (at, text) => withFresh(at, text, (fresh) => fs.rename(fresh, at)),
    claim: (at, text) =>
      withFresh(at, text, (fresh) =>
        fs.link(fresh, at).pipe(
          // Not every file system has hard links.
          Effect.catchIf(
            (error) => !isThere(error),
            () => fs.writeFileString(at, text, { mode: 0o600, flag: "wx" })
          ),
          Effect.as(true),
          Effect.catchIf(isThere, () => Effect.succeed(false))
        )),
    names: (at) =>
      fs.readDirectory(at).pipe(
        Effect.catchIf(
          // A stray file in the place of a directory hides nothing but itself.
          (error) =>
            error._tag === "SystemError" && (error.reason === "NotFound" || error.reason === "BadResource"),
          () => Effect.succeed<Array<string>>([])
        ),
        Effect.mapError(failed(at))
      ),
    remove: (at) => fs.remove(at, { force: true }).pipe(Effect.mapError(failed(at))),
    read: (at) => fs.readFileString(at).pipe(Effect.orElseSucceed(() => ""))
  }
}
