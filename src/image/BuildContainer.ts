import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { scriptOf } from "../guest/buildScript.ts"
import { Host } from "../host/Host.ts"
import { Progress } from "../host/Progress.ts"
import type { ImageNotFound, IncusFailure, InstanceNotFound, NameTaken } from "../incus/errors.ts"
import { IncusService } from "../incus/IncusService.ts"
import { retryPassing } from "../incus/retry.ts"
import type { Device } from "../incus/schemas.ts"
import { profiles } from "../policy/profiles.ts"
import { CurrentLog } from "./BuildLog.ts"

/** A script in the build container ended with an error, or the daemon refused something. Becomes a `BuildFailed`. */
export class StepFailed extends Data.TaggedError("StepFailed")<{ readonly reason: string }> {}

/**
 * What is to be known about the machine's Incus to make a container on it.
 *
 * @example
 * import * as Clincus from "clincus"
 *
 * const place: Clincus.BuildPlacement = { pool: "fast", network: "incusbr0" }
 *
 * export const options: Clincus.BuildOptions = { ...place, alias: "clincus", base: "auto", force: false, logs: "/tmp" }
 */
export interface Placement {
  /** Storage pool of the root disk, network of `eth0`; those of the profiles if undefined. */
  readonly pool?: string | undefined
  readonly network?: string | undefined
}

const devicesFor = ({ network, pool }: Placement): Record<string, Device> => ({
  ...(pool === undefined ? {} : { root: { type: "disk", path: "/", pool } }),
  ...(network === undefined ? {} : { eth0: { type: "nic", name: "eth0", network } })
})

/** The profiles that exist: on a machine that is not set up yet, ours does not. */
const profilesThere = Effect.flatMap(
  IncusService,
  (incus) => Effect.filter(profiles, (name) => Effect.map(incus.profiles.get(name), Option.isSome))
)

/** Starts a container that is gone when the scope closes, however that comes about. Returns its name. */
export const startScoped = (
  image: string,
  placement: Placement
): Effect.Effect<
  string,
  IncusFailure | NameTaken | ImageNotFound,
  IncusService | Host | Progress | Scope.Scope
> =>
  Effect.gen(function*() {
    const { instances } = yield* IncusService
    const host = yield* Host
    const progress = yield* Progress
    const prefix = host.environment["CLINCUS_CONTAINER_PREFIX"] || "clincus-"
    const name = `${prefix}build-${(yield* host.uuid).slice(0, 8)}`
    const usable = yield* profilesThere
    // Before the creation: a creation that fails half-way leaves an instance as well.
    yield* Effect.addFinalizer(() =>
      instances.destroy(name).pipe(
        retryPassing("10 seconds"),
        Effect.catchAll((error) =>
          progress.notice(
            `The container ${name} is left behind: ${error.message}. Remove it: incus delete -f ${name}`
          )
        )
      )
    )
    // An interruption of it waits until the daemon has done with the container.
    yield* instances.createAndStart({
      name,
      image,
      profiles: usable,
      ephemeral: false,
      config: { "user.clincus.build": "true", "boot.autostart": "false" },
      devices: devicesFor(placement)
    })
    return name
  })

/**
 * Runs a script in the container, its output going to the log; returns what it printed on standard output. `quiet`
 * keeps standard output out of the log.
 */
export const runInside = (
  container: string,
  script: string,
  variables: Readonly<Record<string, string>>,
  output: "logged" | "quiet" = "logged"
): Effect.Effect<string, IncusFailure | InstanceNotFound | StepFailed, IncusService | CurrentLog> =>
  Effect.gen(function*() {
    const { exec } = yield* IncusService
    const log = yield* CurrentLog
    const result = yield* exec.run(container, {
      command: ["bash", "-s"],
      directory: "/",
      input: scriptOf(script, variables),
      onOutput: (chunk, descriptor) => output === "quiet" && descriptor === 1 ? Effect.void : log.feed(chunk)
    })
    if (result.status !== 0) {
      return yield* new StepFailed({ reason: `its script ended with status ${result.status}` })
    }
    return result.stdout
  })
