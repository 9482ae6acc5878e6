import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import { Host } from "../host/Host.ts"
import type { HostPlace } from "./Tool.ts"

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
