import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { AclContent } from "../incus/acls.ts"
import type { NetworkAcl } from "../incus/infrastructureSchemas.ts"
import { sameRules } from "../policy/network/restricted.ts"
import type { IncusServer } from "./server.ts"

/** True if an ACL says what it is to say. */
export const isAs = (acl: NetworkAcl, wanted: AclContent): boolean =>
  Object.entries(wanted.config).every(([key, value]) => acl.config[key] === value)
  && sameRules(wanted.egress, acl.egress) && sameRules(wanted.ingress, acl.ingress)

/** Writes an ACL, whether it is there or not. `wantedOf` is given what is there. */
export const writeAcl = (
  { api: { acls } }: IncusServer,
  name: string,
  wantedOf: (acl?: NetworkAcl) => AclContent
) =>
  Effect.gen(function*() {
    if (Option.isNone(yield* acls.get(name))) return yield* acls.create(name, wantedOf())
    yield* acls.edit(name, (acl) => {
      const wanted = wantedOf(acl)
      return isAs(acl, wanted) ? Option.none() : Option.some(wanted)
    })
  })
