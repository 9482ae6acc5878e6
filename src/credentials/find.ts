import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import { Host } from "../host/Host.ts"
import { readUntrustedBytes } from "../host/stateFiles.ts"
import { locate } from "../tool/locate.ts"
import type { Tool } from "../tool/Tool.ts"

/** A file larger than this holds no credentials (bytes). */
const fileLimit = 16 * 1024 * 1024

/** The tool's credentials that this host has: files by their place in the state, and variables. */
export const findCredentials = (
  tool: Tool
): Effect.Effect<
  {
    readonly files: ReadonlyArray<{ readonly to: string; readonly content: Uint8Array }>
    readonly variables: Record<string, string>
  },
  never,
  Path.Path | Host
> =>
  Effect.gen(function*() {
    const host = yield* Host
    const files = yield* Effect.forEach(tool.credentials.files, ({ from, to }) =>
      locate(from).pipe(
        Effect.flatMap((file) => readUntrustedBytes(file, fileLimit, { links: "follow" })),
        Effect.map((content) => content === undefined ? [] : [{ to, content }]),
        Effect.orElseSucceed(() => [])
      ))
    const variables = Object.fromEntries(tool.credentials.variables.flatMap((name) => {
      const value = host.environment[name]
      return value === undefined || value === "" ? [] : [[name, value] as const]
    }))
    return { files: files.flat(), variables }
  })
