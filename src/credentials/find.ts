import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import { Host } from "../host/Host.ts"
import { locate } from "../tool/locate.ts"
import type { Tool } from "../tool/Tool.ts"

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
