import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Host } from "../domain/Host.ts"
import { isObject } from "../tool/json.ts"
import type { HostPlace, JsonObject, Tool, ToolContext } from "../tool/Tool.ts"
import * as State from "./StateDirectory.ts"

const parseJson = Schema.decodeUnknownOption(Schema.parseJson(Schema.Unknown))

/** A file larger than this is no configuration (bytes). */
const fileLimit = 16 * 1024 * 1024
const depthLimit = 12

/** Where a place of a tool's description is for this user. */
export const locate = (place: HostPlace): Effect.Effect<string, never, Host | Path.Path> =>
  Effect.gen(function*() {
    const path = yield* Path.Path
    const host = yield* Host
    const moved = place.moved === undefined ? undefined : host.environment[place.moved.by]
    return moved === undefined || moved === "" || place.moved === undefined
      ? path.join(host.home, place.path)
      : path.resolve(host.directory, moved, place.moved.path)
  })

/** The tool's credentials that this host has: files by their place in the state, and variables. */
export const findCredentials = (
  tool: Tool
): Effect.Effect<
  {
    readonly files: ReadonlyArray<{ readonly to: string; readonly content: Uint8Array }>
    readonly variables: Record<string, string>
  },
  never,
  FileSystem.FileSystem | Path.Path | Host
> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const host = yield* Host
    const files = yield* Effect.forEach(tool.credentials.files, ({ from, to }) =>
      locate(from).pipe(
        Effect.flatMap(fs.readFile),
        Effect.map((content) => [{ to, content }]),
        Effect.orElseSucceed(() => [])
      ))
    const variables = Object.fromEntries(tool.credentials.variables.flatMap((name) => {
      const value = host.environment[name]
      return value === undefined || value === "" ? [] : [[name, value] as const]
    }))
    return { files: files.flat(), variables }
  })

/**
 * Copies an entry of the user's configuration. Links are resolved (many keep their settings in a repository of
 * dotfiles); what cannot be read is left out: a session without one setting is better than none.
 */
const copyEntry = (
  from: string,
  root: string,
  to: string,
  owner: State.Owner,
  depth: number
): Effect.Effect<void, State.StateError, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const info = yield* Effect.option(fs.stat(from))
    if (Option.isNone(info) || depth > depthLimit) return
    if (info.value.type === "File" && info.value.size <= fileLimit) {
      const content = yield* Effect.option(fs.readFile(from))
      const executable = (info.value.mode & 0o100) !== 0
      if (Option.isSome(content)) {
        yield* State.write(root, to, content.value, owner, executable ? 0o700 : 0o600)
      }
    }
    if (info.value.type === "Directory") {
      const names = yield* fs.readDirectory(from).pipe(Effect.orElseSucceed(() => []))
      yield* Effect.forEach(
        names.filter((name) => name !== ".git"),
        (name) => copyEntry(path.join(from, name), root, path.join(to, name), owner, depth + 1)
      )
    }
  })

/** Empty where there is no text, `undefined` where it is no JSON object. Some tools put lines of comment into theirs. */
const readObject = (text: string | undefined): JsonObject | undefined => {
  if (text === undefined) return {}
  const json = parseJson(text.replaceAll(/^\s*\/\/.*$/gm, ""))
  return Option.isSome(json) && isObject(json.value) ? json.value : undefined
}

/**
 * Fills the state directories below `root` (the saved session): the user's configuration when the session is new, the
 * prepared documents and the credentials at each start. The container must not be running.
 */
export const provision = (
  root: string,
  tool: Tool,
  context: ToolContext,
  owner: State.Owner,
  options: {
    readonly fresh: boolean
    readonly credentials: ReadonlyArray<{ readonly to: string; readonly content: Uint8Array }>
  }
): Effect.Effect<void, State.StateError, FileSystem.FileSystem | Path.Path | Host> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    yield* Effect.forEach([...tool.state, "outcome"], (directory) =>
      State.makeDirectory(root, directory, owner))
    yield* Effect.forEach(["status", "screen"], (file) =>
      State.remove(root, path.join("outcome", file)))
    if (options.fresh) {
      yield* Effect.forEach(tool.config, ({ entries, from, to }) =>
        locate(from).pipe(Effect.flatMap((directory) =>
          Effect.forEach(entries, (entry) =>
            copyEntry(path.join(directory, entry), root, path.join(to, entry), owner, 0))
        )))
    }
    yield* Effect.forEach(tool.documents, (document) =>
      Effect.gen(function*() {
        const own = document.own === undefined
          ? undefined
          : yield* locate(document.own).pipe(
            Effect.flatMap((file) =>
              fs.readFileString(file)
            ),
            Effect.orElseSucceed(() =>
              undefined
            )
          )
        const current = yield* State.read(root, document.path, fileLimit)
        const edited = document.edit({ current: readObject(current), own: readObject(own) ?? {} }, context)
        if (edited === undefined) return
        yield* State.write(root, document.path, JSON.stringify(edited, undefined, 2), owner)
      }))
    yield* Effect.forEach(options.credentials, ({ content, to }) => State.write(root, to, content, owner))
  })
