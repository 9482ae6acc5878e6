import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import { type Client, orNone } from "./client.ts"
import type { IncusFailure } from "./errors.ts"
import { Network, PoolSpace, Profile, StoragePool } from "./infrastructureSchemas.ts"
import { passing } from "./retry.ts"
import { listOf } from "./schemas.ts"

/**
 * Storage pools; see https://linuxcontainers.org/incus/docs/main/explanation/storage/.
 *
 * @example
 * import * as Incus from "clincus/incus"
 * import * as Effect from "effect/Effect"
 *
 * export const pool = Effect.flatMap(Incus.IncusService, ({ storage }) => storage.create("fast", "zfs", { size: "20GiB" }))
 */
export interface Storage {
  /** All pools of the server. */
  readonly list: Effect.Effect<ReadonlyArray<StoragePool>, IncusFailure>
  /** How full a pool is. Fails with `IncusRequestError` if there is no such pool. */
  readonly space: (name: string) => Effect.Effect<PoolSpace, IncusFailure>
  /** Creates a pool with a driver (`dir`, `zfs`, `btrfs`, `lvm`, …) and the options of that. Formatting may take minutes. */
  readonly create: (
    name: string,
    driver: string,
    config: Record<string, string>
  ) => Effect.Effect<void, IncusFailure>
}

/**
 * Networks, managed by Incus or not.
 *
 * @example
 * import * as Incus from "clincus/incus"
 * import * as Effect from "effect/Effect"
 *
 * export const bridge = Effect.flatMap(Incus.IncusService, ({ networks }) =>
 *   networks.createBridge("lab0", { "ipv4.address": "10.9.8.1/24", "ipv6.address": "none" }))
 */
export interface Networks {
  /** All networks that the project sees, bridges of the host that Incus does not manage too. */
  readonly list: Effect.Effect<ReadonlyArray<Network>, IncusFailure>
  /** Creates a managed bridge. */
  readonly createBridge: (name: string, config: Record<string, string>) => Effect.Effect<void, IncusFailure>
  /** Sets options of a managed network; what is not named stays. An empty value takes an option away. */
  readonly configure: (name: string, config: Record<string, string>) => Effect.Effect<void, IncusFailure>
  /** Deletes a managed network that nothing uses. */
  readonly remove: (name: string) => Effect.Effect<void, IncusFailure>
}

/**
 * Profiles: configuration and devices that instances share; see https://linuxcontainers.org/incus/docs/main/profiles/.
 *
 * @example
 * import * as Incus from "clincus/incus"
 * import * as Effect from "effect/Effect"
 * import * as Option from "effect/Option"
 *
 * export const limit = Effect.gen(function*() {
 *   const { profiles } = yield* Incus.IncusService
 *   const found = yield* profiles.get("default")
 *   if (Option.isNone(found)) return
 *   yield* profiles.update({ ...found.value, config: { ...found.value.config, "limits.cpu": "2" } })
 * })
 */
export interface Profiles {
  /** The profile of a name; none if there is none. */
  readonly get: (name: string) => Effect.Effect<Option.Option<Profile>, IncusFailure>
  /** Creates a profile. Fails with `IncusRequestError` if the name is taken. */
  readonly create: (profile: Profile) => Effect.Effect<void, IncusFailure>
  /** Replaces all of a profile that exists. */
  readonly update: (profile: Profile) => Effect.Effect<void, IncusFailure>
}

/** These are answered when they are done: a pool is formatted, all instances of a profile are changed. */
const patience = "5 minutes"

export const makeStorage = (client: Client): Storage => ({
  list: client.get(client.path(["storage-pools"], { recursion: "1" }), listOf(StoragePool)),
  space: (name) => client.get(client.path(["storage-pools", name, "resources"]), PoolSpace),
  create: (name, driver, config) =>
    client.send({
      method: "POST",
      path: client.path(["storage-pools"]),
      json: { name, driver, config },
      patience
    })
})

/**
 * While Incus sets a bridge up it looks at all interfaces of the machine, and fails if one goes away meanwhile, such as
 * that of a container which ends. Then nothing was done.
 */
const lookedAway = (error: IncusFailure): boolean =>
  error._tag === "IncusRequestError" && /link show \S+: .*does not exist/s.test(error.reason)

const retryLooks = <A>(request: Effect.Effect<A, IncusFailure>): Effect.Effect<A, IncusFailure> =>
  Effect.retry(request, { while: lookedAway, schedule: passing("10 seconds") })

export const makeNetworks = (client: Client): Networks => ({
  list: client.get(client.path(["networks"], { recursion: "1" }), listOf(Network)),
  createBridge: (name, config) =>
    retryLooks(client.send({
      method: "POST",
      path: client.path(["networks"]),
      json: { name, type: "bridge", config },
      patience
    })),
  configure: (name, config) =>
    retryLooks(
      client.send({ method: "PATCH", path: client.path(["networks", name]), json: { config }, patience })
    ),
  remove: (name) =>
    retryLooks(client.send({ method: "DELETE", path: client.path(["networks", name]), patience }))
})

export const makeProfiles = (client: Client): Profiles => ({
  get: (name) => orNone(client.get(client.path(["profiles", name]), Profile)),
  create: (json) => client.send({ method: "POST", path: client.path(["profiles"]), json }),
  update: ({ name, ...json }) =>
    client.send({ method: "PUT", path: client.path(["profiles", name]), json, patience })
})
