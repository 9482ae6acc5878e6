import * as Schema from "effect/Schema"
import { Device, orEmpty, Strings } from "./schemas.ts"

/**
 * A storage pool: `GET /1.0/storage-pools/NAME`.
 *
 * @example
 * import * as Incus from "clincus/incus"
 * import * as Effect from "effect/Effect"
 *
 * export const pools = Effect.map(
 *   Effect.flatMap(Incus.IncusService, ({ storage }) => storage.list),
 *   (all: ReadonlyArray<Incus.StoragePool>) => all.map(({ driver, name }) => `${name}: ${driver}`)
 * )
 */
export const StoragePool = Schema.Struct({
  name: Schema.String,
  driver: Schema.String,
  status: orEmpty(Schema.String, () => ""),
  config: orEmpty(Strings, () => ({}))
})

export type StoragePool = typeof StoragePool.Type

/**
 * How full a storage pool is (bytes), by its driver: `GET /1.0/storage-pools/NAME/resources`.
 *
 * @example
 * import * as Incus from "clincus/incus"
 *
 * export const free = ({ space: { total, used } }: Incus.PoolSpace): number => total - used
 */
export const PoolSpace = Schema.Struct({
  space: Schema.Struct({
    used: orEmpty(Schema.Number, () => 0),
    total: orEmpty(Schema.Number, () => 0)
  })
})

export type PoolSpace = typeof PoolSpace.Type

/**
 * A network: `GET /1.0/networks/NAME`. `managed` are those that Incus has made.
 *
 * @example
 * import * as Incus from "clincus/incus"
 * import * as Effect from "effect/Effect"
 *
 * export const bridges = Effect.map(
 *   Effect.flatMap(Incus.IncusService, ({ networks }) => networks.list),
 *   (all: ReadonlyArray<Incus.Network>) => all.filter(({ managed, type }) => managed && type === "bridge")
 * )
 */
export const Network = Schema.Struct({
  name: Schema.String,
  type: Schema.String,
  managed: Schema.Boolean,
  status: orEmpty(Schema.String, () => ""),
  config: orEmpty(Strings, () => ({}))
})

export type Network = typeof Network.Type

/**
 * A rule of an ACL. Addresses are lists of networks (`10.0.0.0/8`) and ranges (`10.0.0.1-10.0.0.9`), separated by commas;
 * what is not given is any. https://linuxcontainers.org/incus/docs/main/howto/network_acls/#acl-rules
 *
 * @example
 * import * as Incus from "clincus/incus"
 *
 * const https: Incus.AclRule = { action: "allow", state: "enabled", protocol: "tcp", destination_port: "443" }
 * const web: Incus.AclContent = { description: "https only", config: {}, egress: [https], ingress: [] }
 *
 * export const create = (acls: Incus.Acls) => acls.create("web", web)
 */
export const AclRule = Schema.Struct({
  action: Schema.Literal("allow", "allow-stateless", "reject", "drop"),
  state: Schema.Literal("enabled", "disabled", "logged"),
  description: Schema.optional(Schema.String),
  source: Schema.optional(Schema.String),
  destination: Schema.optional(Schema.String),
  protocol: Schema.optional(Schema.String),
  source_port: Schema.optional(Schema.String),
  destination_port: Schema.optional(Schema.String),
  icmp_type: Schema.optional(Schema.String),
  icmp_code: Schema.optional(Schema.String)
})

export type AclRule = typeof AclRule.Type

/**
 * An ACL of networks: `GET /1.0/network-acls/NAME`. `used_by` are paths of the networks, profiles and instances.
 *
 * @example
 * import * as Incus from "clincus/incus"
 *
 * export const isUsed = ({ used_by }: Incus.NetworkAcl) => used_by.length > 0
 */
export const NetworkAcl = Schema.Struct({
  name: Schema.String,
  description: orEmpty(Schema.String, () => ""),
  config: orEmpty(Strings, () => ({})),
  egress: orEmpty(Schema.Array(AclRule), () => []),
  ingress: orEmpty(Schema.Array(AclRule), () => []),
  used_by: orEmpty(Schema.Array(Schema.String), () => [])
})

export type NetworkAcl = typeof NetworkAcl.Type

/**
 * A profile: `GET /1.0/profiles/NAME`.
 *
 * @example
 * import * as Incus from "clincus/incus"
 * import * as Effect from "effect/Effect"
 *
 * const profile: Incus.Profile = {
 *   name: "small",
 *   description: "for one job",
 *   config: { "limits.memory": "1GiB" },
 *   devices: {}
 * }
 *
 * export const create = Effect.flatMap(Incus.IncusService, ({ profiles }) => profiles.create(profile))
 */
export const Profile = Schema.Struct({
  name: Schema.String,
  description: orEmpty(Schema.String, () => ""),
  config: orEmpty(Strings, () => ({})),
  devices: orEmpty(Schema.Record({ key: Schema.String, value: Device }), () => ({}))
})

export type Profile = typeof Profile.Type
