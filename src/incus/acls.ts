import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { type Client, orNone } from "./client.ts"
import { type IncusFailure, IncusRequestError } from "./errors.ts"
import { passing } from "./retry.ts"
import { NetworkAcl } from "./schemas.ts"

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
   * Replaces what an ACL says by what `change` makes of it, in force for all networks that use it when this returns; none
   * leaves it as it is. If somebody else was quicker it is read anew, so `change` may run several times.
   */
  readonly edit: (
    name: string,
    change: (acl: NetworkAcl) => Option.Option<AclContent>
  ) => Effect.Effect<void, IncusFailure>
  /** Deletes an ACL that no network uses. */
  readonly remove: (name: string) => Effect.Effect<void, IncusFailure>
}

/** Starts that change the same ACL at once take turns for no longer than this. */
const turns = "10 seconds"

export const makeAcls = (client: Client): Acls => {
  const at = (name: string) => client.path(["network-acls", name])
  return {
    get: (name) => orNone(client.get(at(name), NetworkAcl)),
    create: (name, acl) =>
      client.send({ method: "POST", path: client.path(["network-acls"]), json: { name, ...acl } }),
    edit: (name, change) =>
      client.getTagged(at(name), NetworkAcl).pipe(
        Effect.flatMap(({ etag, value }) =>
          Option.match(change(value), {
            onNone: () => Effect.void,
            onSome: (json) =>
              client.send({ method: "PUT", path: at(name), headers: { "If-Match": etag }, json })
          })
        ),
        Effect.retry({
          while: (error) => error instanceof IncusRequestError && error.status === 412,
          schedule: passing(turns)
        })
      ),
    remove: (name) => client.send({ method: "DELETE", path: at(name) })
  }
}
