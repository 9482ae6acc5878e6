import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { type Client, instanceNamed, isNotFound } from "./client.ts"
import {
  ImageNotFound,
  type IncusFailure,
  IncusRequestError,
  InstanceChanged,
  type InstanceNotFound,
  NameTaken
} from "./errors.ts"
import { type Device, Instance, InstanceState, listOf } from "./schemas.ts"

/** What an instance is made from and with; see https://linuxcontainers.org/incus/docs/main/reference/instance_options/. */
export interface InstanceSpec {
  readonly name: string
  /** Alias or fingerprint of a local image. */
  readonly image: string
  /** Incus deletes an ephemeral instance by itself when it stops. */
  readonly ephemeral: boolean
  readonly config: Record<string, string>
  readonly devices: Record<string, Device>
  readonly profiles: ReadonlyArray<string>
}

/** A change of an instance: the keys given are set, those given as `""` are removed, the others stay. */
export interface InstancePatch {
  readonly config?: Record<string, string>
  readonly devices?: Record<string, Device>
  readonly ephemeral?: boolean
}

export interface Instances {
  /** All instances of the project without their state: one request, a few ms. */
  readonly list: Effect.Effect<ReadonlyArray<Instance>, IncusFailure>
  /** The instances of all projects that this user may see. */
  readonly listAll: Effect.Effect<ReadonlyArray<Instance>, IncusFailure>
  readonly get: (name: string) => Effect.Effect<Instance, IncusFailure | InstanceNotFound>
  /** Live figures (processes, memory, addresses). Slower than `get`: the daemon looks into the container. */
  readonly state: (name: string) => Effect.Effect<InstanceState, IncusFailure | InstanceNotFound>
  /** Creates an instance and starts it, in one request. Where it fails after creating, the instance may be left behind: release it. */
  readonly createAndStart: (
    spec: InstanceSpec
  ) => Effect.Effect<void, IncusFailure | NameTaken | ImageNotFound>
  readonly start: (name: string) => Effect.Effect<void, IncusFailure | InstanceNotFound>
  /** `force` kills at once; else the guest is asked to shut down and gets `timeoutSeconds`. Stopping what is stopped is no error. */
  readonly stop: (
    name: string,
    options: { readonly force: boolean; readonly timeoutSeconds?: number }
  ) => Effect.Effect<void, IncusFailure | InstanceNotFound>
  readonly update: (
    name: string,
    patch: InstancePatch
  ) => Effect.Effect<void, IncusFailure | InstanceNotFound>
  /**
   * Replaces configuration and devices whole, made from what stands there. Fails with `InstanceChanged` where `change`
   * returns none or somebody else was quicker, so that of two who try at once exactly one succeeds.
   */
  readonly edit: (
    name: string,
    change: (instance: Instance) => Option.Option<Required<InstancePatch>>
  ) => Effect.Effect<void, IncusFailure | InstanceNotFound | InstanceChanged>
  /** Gives a stopped instance another name; fails with `NameTaken` where that is in use. */
  readonly rename: (
    name: string,
    to: string
  ) => Effect.Effect<void, IncusFailure | InstanceNotFound | NameTaken>
  /** Deletes a stopped instance. One that is gone already is no error. */
  readonly remove: (name: string) => Effect.Effect<void, IncusFailure>
  /** Stops by force and deletes, whatever the state; tolerates an instance that goes away meanwhile. */
  readonly destroy: (name: string) => Effect.Effect<void, IncusFailure>
}

export const makeInstances = (client: Client): Instances => {
  const at = (name: string, ...rest: ReadonlyArray<string>) => client.path(["instances", name, ...rest])

  const get: Instances["get"] = (name) =>
    client.get(at(name), Instance).pipe(Effect.mapError(instanceNamed(name)))

  const stop: Instances["stop"] = (name, options) =>
    client.run({
      method: "PUT",
      path: at(name, "state"),
      json: { action: "stop", force: options.force, timeout: options.timeoutSeconds ?? -1 }
    }).pipe(
      Effect.asVoid,
      Effect.mapError(instanceNamed(name)),
      Effect.catchTag("IncusRequestError", (error) =>
        /already stopped|is not running/i.test(error.reason) ? Effect.void : Effect.fail(error))
    )

  const remove: Instances["remove"] = (name) =>
    client.run({ method: "DELETE", path: at(name) }).pipe(
      Effect.asVoid,
      Effect.catchIf(isNotFound, () => Effect.void)
    )

  return {
    list: client.get(client.path(["instances"], { recursion: "1" }), listOf(Instance)),
    listAll: client.get("/1.0/instances?recursion=1&all-projects=true", listOf(Instance)),
    get,
    state: (name) => client.get(at(name, "state"), InstanceState).pipe(Effect.mapError(instanceNamed(name))),
    createAndStart: (spec) =>
      client.run({
        method: "POST",
        path: client.path(["instances"]),
        json: {
          name: spec.name,
          type: "container",
          source: /^[0-9a-f]{12,64}$/.test(spec.image)
            ? { type: "image", fingerprint: spec.image }
            : { type: "image", alias: spec.image },
          ephemeral: spec.ephemeral,
          config: spec.config,
          devices: spec.devices,
          profiles: spec.profiles,
          start: true
        }
      }).pipe(
        Effect.asVoid,
        Effect.catchTag(
          "IncusRequestError",
          (error): Effect.Effect<never, IncusFailure | NameTaken | ImageNotFound> => {
            if (/UNIQUE constraint|already exists|Instance is busy running/i.test(error.reason)) {
              return Effect.fail(
                new NameTaken({ name: spec.name })
              )
            }
            if (/image/i.test(error.reason) && /not (found|provided)/i.test(error.reason)) {
              return Effect.fail(new ImageNotFound({ image: spec.image }))
            }
            return Effect.fail(error)
          }
        )
      ),
    start: (name) =>
      client.run({ method: "PUT", path: at(name, "state"), json: { action: "start", timeout: -1 } }).pipe(
        Effect.asVoid,
        Effect.mapError(instanceNamed(name)),
        Effect.catchTag(
          "IncusRequestError",
          (error) => /already running/i.test(error.reason) ? Effect.void : Effect.fail(error)
        )
      ),
    stop,
    update: (name, patch) =>
      client.send({
        method: "PATCH",
        path: at(name),
        json: {
          ...(patch.config === undefined ? {} : { config: patch.config }),
          ...(patch.devices === undefined ? {} : { devices: patch.devices }),
          ...(patch.ephemeral === undefined ? {} : { ephemeral: patch.ephemeral })
        }
      }).pipe(Effect.mapError(instanceNamed(name))),
    edit: (name, change) =>
      client.getTagged(at(name), Instance).pipe(
        Effect.flatMap(({ etag, value }) =>
          Option.match(change(value), {
            onNone: () => Effect.fail<IncusFailure | InstanceChanged>(new InstanceChanged({ name })),
            onSome: (changed): Effect.Effect<unknown, IncusFailure | InstanceChanged> =>
              client.run({
                method: "PUT",
                path: at(name),
                headers: { "If-Match": etag },
                json: {
                  architecture: value.architecture,
                  description: value.description,
                  profiles: value.profiles,
                  ...changed
                }
              })
          })
        ),
        Effect.asVoid,
        Effect.mapError((error) =>
          error instanceof InstanceChanged
            ? error
            : error instanceof IncusRequestError && error.status === 412
            ? new InstanceChanged({ name })
            : instanceNamed(name)(error)
        )
      ),
    rename: (name, to) =>
      client.run({ method: "POST", path: at(name), json: { name: to } }).pipe(
        Effect.asVoid,
        Effect.mapError((error) =>
          error instanceof IncusRequestError &&
            /already exists|UNIQUE constraint|already in use/i.test(error.reason)
            ? new NameTaken({ name: to })
            : instanceNamed(name)(error)
        )
      ),
    remove,
    destroy: (name) =>
      stop(name, { force: true }).pipe(
        Effect.zipRight(remove(name)),
        Effect.catchTag("InstanceNotFound", () => Effect.void)
      )
  }
}
