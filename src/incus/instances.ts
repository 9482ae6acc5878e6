import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { type Client, instanceNamed, isNotFound, orNone } from "./client.ts"
import {
  ImageNotFound,
  type IncusFailure,
  IncusRequestError,
  InstanceChanged,
  NameTaken,
  OperationLost,
  requestOutcome
} from "./errors.ts"
import type { InstancePatch, Instances, InstanceSpec } from "./instancesApi.ts"
import { isBusy, makePower } from "./power.ts"
import { passing, retryPassing } from "./retry.ts"
import { ImageAlias, Instance, InstanceState, isUp, listOf } from "./schemas.ts"
import { makeSettle, stateOf } from "./settle.ts"

const hasAll = (has: Readonly<Record<string, string>>, wanted: Readonly<Record<string, string>>): boolean =>
  Object.entries(wanted).every(([key, value]) => (has[key] ?? "") === value)

/** Whether an instance is the one that was asked for, by its `user.` keys; undefined if it was to have none. */
const isThat = (instance: Instance, { config }: InstanceSpec): boolean | undefined => {
  const labels = Object.entries(config).filter(([key]) => key.startsWith("user."))
  return labels.length === 0 ? undefined : hasAll(instance.config, Object.fromEntries(labels))
}

/** True if an instance is as it was to be, but for what the daemon itself notes in it. */
const isAs = (instance: Instance, wanted: InstancePatch): boolean => {
  const own = Object.fromEntries(
    Object.entries(instance.config).filter(([key]) => !key.startsWith("volatile."))
  )
  const names = Object.keys(instance.devices)
  return hasAll(instance.config, wanted.config) && hasAll(wanted.config, own)
    && names.length === Object.keys(wanted.devices).length
    && names.every((name) => {
      const [is, to] = [instance.devices[name] ?? {}, wanted.devices[name] ?? {}]
      return hasAll(is, to) && hasAll(to, is)
    })
    && instance.ephemeral === wanted.ephemeral
}

const isTaken = (failure: IncusFailure): boolean =>
  failure instanceof IncusRequestError &&
  (isBusy(failure) || /UNIQUE constraint|already exists/i.test(failure.reason))

export const makeInstances = (client: Client): Instances => {
  const at = (name: string, ...rest: ReadonlyArray<string>) => client.path(["instances", name, ...rest])
  const settle = makeSettle(client)
  const { afterwards, judge } = settle
  const { start, stop } = makePower(client, settle)

  const get: Instances["get"] = (name) =>
    client.get(at(name), Instance).pipe(Effect.mapError(instanceNamed(name)))

  const remove: Instances["remove"] = (name) =>
    client.run({ method: "DELETE", path: at(name) }).pipe(
      judge(name, Option.isNone),
      Effect.catchIf(isNotFound, () => Effect.void)
    )

  /** Names that look like a fingerprint are aliases first. */
  const sourceFor = (image: string) =>
    !/^[0-9a-f]{12,64}$/.test(image)
      ? Effect.succeed({ type: "image", alias: image })
      : orNone(client.get(client.path(["images", "aliases", image]), ImageAlias)).pipe(
        Effect.map(Option.match({
          onNone: () => ({ type: "image", fingerprint: image }),
          onSome: () => ({ type: "image", alias: image })
        }))
      )

  const create = (spec: InstanceSpec) =>
    Effect.flatMap(sourceFor(spec.image), (source) =>
      client.run({
        method: "POST",
        path: client.path(["instances"]),
        json: {
          name: spec.name,
          type: "container",
          source,
          ephemeral: spec.ephemeral,
          config: spec.config,
          devices: spec.devices,
          profiles: spec.profiles,
          start: true
        }
      }))

  /** What a creation whose end is not known has left, and what that means. */
  const afterDoubt = (spec: InstanceSpec, failure: IncusFailure) =>
    Effect.gen(function*() {
      const found = yield* afterwards(spec.name).pipe(Effect.mapError(() => failure))
      if (Option.isSome(found)) {
        const isOurs = isThat(found.value, spec)
        if (isOurs === false) return yield* new NameTaken({ name: spec.name })
        if (isOurs === true && isUp(found.value)) return
      }
      if (failure._tag !== "OperationLost") return yield* Effect.fail(failure)
      const { method, operation, path } = failure
      return yield* new OperationLost({ method, operation, path, seen: stateOf(spec.name, found) })
    })

  /** The name is taken; but if the operation failed half-way, perhaps by the instance that it has made itself. */
  const taken = (spec: InstanceSpec, failure: IncusRequestError) =>
    Effect.gen(function*() {
      if (requestOutcome(failure) === "Refused") return yield* new NameTaken({ name: spec.name })
      const found = yield* afterwards(spec.name).pipe(Effect.mapError(() => failure))
      if (!Option.exists(found, (instance) => isThat(instance, spec) === true)) {
        return yield* new NameTaken({ name: spec.name })
      }
      // The loser of a race for a name keeps the name busy for a moment, so that the winner cannot start it.
      if (!isBusy(failure)) return yield* failure
      yield* start(spec.name).pipe(retryPassing(client.patience), Effect.mapError(() => failure))
    })

  const createAndStart: Instances["createAndStart"] = (spec) =>
    create(spec).pipe(
      Effect.asVoid,
      Effect.catchAll((failure): Effect.Effect<void, IncusFailure | NameTaken | ImageNotFound> => {
        if (failure._tag === "IncusRequestError") {
          if (isTaken(failure)) return taken(spec, failure)
          if (/image/i.test(failure.reason) && /not (found|provided)/i.test(failure.reason)) {
            return new ImageNotFound({ image: spec.image })
          }
          // An operation that has ended in a failure leaves no doubt.
          if (failure.status < 500) return failure
        }
        return requestOutcome(failure) === "Unknown" ? afterDoubt(spec, failure) : Effect.fail(failure)
      }),
      Effect.onInterrupt(() =>
        afterwards(spec.name).pipe(
          Effect.interruptible,
          Effect.timeout(Duration.times(client.patience, 3)),
          Effect.ignore
        )
      ),
      Effect.withSpan("Instances.createAndStart")
    )

  return {
    list: client.get(client.path(["instances"], { recursion: "1" }), listOf(Instance)),
    listAll: client.get("/1.0/instances?recursion=1&all-projects=true", listOf(Instance)),
    get,
    state: (name) => client.get(at(name, "state"), InstanceState).pipe(Effect.mapError(instanceNamed(name))),
    createAndStart,
    start,
    stop,
    edit: (name, change) =>
      client.getTagged(at(name), Instance).pipe(
        Effect.flatMap(({ etag, value }) =>
          Option.match(change(value), {
            onNone: () => Effect.fail<IncusFailure | InstanceChanged>(new InstanceChanged({ name })),
            onSome: (changed): Effect.Effect<void, IncusFailure | InstanceChanged> =>
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
              }).pipe(judge(name, Option.exists((instance) => isAs(instance, changed))))
          })
        ),
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
        judge(name, Option.isNone),
        Effect.mapError((error) =>
          error instanceof IncusRequestError && (isTaken(error) || /already in use/i.test(error.reason))
            ? new NameTaken({ name: to }) :
            instanceNamed(name)(error)
        )
      ),
    remove,
    destroy: (name) =>
      stop(name, { force: true }).pipe(
        Effect.zipRight(remove(name)),
        // One that is starting counts as stopped until it is up; then Incus deletes it no more.
        Effect.retry({
          while: (error) => error._tag === "IncusRequestError" && /Instance is running/i.test(error.reason),
          schedule: passing("10 seconds")
        }),
        Effect.catchTag("InstanceNotFound", () => Effect.void)
      )
  }
}
