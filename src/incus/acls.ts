import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import { type Client, orNone } from "./client.ts"
import { type IncusFailure, IncusRequestError } from "./errors.ts"
import { NetworkAcl } from "./infrastructureSchemas.ts"

/**
 * What of an ACL can be written, whole.
 *
 * @see AclRule
 */
export type AclContent = Pick<NetworkAcl, "description" | "config" | "egress" | "ingress">

/**
 * ACLs: rules for what passes between the instances of a network, and others. Incus applies drop and reject before allow,
 * whatever their order; see https://linuxcontainers.org/incus/docs/main/howto/network_acls/.
 *
 * @see AclRule
 */
export interface Acls {
  /** The ACL of a name; none if there is none. */
  readonly get: (name: string) => Effect.Effect<Option.Option<NetworkAcl>, IncusFailure>
  /** Creates an ACL. Fails with `IncusRequestError` if the name is taken. */
  readonly create: (name: string, acl: AclContent) => Effect.Effect<void, IncusFailure>
  /**
   * Replaces what an ACL says by what `change` makes of it, in force for all networks that use it when this returns. Of two
   * who write at once Incus may lose one, so the ACL is read and `change` asked again until it gives none: nothing is left
   * to be changed, and again 150 ms after a change.
   */
  readonly edit: (
    name: string,
    change: (acl: NetworkAcl) => Option.Option<AclContent>
  ) => Effect.Effect<void, IncusFailure>
  /** Deletes an ACL that no network uses. */
  readonly remove: (name: string) => Effect.Effect<void, IncusFailure>
}

/** So many others may be quicker, one after the other. */
const turns = 200

/** A writer that has had its tag compared has written within this time. */
const writing = "150 millis"

export const makeAcls = (client: Client): Acls => {
  const at = (name: string) => client.path(["network-acls", name])

  /** Changes an ACL as it is now; true if there was nothing to change. */
  const turn = (name: string, change: (acl: NetworkAcl) => Option.Option<AclContent>) =>
    client.getTagged(at(name), NetworkAcl).pipe(
      Effect.flatMap(({ etag, value }) =>
        Option.match(change(value), {
          onNone: () => Effect.succeed(true),
          onSome: (json) =>
            Effect.as(
              client.send({ method: "PUT", path: at(name), headers: { "If-Match": etag }, json }),
              false
            )
        })
      ),
      Effect.catchIf(
        (error) => error instanceof IncusRequestError && error.status === 412,
        () => Effect.as(Effect.sleep("20 millis"), false)
      )
    )

  return {
    get: (name) => orNone(client.get(at(name), NetworkAcl)),
    create: (name, acl) =>
      client.send({ method: "POST", path: client.path(["network-acls"]), json: { name, ...acl } }),
    edit: (name, change) => {
      const once = turn(name, change)
      const changed = Effect.repeat(once, {
        until: (unchanged) => unchanged,
        schedule: Schedule.recurs(turns)
      })
      // Incus compares the tag some time before it writes, so a slower writer may yet take the change away.
      const kept = Effect.zipRight(Effect.zipRight(changed, Effect.sleep(writing)), once)
      return Effect.flatMap(once, (unchanged) =>
        unchanged
          ? Effect.void
          : Effect.asVoid(
            Effect.repeat(kept, { until: (still) => still, schedule: Schedule.recurs(turns) })
          ))
    },
    remove: (name) => client.send({ method: "DELETE", path: at(name) })
  }
}
