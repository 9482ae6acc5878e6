import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import { isGivenUp } from "../domain/HostProcess.ts"
import { codeOf, isUnsupported, reasonOf } from "./codeOf.ts"
import { makePrivateDirectory } from "./privateDirectory.ts"
import { ownProcess, stateOfProcess } from "./process.ts"
import { isStaged, stagedName, writerOf } from "./stagedName.ts"

/** A file or directory of the user's own could not be read or written. */
export class FileFailed extends Data.TaggedError("FileFailed")<{
  readonly path: string
  readonly reason: string
  /** By its name in errno(3), if the system has given one. */
  readonly code?: string | undefined
}> {
  /** True if there is no room for more; what is removed needs none. */
  get noRoom(): boolean {
    return this.code === "ENOSPC" || this.code === "EDQUOT"
  }
  override get message(): string {
    return `cannot use ${this.path}: ${this.reason}`
  }
}

/**
 * Files of the user's own, in directories that no container sees. What is written is on the disk before it has its name,
 * so neither a crash nor a full disk leaves half of a file, or one without content.
 */
export interface DurableFiles {
  /** Makes a directory and those above it, readable by the user only. */
  readonly makePrivate: (at: string) => Effect.Effect<void, FileFailed>
  /** Replaces a file: a reader, at any moment and after a power cut, reads the old text or the new one. */
  readonly replace: (at: string, text: string) => Effect.Effect<void, FileFailed>
  /**
   * Makes a file, whole from its first moment; false if there is one, no matter who was quicker. A power cut right after may
   * take it away again, until its directory has been kept.
   */
  readonly claim: (at: string, text: string) => Effect.Effect<boolean, FileFailed>
  /**
   * Returns when the names in a directory are on the disk as they are now: what was made, and what was removed. There are
   * none in a directory that is not there.
   */
  readonly keep: (directory: string) => Effect.Effect<void, FileFailed>
  /**
   * Names in a directory; none if there is no such directory. Without those of files that are being written: what a
   * process that died had begun to write is removed.
   */
  readonly names: (directory: string) => Effect.Effect<ReadonlyArray<string>, FileFailed>
  readonly remove: (at: string) => Effect.Effect<void, FileFailed>
  /** Text of a file; none if there is no file that can be read. */
  readonly read: (at: string) => Effect.Effect<Option.Option<string>>
  /** How long ago a file was written (ms); none if there is no file. */
  readonly age: (at: string) => Effect.Effect<Option.Option<number>>
}

const toFailed = (at: string) => (error: PlatformError) =>
  new FileFailed({
    path: at,
    reason: error._tag === "SystemError" && error.cause !== undefined ? reasonOf(error.cause) : error.message,
    code: error._tag === "SystemError" ? codeOf(error.cause) : undefined
  })

const hasReason = (...reasons: ReadonlyArray<string>) => (error: PlatformError) =>
  error._tag === "SystemError" && reasons.includes(error.reason)

/** True for the failure of making something that is there. */
const isThere = hasReason("AlreadyExists")
const isMissing = hasReason("NotFound")

export const durableFiles: Effect.Effect<DurableFiles, never, FileSystem.FileSystem | Path.Path> = Effect.gen(
  function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const provided = Effect.provideService(FileSystem.FileSystem, fs)
    const ourselves = yield* Effect.cached(provided(ownProcess))

    const remove = (at: string) => fs.remove(at, { force: true })

    /** Makes a file that was not there. It goes again if it cannot be written whole. */
    const writeNew = (at: string, text: string) =>
      Effect.scoped(
        Effect.flatMap(fs.open(at, { flag: "wx", mode: 0o600 }), (file) =>
          Effect.zipRight(file.writeAll(new TextEncoder().encode(text)), file.sync).pipe(
            Effect.onError(() =>
              Effect.ignore(remove(at))
            )
          ))
      )

    /** Writes a file under a name that nobody else has, and has it used. What is left of it goes. */
    const withStaged = <A>(
      at: string,
      text: string,
      use: (staged: string) => Effect.Effect<A, PlatformError>
    ) =>
      Effect.gen(function*() {
        const random = yield* Random.nextIntBetween(0, 2 ** 48)
        const staged = path.join(path.dirname(at), stagedName(yield* ourselves, random))
        return yield* Effect.zipRight(writeNew(staged, text), use(staged)).pipe(
          Effect.onError(() => Effect.ignore(remove(staged)))
        )
      })

    const keep = (directory: string) =>
      Effect.scoped(Effect.flatMap(fs.open(directory, { flag: "r" }), (opened) => opened.sync)).pipe(
        Effect.catchIf(
          (error) => isMissing(error) || (error._tag === "SystemError" && isUnsupported(error.cause)),
          () => Effect.void
        )
      )

    const age = (at: string) =>
      Effect.flatMap(
        Effect.option(fs.stat(at)),
        Option.match({
          onNone: () => Effect.succeed(Option.none<number>()),
          onSome: ({ mtime }) =>
            Effect.map(
              Clock.currentTimeMillis,
              (now) => Option.map(mtime, (written) => now - written.getTime())
            )
        })
      )

    /** Removes a file whose writer died. One that cannot be removed is in nobody's way. */
    const sweep = (at: string) =>
      Effect.gen(function*() {
        const writer = writerOf(path.basename(at))
        if (Option.isNone(writer)) return
        const state = yield* provided(stateOfProcess(writer.value))
        const written = state === "unknown" ? yield* age(at) : Option.none<number>()
        if (isGivenUp(state, Option.getOrElse(written, () => 0))) yield* Effect.ignore(remove(at))
      })

    // A write that has begun cannot be called back, so whatever tidies up after it has to wait for it: a write is short.
    const whole = <A>(at: string, write: Effect.Effect<A, PlatformError>) =>
      write.pipe(Effect.uninterruptible, Effect.mapError(toFailed(at)))

    return {
      makePrivate: (at) =>
        makePrivateDirectory(at).pipe(
          provided,
          Effect.provideService(Path.Path, path),
          Effect.mapError(toFailed(at))
        ),
      replace: (at, text) =>
        whole(
          at,
          Effect.zipRight(withStaged(at, text, (staged) => fs.rename(staged, at)), keep(path.dirname(at)))
        ),
      claim: (at, text) =>
        whole(
          at,
          withStaged(at, text, (staged) =>
            fs.link(staged, at).pipe(
              // Not every file system has hard links.
              Effect.catchIf((error) => !isThere(error), () => writeNew(at, text)),
              Effect.zipRight(Effect.ignore(remove(staged))),
              Effect.as(true)
            )).pipe(Effect.catchIf(isThere, () => Effect.succeed(false)))
        ),
      keep: (directory) => whole(directory, keep(directory)),
      names: (directory) =>
        fs.readDirectory(directory).pipe(
          // A stray file in the place of a directory hides nothing but itself.
          Effect.catchIf(
            hasReason("NotFound", "BadResource"),
            () => Effect.succeed<Array<string>>([])
          ),
          Effect.tap((names) =>
            Effect.forEach(names.filter(isStaged), (name) => sweep(path.join(directory, name)), {
              discard: true
            })
          ),
          Effect.map((names) => names.filter((name) => !isStaged(name))),
          Effect.mapError(toFailed(directory))
        ),
      remove: (at) => Effect.mapError(remove(at), toFailed(at)),
      read: (at) => Effect.option(fs.readFileString(at)),
      age
    }
  }
)
