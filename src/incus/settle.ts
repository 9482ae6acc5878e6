import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { type Client, orNone } from "./client.ts"
import { type IncusFailure, OperationLost } from "./errors.ts"
import type { TransportRequest } from "./httpRequest.ts"
import { isConnection, passing } from "./retry.ts"
import { Instance, Operations } from "./schemas.ts"

/** Looks at instances if the answers to requests do not tell what became of them. */
export interface Settle {
  /**
   * Waits until the daemon works on nothing that concerns the instance, then looks at it. One that is not there is looked
   * for again for a moment: the request that makes it may just be being read.
   */
  readonly afterwards: (name: string) => Effect.Effect<Option.Option<Instance>, IncusFailure>
  /**
   * Turns `OperationLost` into success if the instance is as `wanted` (none: it is gone), now or in a moment; else it
   * stays, and says what was seen.
   */
  readonly judge: (
    name: string,
    wanted: (found: Option.Option<Instance>) => boolean
  ) => <A, E extends { readonly _tag: string }, R>(
    effect: Effect.Effect<A, E, R>
  ) => Effect.Effect<void, E | IncusFailure, R>
}

/** An instance in words. */
export const stateOf = (name: string, found: Option.Option<Instance>): string =>
  Option.match(found, {
    onNone: () => `there is no container ${name}`,
    onSome: ({ status }) => `the container ${name} is there, ${status.toLowerCase()}`
  })

export const makeSettle = (client: Client): Settle => {
  /** How long something that is asked for may need until it can be seen; 1 s usually. */
  const moment = Duration.times(client.patience, 0.1)

  const find = (name: string) =>
    orNone(client.get(client.path(["instances", name]), Instance)).pipe(
      Effect.retry({ while: isConnection, schedule: passing(client.patience) })
    )

  /** The operations on an instance that have not ended. */
  const operationsOn = (name: string) =>
    client.get(client.path(["operations"], { recursion: "1" }), Operations).pipe(
      Effect.map((all) =>
        Object.values(all).flat().filter(({ resources, status_code }) =>
          status_code < 200 &&
          [resources["instances"], resources["containers"]].some((paths) =>
            paths?.some((path) => path.split("?")[0] === `/1.0/instances/${encodeURIComponent(name)}`)
          )
        )
      ),
      Effect.retry({ while: isConnection, schedule: passing(client.patience) })
    )

  const afterwards: Settle["afterwards"] = (name) => {
    const request: TransportRequest = { method: "GET", path: client.path(["instances", name]) }
    return operationsOn(name).pipe(
      Effect.flatMap(Effect.forEach((operation) => Effect.ignore(client.wait(operation, request)))),
      Effect.zipRight(find(name)),
      Effect.flatten,
      Effect.retry({
        while: (error) => error._tag === "NoSuchElementException",
        schedule: passing(moment)
      }),
      Effect.asSome,
      Effect.catchTag("NoSuchElementException", () => Effect.succeed(Option.none<Instance>()))
    )
  }

  const judge: Settle["judge"] = (name, wanted) => (effect) =>
    effect.pipe(
      Effect.asVoid,
      Effect.catchIf(
        (error): error is Extract<typeof error, OperationLost> => error instanceof OperationLost,
        (lost) => {
          const { method, operation, path } = lost
          const still = (seen: string) => new OperationLost({ operation, method, path, seen })
          const isOtherwise = (error: IncusFailure) => error._tag === "OperationLost"
          return find(name).pipe(
            Effect.filterOrFail(wanted, (found) => still(stateOf(name, found))),
            Effect.retry({ while: isOtherwise, schedule: passing(moment) }),
            Effect.mapError((error) =>
              isOtherwise(error)
                ? error
                : still(`the container ${name} could not be looked at: ${error.message}`)
            ),
            Effect.asVoid
          )
        }
      )
    )

  return { afterwards, judge }
}
