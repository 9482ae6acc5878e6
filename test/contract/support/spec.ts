import * as Effect from "effect/Effect"
import { IncusService } from "../../../src/incus/IncusService.ts"
import type { InstanceSpec } from "../../../src/incus/instancesApi.ts"
import { Ground } from "./Ground.ts"

let count = 0

/** What a container of a test is made from, with a name that no other test has. */
export const specOf = (changes: Partial<InstanceSpec> = {}) =>
  Effect.map(Ground, ({ image, prefix }): InstanceSpec => ({
    name: `${prefix}c${++count}`,
    image,
    ephemeral: false,
    config: { "user.clincus.test": "contract" },
    devices: { eth0: { type: "none" } },
    profiles: ["default", "clincus"],
    ...changes
  }))

/** Removes a container when the scope closes, whatever has become of it. */
export const removedAtEnd = (name: string) =>
  Effect.flatMap(
    IncusService,
    ({ instances }) =>
      Effect.addFinalizer(() => instances.destroy(name).pipe(Effect.retry({ times: 20 }), Effect.orDie))
  )

/** A container that runs, until the scope closes. */
export const running = (changes: Partial<InstanceSpec> = {}) =>
  Effect.gen(function*() {
    const { instances } = yield* IncusService
    const spec = yield* specOf(changes)
    yield* removedAtEnd(spec.name)
    yield* instances.createAndStart(spec)
    return spec.name
  })

/** One that stands stopped, until the scope closes. */
export const stopped = (changes: Partial<InstanceSpec> = {}) =>
  Effect.gen(function*() {
    const { instances } = yield* IncusService
    const name = yield* running(changes)
    yield* instances.stop(name, { force: true })
    return name
  })

/** `Running`, `Stopped`, … or, where there is no such container, `Gone`. */
export const statusOf = (name: string) =>
  Effect.flatMap(IncusService, ({ instances }) => instances.get(name)).pipe(
    Effect.map(({ status }) => status),
    Effect.catchTag("InstanceNotFound", () => Effect.succeed("Gone"))
  )
