import * as Effect from "effect/Effect"
import { readUntrusted } from "../host/stateFiles.ts"
import { keyOf } from "./key.ts"
import { locate } from "./locate.ts"
import type { Origin } from "./Settings.ts"

/** The largest file that is searched (bytes). */
const fileLimit = 1024 * 1024

/**
 * Where a value comes from, with its line if that is a file: `/home/ada/.config/clincus/config.toml:12`. `profile` is the
 * one in force. The line is that of the file as it is now; a file that cannot be read has none.
 */
export const whereabouts = (
  { path, source }: Pick<Origin, "path" | "source">,
  profile: string | undefined
): Effect.Effect<string> =>
  Effect.gen(function*() {
    const table = profile === undefined ? "" : ` [${keyOf(["profiles", profile])}]`
    const isOfProfile = table !== "" && source.endsWith(table)
    const file = isOfProfile ? source.slice(0, -table.length) : source
    if (!file.startsWith("/")) return source
    const text = yield* readUntrusted(file, fileLimit, { links: "follow" })
    if (text === undefined) return source
    const { line } = yield* locate(
      text.replace(/^\ufeff/, ""),
      isOfProfile && profile !== undefined ? ["profiles", profile, ...path] : path
    )
    return line === 0 ? source : `${file}:${line}${isOfProfile ? table : ""}`
  }).pipe(Effect.catchTag("FileRefused", () => Effect.succeed(source)))
