import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { IncusFailure } from "../incus/errors.ts"
import type { IncusService } from "../incus/IncusService.ts"
import type { Status } from "./Step.ts"

/** Whether the daemon can be asked: what stands in it is known only then. */
export type Reach =
  | { readonly _tag: "Answers"; readonly version: string; readonly drivers: ReadonlyArray<string> }
  /** There is a socket, and this user may not use it. */
  | { readonly _tag: "Denied" }
  | { readonly _tag: "Silent" }

/** The daemon as the steps see it. */
export interface IncusServer {
  readonly socket: string
  readonly api: Context.Tag.Service<IncusService>
  readonly reach: Effect.Effect<Reach, IncusFailure>
}

/** A daemon that is on its way accepts connections before it answers; longer than this is not waited for in a check. */
const patience = "5 seconds"

export const makeServer = (socket: string, api: Context.Tag.Service<IncusService>): IncusServer => ({
  socket,
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
      IncusUnavailable: () => Effect.succeed<Reach>({ _tag: "Silent" })
    })
  )
})

/** Checks something inside Incus; where it cannot be asked yet, says what would be done if nothing were there. */
export const whenReached = <E>(
  server: IncusServer,
  predicted: Effect.Effect<Status, E>,
  check: (drivers: ReadonlyArray<string>) => Effect.Effect<Status, E>
): Effect.Effect<Status, E | IncusFailure> =>
  Effect.flatMap(
    server.reach,
    (reach): Effect.Effect<Status, E> => reach._tag === "Answers" ? check(reach.drivers) : predicted
  )

/** Why a step inside an Incus that cannot be asked may have work to do. */
export const unasked = "made if Incus, once it can be asked, has none"
