import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import { Host } from "../host/Host.ts"

/** The user's own configuration: the file that `CLINCUS_CONFIG` names, which then must be there, or the usual one. */
export const userFile: Effect.Effect<
  { readonly path: string; readonly required: boolean },
  never,
  Host | Path.Path
> = Effect.gen(function*() {
  const { directory, environment, home } = yield* Host
  const path = yield* Path.Path
  const chosen = environment["CLINCUS_CONFIG"]
  if (chosen !== undefined && chosen !== "") return { path: path.resolve(directory, chosen), required: true }
  const base = environment["XDG_CONFIG_HOME"] || path.join(home, ".config")
  return { path: path.join(base, "clincus", "config.toml"), required: false }
})
