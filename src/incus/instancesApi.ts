import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { ImageNotFound, IncusFailure, InstanceChanged, InstanceNotFound, NameTaken } from "./errors.ts"
import type { Device, Instance, InstanceState } from "./schemas.ts"

/**
 * What an instance is made from and with; see https://linuxcontainers.org/incus/docs/main/reference/instance_options/.
 *
 * @example
 * import * as Incus from "clincus/incus"
 * import * as Effect from "effect/Effect"
 *
 * const spec: Incus.InstanceSpec = {
 *   name: "job",
 *   image: "debian",
 *   profiles: ["default"],
 *   ephemeral: true,
 *   config: { "user.job": "7" },
 *   devices: { data: { type: "disk", source: "/srv/data", path: "/data", readonly: "true" } }
 * }
 *
 * // A container for as long as its scope is open.
 * export const job = Effect.gen(function*() {
 *   const { instances } = yield* Incus.IncusService
 *   yield* Effect.acquireRelease(instances.createAndStart(spec), () => Effect.orDie(instances.destroy(spec.name)))
 * })
 */
export interface InstanceSpec {
  readonly name: string
  /** Alias of a local image, or its fingerprint if no image has this alias. */
  readonly image: string
  /** Incus deletes an ephemeral instance by itself when it stops. */
  readonly ephemeral: boolean
  readonly config: Record<string, string>
  readonly devices: Record<string, Device>
  readonly profiles: ReadonlyArray<string>
}

/**
 * What of an instance can be changed, whole: what is not in it is gone.
 *
 * @example
 * import * as Incus from "clincus/incus"
 * import * as Effect from "effect/Effect"
 * import * as Option from "effect/Option"
 *
 * const withoutLimits = ({ config, devices, ephemeral }: Incus.Instance): Incus.InstancePatch => ({
 *   config: Object.fromEntries(Object.entries(config).filter(([key]) => !key.startsWith("limits."))),
 *   devices,
 *   ephemeral
 * })
 *
 * export const free = Effect.flatMap(Incus.IncusService, ({ instances }) =>
 *   instances.edit("web", (instance) => Option.some(withoutLimits(instance))))
 */
export interface InstancePatch {
  readonly config: Record<string, string>
  readonly devices: Record<string, Device>
  readonly ephemeral: boolean
}

/**
 * The instances of a project: containers and virtual machines; see https://linuxcontainers.org/incus/docs/main/instances/.
 *
 * @example
 * import * as Incus from "clincus/incus"
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 * import * as Option from "effect/Option"
 *
 * const failed = (failure: Incus.NameTaken | Incus.ImageNotFound) => Console.error(failure.message)
 *
 * export const web = Effect.gen(function*() {
 *   const { instances } = yield* Incus.IncusService
 *   yield* instances.createAndStart({
 *     name: "web",
 *     image: "debian",
 *     profiles: ["default"],
 *     ephemeral: false,
 *     config: { "limits.memory": "1GiB" },
 *     devices: {}
 *   })
 *   yield* instances.edit("web", ({ config, devices, ephemeral }) =>
 *     Option.some({ config: { ...config, "user.owner": "ada" }, devices, ephemeral }))
 *   yield* instances.stop("web", { force: false, timeoutSeconds: 30 })
 * }).pipe(Effect.catchTags({
 *   ImageNotFound: failed,
 *   InstanceChanged: ({ name }) => Console.error(`somebody else has changed ${name}`),
 *   InstanceNotFound: ({ name }) => Console.error(`${name} is gone`),
 *   NameTaken: failed
 * }))
 */
export interface Instances {
  /** All instances of the project without their state: one request, a few ms. */
  readonly list: Effect.Effect<ReadonlyArray<Instance>, IncusFailure>
  /** The instances of all projects that this user may see. */
  readonly listAll: Effect.Effect<ReadonlyArray<Instance>, IncusFailure>
  /** One instance, without its state. */
  readonly get: (name: string) => Effect.Effect<Instance, IncusFailure | InstanceNotFound>
  /** Live figures (processes, memory, addresses). Slower than `get`: the daemon looks into the container. */
  readonly state: (name: string) => Effect.Effect<InstanceState, IncusFailure | InstanceNotFound>
  /**
   * Creates an instance and starts it, in one request that is never sent twice. If the answer is lost, the daemon is
   * waited for and the instance looked at: success is an instance with these `user.` keys that runs. `NameTaken` is always
   * about another's. After any other failure whose `requestOutcome` is `Unknown`, and after an interruption (which waits until
   * the daemon is done with it, for 30 s at most), it may be there, wholly or half: release it by its name and its labels.
   */
  readonly createAndStart: (
    spec: InstanceSpec
  ) => Effect.Effect<void, IncusFailure | NameTaken | ImageNotFound>
  /**
   * Starts a stopped instance and returns when the daemon calls it started: its system may still boot. Starting what runs is
   * not an error. What may be failing only because the instance is still being stopped is tried again, for 3 s.
   */
  readonly start: (name: string) => Effect.Effect<void, IncusFailure | InstanceNotFound>
  /**
   * `force` kills at once; else the guest is asked to shut down and gets `timeoutSeconds`. Stopping what is stopped is not an error.
   * If the daemon forgets the operation, this and the others below look at the instance: `OperationLost` means that it
   * is not as it should be.
   */
  readonly stop: (
    name: string,
    options: { readonly force: boolean; readonly timeoutSeconds?: number }
  ) => Effect.Effect<void, IncusFailure | InstanceNotFound>
  /**
   * Replaces configuration and devices whole, made from what stands there. Fails with `InstanceChanged` if `change`
   * returns none or somebody else was quicker, so that of two who try at once exactly one succeeds.
   */
  readonly edit: (
    name: string,
    change: (instance: Instance) => Option.Option<InstancePatch>
  ) => Effect.Effect<void, IncusFailure | InstanceNotFound | InstanceChanged>
  /** Gives a stopped instance another name; fails with `NameTaken` if that is in use. */
  readonly rename: (
    name: string,
    to: string
  ) => Effect.Effect<void, IncusFailure | InstanceNotFound | NameTaken>
  /** Deletes a stopped instance. That it is gone already is not an error. */
  readonly remove: (name: string) => Effect.Effect<void, IncusFailure>
  /** Stops by force and deletes, whatever the state; tolerates an instance that goes away meanwhile. */
  readonly destroy: (name: string) => Effect.Effect<void, IncusFailure>
}
