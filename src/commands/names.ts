import * as Effect from "effect/Effect"
import { ConfigService } from "../config/ConfigService.ts"
import type { ConfigError, UnknownProfile } from "../config/errors.ts"
import type { Host } from "../host/Host.ts"
import type { IncusFailure } from "../incus/errors.ts"
import { IncusService } from "../incus/IncusService.ts"
import { type HistoryError, HistoryStore } from "../session/HistoryStore.ts"
import { liveSessions } from "../session/live.ts"
import type { SlotService } from "../session/SlotService.ts"
import { toolNames } from "../tool/ToolRegistry.ts"

const containers = Effect.map(liveSessions, (live) => live.map(({ container }) => container))
const saved = Effect.flatMap(HistoryStore, ({ list }) => list).pipe(
  Effect.map(({ sessions }) => sessions.map(({ id }) => id))
)
const settings = Effect.flatMap(ConfigService, (config) => config.load({})).pipe(
  Effect.map((effective) => effective.settings)
)
const images = Effect.flatMap(IncusService, (incus) => incus.images.list).pipe(
  Effect.map((list) => list.flatMap(({ aliases }) => aliases.map(({ name }) => name)))
)

/** The words that fit a value of a command line now, by the name that the help gives it. For completion. */
export const namesOf = (
  kind: string
): Effect.Effect<
  ReadonlyArray<string>,
  ConfigError | UnknownProfile | HistoryError | IncusFailure,
  ConfigService | HistoryStore | Host | IncusService | SlotService
> => {
  switch (kind) {
    case "CONTAINER":
    case "NAME | WORKSPACE":
    case "[CONTAINER] TEXT":
    case "[CONTAINER] TARGET":
      return containers
    case "SESSION":
      return Effect.zipWith(containers, saved, (live, ids) => [...live, ...ids])
    case "ID":
    case "[=ID]":
      return saved
    case "TOOL":
      return Effect.map(settings, (all) => toolNames(all))
    case "ALIAS":
      return images
    default:
      return Effect.succeed([])
  }
}
