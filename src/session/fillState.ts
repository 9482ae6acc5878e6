import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import { type JsonObject, parseObject, printObject } from "../domain/json.ts"
import type { CopyReport } from "../host/copy/copyConfiguration.ts"
import type { Host } from "../host/Host.ts"
import * as State from "../host/stateFiles.ts"
import { locate } from "../tool/locate.ts"
import type { Tool, ToolContext } from "../tool/Tool.ts"

/** A file larger than this is not configuration (bytes). */
const fileLimit = 16 * 1024 * 1024

/** Empty if there is no text, `undefined` if it is not a JSON object. Some tools put lines of comment into theirs. */
const readObject = (text: string | undefined): JsonObject | undefined => {
  if (text === undefined) return {}
  return parseObject(text.replaceAll(/^[ \t]*\/\/.*$/gm, ""))
}

/** Makes the directories that are mounted, below `root` (the saved session), and forgets how the tool ended before. */
export const makeState = (
  root: string,
  tool: Tool,
  owner: State.Owner
): Effect.Effect<void, State.StateError> =>
  Effect.gen(function*() {
    yield* Effect.forEach([...tool.state, "outcome"], (directory) =>
      State.makeDirectory(root, directory, owner))
    yield* Effect.forEach(["outcome/status", "outcome/screen", "outcome/reason"], (file) =>
      State.remove(root, file))
  })

/**
 * Fills the state directories: the user's configuration when the session is new, the prepared documents and the
 * credentials at each start. The container may be starting meanwhile, the tool may not. Tells what of the configuration
 * was left out; `leftOutLine` makes a line of it.
 */
export const fillState = (
  root: string,
  tool: Tool,
  context: ToolContext,
  owner: State.Owner,
  options: {
    readonly fresh: boolean
    readonly credentials: ReadonlyArray<{ readonly to: string; readonly content: Uint8Array }>
  }
): Effect.Effect<
  Pick<CopyReport, "leftOut" | "leftOutCount">,
  State.StateError,
  Path.Path | Host
> =>
  Effect.gen(function*() {
    const copies = yield* Effect.forEach(options.fresh ? tool.config : [], ({ entries, from, to }) =>
      locate(from).pipe(
        Effect.flatMap((directory) =>
          State.copyConfiguration({ from: directory, entries, root, to, owner })
        )
      ))
    yield* Effect.forEach(tool.documents, (document) =>
      Effect.gen(function*() {
        const own = document.own === undefined
          ? undefined
          : yield* locate(document.own).pipe(
            Effect.flatMap((file) => State.readUntrusted(file, fileLimit, { links: "follow" })),
            Effect.orElseSucceed(() => undefined)
          )
        const current = yield* State.read(root, document.path, fileLimit)
        const edited = document.edit({ current: readObject(current), own: readObject(own) ?? {} }, context)
        if (edited === undefined) return
        yield* State.write(root, document.path, printObject(edited), owner)
      }))
    yield* Effect.forEach(options.credentials, ({ content, to }) => State.write(root, to, content, owner))
    return {
      leftOut: copies.flatMap(({ leftOut }) => leftOut),
      leftOutCount: copies.reduce((count, copy) => count + copy.leftOutCount, 0)
    }
  }).pipe(Effect.withSpan("Session.fillState"))
