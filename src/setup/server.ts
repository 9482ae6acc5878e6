import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { IncusFailure } from "../incus/errors.ts"
import type { IncusService } from "../incus/IncusService.ts"
import type { Device } from "../incus/schemas.ts"
import { manual, type Status } from "./Step.ts"

/** Whether the daemon can be asked: what stands in it is known only then. */
export type Reach =
  | { readonly _tag: "Answers"; readonly version: string; readonly drivers: ReadonlyArray<string> }
  /** There is a socket, and this user may not use it. */
  | { readonly _tag: "Denied" }
  | { readonly _tag: "Silent" }

/** The daemon as the steps see it. */
export interface IncusServer {
  readonly socket: string
  /** The project that `api` is of. */
  readonly project: string
  readonly api: Context.Tag.Service<IncusService>
  readonly reach: Effect.Effect<Reach, IncusFailure>
}

/** A daemon that is on its way accepts connections before it answers; longer than this is not waited for in a check. */
const patience = "5 seconds"

export const makeServer = (
  socket: string,
  project: string,
  api: Context.Tag.Service<IncusService>
): IncusServer => ({
  socket,
  project,
  api,
  reach: api.server.pipe(
    Effect.map((info): Reach =>
      info.auth === "trusted"
        ? {
          _tag: "Answers",
          version: info.environment.server_version,
          drivers: info.environment.storage_supported_drivers.map(({ Name }) => Name)
        }
        : { _tag: "Denied" }
    ),
    Effect.timeoutTo({
      duration: patience,
      onSuccess: (reach) => reach,
      onTimeout: (): Reach => ({ _tag: "Silent" })
    }),
    Effect.catchTags({
      IncusDenied: () => Effect.succeed<Reach>({ _tag: "Denied" }),
      IncusUnavailable: () => Effect.succeed<Reach>({ _tag: "Silent" }),
      IncusConnectionLost: () => Effect.succeed<Reach>({ _tag: "Silent" }),
      IncusSilent: () => Effect.succeed<Reach>({ _tag: "Silent" })
    })
  )
})

/** What the checks inside Incus have in common. */
export interface Inside {
  /** Storage drivers that work on this machine. */
  readonly drivers: ReadonlyArray<string>
  /** Devices of the project's default profile. */
  readonly defaults: Readonly<Record<string, Device>>
}

/** Checks something inside Incus; if it cannot be asked yet, says what would be done if nothing were there. */
export const whenReached = <E>(
  server: IncusServer,
  predicted: Effect.Effect<Status, E>,
  check: (inside: Inside) => Effect.Effect<Status, E>
): Effect.Effect<Status, E | IncusFailure> =>
  Effect.gen(function*() {
    const reach = yield* server.reach
    if (reach._tag !== "Answers") return yield* predicted
    const profile = yield* server.api.profiles.get("default")
    // Every project has one.
    return Option.isNone(profile)
      ? manual(`Incus has no project named ${server.project}`, [`incus project create ${server.project}`])
      : yield* check({ drivers: reach.drivers, defaults: profile.value.devices })
  })

/** Why a step inside an Incus that cannot be asked may have work to do. */
export const unasked = "made if Incus, once it can be asked, has none"
