import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { parseProcess } from "../domain/HostProcess.ts"
import type { HistoryError, OwnFiles } from "./ownFiles.ts"
import { ownProcess, stateOfProcess } from "./process.ts"

/**
 * Runs an effect while no other process runs one under the same file, or gives none at once where one does. A process
 * that died holding it loses it to the next.
 */
export const exclusively = <A, E, R>(
  files: OwnFiles,
  file: string,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<Option.Option<A>, E | HistoryError, R | FileSystem.FileSystem> => {
  const take = Effect.gen(function*() {
    const text = JSON.stringify(yield* ownProcess)
    if (yield* files.claim(file, text)) return true
    const holder = parseProcess(yield* files.read(file))
    if (Option.isSome(holder) && (yield* stateOfProcess(holder.value)) !== "dead") return false
    yield* files.remove(file)
    return yield* files.claim(file, text)
  })
  return Effect.acquireUseRelease(
    take,
    (ours) => ours ? Effect.asSome(effect) : Effect.succeed(Option.none<A>()),
    (ours) => ours ? Effect.ignore(files.remove(file)) : Effect.void
  )
}
