import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { type Client, instanceNamed } from "./client.ts"
import { IncusRequestError } from "./errors.ts"
import type { Instances } from "./instancesApi.ts"
import { passing } from "./retry.ts"
import { isUp } from "./schemas.ts"
import type { Settle } from "./settle.ts"

/** True while Incus does something else to the instance. */
export const isBusy = (error: { readonly _tag: string }): boolean =>
  error instanceof IncusRequestError && /Instance is busy running/i.test(error.reason)

/**
 * True for what Incus says of a start while the instance is still being stopped. It calls an instance stopped a moment
 * before the last of its processes and mounts are gone (https://github.com/canonical/lxd/issues/13453), and the program
 * that starts a container, `forkstart`, fails then without saying why, as it does for what does not pass.
 */
const mayBeStopping = (error: { readonly _tag: string }): boolean =>
  isBusy(error)
  || (error instanceof IncusRequestError
    && /\bforkstart\b|already running|cannot be started as in/i.test(error.reason))

const isAlreadyRunning = (error: { readonly _tag: string }): boolean =>
  error instanceof IncusRequestError && /already running/i.test(error.reason)

/** Switches instances on and off: see `Instances`. */
export const makePower = (
  client: Client,
  { afterwards, judge }: Settle
): Pick<Instances, "start" | "stop"> => {
  const change = (name: string, json: Readonly<Record<string, unknown>>) =>
    client.run({ method: "PUT", path: client.path(["instances", name, "state"]), json }).pipe(
      Effect.mapError(instanceNamed(name))
    )

  return {
    start: (name) =>
      change(name, { action: "start", timeout: -1 }).pipe(
        judge(name, Option.exists(isUp)),
        // What is being stopped is called running too, until it is off.
        Effect.catchIf(isAlreadyRunning, (error) =>
          Effect.flatMap(
            afterwards(name),
            (found) => Option.exists(found, isUp) ? Effect.void : Effect.fail(error)
          )),
        Effect.retry({
          while: mayBeStopping,
          schedule: passing(Duration.times(client.patience, 0.3))
        }),
        Effect.withSpan("Instances.start")
      ),
    stop: (name, options) =>
      change(name, { action: "stop", force: options.force, timeout: options.timeoutSeconds ?? -1 }).pipe(
        judge(name, (found) => Option.isNone(found) || found.value.status === "Stopped"),
        Effect.catchTag(
          "IncusRequestError",
          (error) => /already stopped|is not running/i.test(error.reason) ? Effect.void : Effect.fail(error)
        )
      )
  }
}
