import * as NodeFileSystem from "@effect/platform-node-shared/NodeFileSystem"
import type { PlatformError } from "@effect/platform/Error"
import { SystemError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { basename } from "node:path"

/** What was done to the disk, in order: `write`, `sync`, `rename`, `link`, `remove`, with the names that matter. */
export type Step = readonly [what: string, name: string]

/** A name as a test knows it: one that nobody else has is `new`. */
const plain = (path: string) => basename(path).endsWith(".new") ? "new" : basename(path)

/**
 * The real file system, which notes what is done to it and fails where it is told to. A step that fails has not been done,
 * but for a write, of which half is on the disk.
 */
export const watchedFiles = (failing: (step: Step) => boolean = () => false) => {
  const steps: Array<Step> = []
  const full = (step: Step): Effect.Effect<never, PlatformError> =>
    Effect.fail(
      new SystemError({
        module: "FileSystem",
        method: step[0],
        reason: "Unknown",
        pathOrDescriptor: step[1],
        cause: Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" })
      })
    )
  const noted = <A>(
    step: Step,
    action: Effect.Effect<A, PlatformError>,
    half?: Effect.Effect<unknown, PlatformError>
  ) =>
    Effect.suspend(() => {
      steps.push(step)
      if (!failing(step)) return action
      return half === undefined ? full(step) : Effect.zipRight(half, full(step))
    })
  const layer = Layer.effect(
    FileSystem.FileSystem,
    Effect.map(FileSystem.FileSystem, (fs): FileSystem.FileSystem => ({
      ...fs,
      open: (path, options) =>
        Effect.map(fs.open(path, options), (file) => {
          const { sync } = file
          const writeAll = file.writeAll.bind(file)
          return Object.defineProperties(file, {
            sync: { get: () => noted(["sync", plain(path)], sync) },
            writeAll: {
              value: (bytes: Uint8Array) =>
                noted(["write", plain(path)], writeAll(bytes), writeAll(bytes.subarray(0, bytes.length / 2)))
            }
          })
        }),
      writeFileString: (path, text, options) =>
        noted(
          ["write", plain(path)],
          fs.writeFileString(path, text, options),
          fs.writeFileString(path, text.slice(0, text.length / 2), options)
        ),
      rename: (from, to) => noted(["rename", plain(to)], fs.rename(from, to)),
      link: (from, to) => noted(["link", plain(to)], fs.link(from, to)),
      remove: (path, options) => noted(["remove", plain(path)], fs.remove(path, options))
    }))
  ).pipe(Layer.provide(NodeFileSystem.layer))
  return { steps, layer }
}
