import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"

/**
 * Makes a directory of mode 0700, and those above it that are missing. One by one: Node's own recursion never ends
 * if a parent cannot be made, in /proc for instance.
 */
export const makePrivateDirectory = (
  at: string
): Effect.Effect<void, PlatformError, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    if (yield* fs.exists(at)) return
    if (path.dirname(at) !== at) yield* makePrivateDirectory(path.dirname(at))
    yield* fs.makeDirectory(at, { mode: 0o700 }).pipe(
      // Another program may have made it in the same moment.
      Effect.catchIf(
        (error) => error._tag === "SystemError" && error.reason === "AlreadyExists",
        () => Effect.void
      )
    )
  })
