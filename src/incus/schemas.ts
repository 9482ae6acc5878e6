import * as Schema from "effect/Schema"

// The parts of the REST API's documents that clincus reads; whatever else Incus sends is ignored.
// https://linuxcontainers.org/incus/docs/main/rest-api/

export const Strings = Schema.Record({ key: Schema.String, value: Schema.String })

/** Go sends `null` for an empty map or list. */
export const orEmpty = <A, I>(schema: Schema.Schema<A, I>, empty: () => NoInfer<A>) =>
  Schema.optionalWith(schema, { nullable: true, default: empty })

/** An answer that is a list. A server that has none of something answers with nothing at all. */
export const listOf = <A, I>(
  element: Schema.Schema<A, I>
): Schema.Schema<ReadonlyArray<A>, ReadonlyArray<I> | null | undefined> =>
  Schema.transform(Schema.NullishOr(Schema.Array(element)), Schema.Array(Schema.typeSchema(element)), {
    strict: true,
    decode: (list) => list ?? [],
    encode: (list) => list
  })

/**
 * The server: `GET /1.0`.
 *
 * @example
 * import * as Incus from "clincus/incus"
 * import * as Effect from "effect/Effect"
 *
 * export const version = Effect.map(
 *   Effect.flatMap(Incus.IncusService, ({ server }) => server),
 *   ({ environment }: Incus.ServerInfo) => environment.server_version
 * )
 */
export const ServerInfo = Schema.Struct({
  auth: Schema.String,
  /** How the user was let in: `unix` is the socket of those who may do all. */
  auth_user_method: orEmpty(Schema.String, () => ""),
  api_extensions: orEmpty(Schema.Array(Schema.String), () => []),
  environment: Schema.Struct({
    server_version: Schema.String,
    server_name: orEmpty(Schema.String, () => ""),
    /** SHA-256 of the server's certificate, in hex: tells one server from another, whatever socket leads to it. */
    certificate_fingerprint: orEmpty(Schema.String, () => ""),
    kernel_features: orEmpty(Strings, () => ({})),
    lxc_features: orEmpty(Strings, () => ({})),
    storage_supported_drivers: orEmpty(Schema.Array(Schema.Struct({ Name: Schema.String })), () => [])
  })
})
export type ServerInfo = typeof ServerInfo.Type

export const ProjectInfo = Schema.Struct({ name: Schema.String })

/**
 * An Incus device: its type and options, all strings. https://linuxcontainers.org/incus/docs/main/reference/devices/
 *
 * @example
 * import * as Incus from "clincus/incus"
 *
 * export const cache: Incus.Device = { type: "disk", source: "/srv/cache", path: "/var/cache/apt" }
 */
export const Device = Strings
export type Device = typeof Device.Type

/**
 * An instance without its state: `GET /1.0/instances/NAME`. `expanded_` fields have what its profiles say as well.
 *
 * @example
 * import * as Incus from "clincus/incus"
 * import * as Effect from "effect/Effect"
 *
 * export const running = Effect.map(
 *   Effect.flatMap(Incus.IncusService, ({ instances }) => instances.list),
 *   (all: ReadonlyArray<Incus.Instance>) => all.filter(Incus.isUp).map(({ name }) => name)
 * )
 */
export const Instance = Schema.Struct({
  name: Schema.String,
  /** `Running`, `Stopped`, `Frozen`, `Error`, … */
  status: Schema.String,
  type: Schema.String,
  /** Incus deletes an ephemeral instance by itself when it stops. */
  ephemeral: Schema.Boolean,
  architecture: Schema.String,
  description: orEmpty(Schema.String, () => ""),
  config: orEmpty(Strings, () => ({})),
  devices: orEmpty(Schema.Record({ key: Schema.String, value: Device }), () => ({})),
  expanded_devices: orEmpty(Schema.Record({ key: Schema.String, value: Device }), () => ({})),
  expanded_config: orEmpty(Strings, () => ({})),
  profiles: orEmpty(Schema.Array(Schema.String), () => []),
  created_at: Schema.DateFromString,
  last_used_at: Schema.DateFromString,
  project: orEmpty(Schema.String, () => "default")
})
export type Instance = typeof Instance.Type

/**
 * True while an instance's system is up; an instance may say so itself by "Ready". A frozen instance is not up.
 *
 * @example
 * import * as Incus from "clincus/incus"
 *
 * export const up = Incus.isUp({ status: "Running" })
 * // => true
 * export const frozen = Incus.isUp({ status: "Frozen" })
 * // => false
 */
export const isUp = ({ status }: { readonly status: string }): boolean =>
  status === "Running" || status === "Ready"

/**
 * What an instance uses at this moment: `GET /1.0/instances/NAME/state`. A stopped instance has no `pid` (0).
 *
 * @example
 * import * as Incus from "clincus/incus"
 * import * as Effect from "effect/Effect"
 *
 * export const addresses = (name: string) =>
 *   Effect.map(
 *     Effect.flatMap(Incus.IncusService, ({ instances }) => instances.state(name)),
 *     ({ network }: Incus.InstanceState) =>
 *       Object.values(network).flatMap(({ addresses }) =>
 *         addresses.filter(({ scope }) => scope === "global").map(({ address }) => address))
 *   )
 */
export const InstanceState = Schema.Struct({
  status: Schema.String,
  pid: orEmpty(Schema.Number, () => 0),
  processes: orEmpty(Schema.Number, () => 0),
  /** bytes */
  memory: orEmpty(Schema.Struct({ usage: orEmpty(Schema.Number, () => 0) }), () => ({ usage: 0 })),
  disk: orEmpty(
    Schema.Record({ key: Schema.String, value: Schema.Struct({ usage: orEmpty(Schema.Number, () => 0) }) }),
    () => ({})
  ),
  network: orEmpty(
    Schema.Record({
      key: Schema.String,
      value: Schema.Struct({
        addresses: orEmpty(
          Schema.Array(
            Schema.Struct({ family: Schema.String, address: Schema.String, scope: Schema.String })
          ),
          () => []
        )
      })
    }),
    () => ({})
  )
})
export type InstanceState = typeof InstanceState.Type

/**
 * An image in the store: `GET /1.0/images/FINGERPRINT`.
 *
 * @example
 * import * as Incus from "clincus/incus"
 * import * as Effect from "effect/Effect"
 *
 * export const oldest = Effect.map(
 *   Effect.flatMap(Incus.IncusService, ({ images }) => images.list),
 *   (images: ReadonlyArray<Incus.Image>) => Math.min(...images.map(({ created_at }) => created_at.getTime()))
 * )
 */
export const Image = Schema.Struct({
  fingerprint: Schema.String,
  /** bytes */
  size: Schema.Number,
  type: Schema.String,
  architecture: Schema.String,
  aliases: orEmpty(Schema.Array(Schema.Struct({ name: Schema.String })), () => []),
  properties: orEmpty(Strings, () => ({})),
  created_at: Schema.DateFromString,
  uploaded_at: Schema.DateFromString
})
export type Image = typeof Image.Type

export const ImageAlias = Schema.Struct({ name: Schema.String, target: Schema.String })

/**
 * Work of the daemon that outlives the request which began it: `GET /1.0/operations/ID`. From `status_code` 200 on it has ended,
 * from 400 on it has failed, and `err` says why.
 *
 * @example
 * import * as Incus from "clincus/incus"
 * import * as Schema from "effect/Schema"
 *
 * const read = Schema.decodeUnknownSync(Incus.Operation)
 *
 * export const why = read({ id: "1", status: "Failure", status_code: 400, err: "not enough space" }).err
 * // => "not enough space"
 */
export const Operation = Schema.Struct({
  id: Schema.String,
  status: Schema.String,
  status_code: Schema.Number,
  err: orEmpty(Schema.String, () => ""),
  description: orEmpty(Schema.String, () => ""),
  /** Paths of what it is about, by kind. */
  resources: orEmpty(
    Schema.Record({ key: Schema.String, value: listOf(Schema.String) }),
    () => ({})
  ),
  metadata: Schema.optionalWith(Schema.Record({ key: Schema.String, value: Schema.Unknown }), {
    nullable: true,
    default: () => ({})
  })
})
export type Operation = typeof Operation.Type

/** All operations of a project, by their state; `recursion=1`. */
export const Operations = Schema.Record({
  key: Schema.String,
  value: listOf(Operation)
})

/** The envelope around every answer: `sync`, `async` (an operation was started) or `error`. */
export const Envelope = Schema.Struct({
  type: Schema.Literal("sync", "async", "error"),
  error: orEmpty(Schema.String, () => ""),
  error_code: orEmpty(Schema.Number, () => 0),
  metadata: Schema.optionalWith(Schema.Unknown, { nullable: true })
})

/** What `operation` metadata of an exec holds: the secret of each WebSocket, by file descriptor. */
export const ExecMetadata = Schema.Struct({ fds: Strings })

/** What it holds when the command has ended. */
export const ExecResultMetadata = Schema.Struct({ return: Schema.Number })

/**
 * An event of the server, its `metadata` as the type has it: https://linuxcontainers.org/incus/docs/main/events/.
 *
 * @example
 * import * as Incus from "clincus/incus"
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 * import * as Stream from "effect/Stream"
 *
 * export const log = Effect.flatMap(Incus.IncusService, ({ events }) =>
 *   Stream.runForEach(events.of(["logging", "operation"]), ({ timestamp, type }: Incus.IncusEvent) =>
 *     Console.log(`${timestamp} ${type}`)))
 */
export const IncusEvent = Schema.Struct({
  type: Schema.String,
  timestamp: Schema.String,
  metadata: Schema.Unknown
})
export type IncusEvent = typeof IncusEvent.Type

/**
 * `metadata` of a lifecycle event: `instance-started` of the instance `name`.
 *
 * @example
 * import * as Incus from "clincus/incus"
 * import * as Effect from "effect/Effect"
 * import * as Stream from "effect/Stream"
 *
 * export const stopped = (name: string) =>
 *   Effect.flatMap(Incus.IncusService, ({ events }) =>
 *     events.instances.pipe(
 *       Stream.filter((event: Incus.LifecycleEvent) => event.action === "instance-stopped" && event.name === name),
 *       Stream.runHead
 *     ))
 */
export const LifecycleEvent = Schema.Struct({
  action: Schema.String,
  name: Schema.optionalWith(Schema.String, { default: () => "" })
})
export type LifecycleEvent = typeof LifecycleEvent.Type
