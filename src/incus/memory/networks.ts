import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { AclRule } from "../infrastructureSchemas.ts"
import { listOf } from "../schemas.ts"
import { done, refuse } from "./answers.ts"
import type { Daemon } from "./daemon.ts"
import { type MemoryAcl, sha256 } from "./model.ts"
import { bodyOf, type Handler, notKnown } from "./request.ts"

const Strings = Schema.Record({ key: Schema.String, value: Schema.String })

const Acl = Schema.Struct({
  description: Schema.optionalWith(Schema.String, { default: () => "" }),
  config: Schema.optionalWith(Strings, { default: () => ({}) }),
  egress: listOf(AclRule),
  ingress: listOf(AclRule)
})
const NewAcl = Schema.Struct({ name: Schema.String, ...Acl.fields })
const NewNetwork = Schema.Struct({ name: Schema.String, type: Schema.Literal("bridge"), config: Strings })
const Configuration = Schema.Struct({ config: Strings })

const aclsOf = (config: Readonly<Record<string, string>>): ReadonlyArray<string> =>
  (config["security.acls"] ?? "").split(",").filter((name) => name !== "")

const etagOf = (acl: MemoryAcl): string =>
  sha256(JSON.stringify([acl.description, acl.config, acl.egress, acl.ingress]))

/** `/1.0/networks` and `/1.0/network-acls`: what is written there is remembered; no packet passes through it. */
export const makeNetworks = (
  { acls, networks }: Daemon
): { readonly networks: Handler; readonly acls: Handler } => {
  const users = (acl: string) =>
    [...networks].filter(([, config]) => aclsOf(config).includes(acl)).map(([name]) =>
      `/1.0/networks/${name}`
    )

  const requireAcls = (config: Readonly<Record<string, string>>) => {
    const missing = aclsOf(config).find((name) => !acls.has(name))
    return missing === undefined
      ? Effect.void
      : Effect.fail(refuse(400, `Failed loading ACL "${missing}": Network ACL not found`))
  }

  const shownAcl = (name: string, acl: MemoryAcl) =>
    done({ name, project: "default", ...acl, used_by: users(name) }, etagOf(acl))

  const handleAcls: Handler = (asked) =>
    Effect.gen(function*() {
      const { method, segments: [, name] } = asked
      if (name === undefined) {
        if (method !== "POST") return yield* notKnown(asked)
        const { name: wanted, ...acl } = yield* bodyOf(asked, NewAcl)
        if (acls.has(wanted)) return yield* refuse(400, "The network ACL already exists")
        acls.set(wanted, acl)
        return done({})
      }
      const found = acls.get(name)
      if (found === undefined) return yield* refuse(404, "Network ACL not found")
      switch (method) {
        case "GET":
          return shownAcl(name, found)
        case "PUT": {
          const expected = asked.request.headers?.["If-Match"]?.replaceAll("\"", "")
          const etag = etagOf(found)
          if (expected !== undefined && expected !== etag) {
            return yield* refuse(412, `ETag doesn't match: ${etag} vs ${expected}`)
          }
          acls.set(name, yield* bodyOf(asked, Acl))
          return done({})
        }
        case "DELETE":
          if (users(name).length > 0) return yield* refuse(400, "Cannot delete an ACL that is in use")
          acls.delete(name)
          return done({})
        default:
          return yield* notKnown(asked)
      }
    })

  const shownNetwork = ([name, config]: readonly [string, Readonly<Record<string, string>>]) => ({
    name,
    type: "bridge",
    managed: true,
    status: "Created",
    description: "",
    config
  })

  const handleNetworks: Handler = (asked) =>
    Effect.gen(function*() {
      const { method, segments: [, name] } = asked
      if (name === undefined) {
        if (method === "GET") return done([...networks].map(shownNetwork))
        if (method !== "POST") return yield* notKnown(asked)
        const { config, name: wanted } = yield* bodyOf(asked, NewNetwork)
        if (networks.has(wanted)) return yield* refuse(400, "The network already exists")
        yield* requireAcls(config)
        networks.set(wanted, config)
        return done({})
      }
      const found = networks.get(name)
      if (found === undefined) return yield* refuse(404, "Network not found")
      switch (method) {
        case "PATCH": {
          const { config } = yield* bodyOf(asked, Configuration)
          yield* requireAcls(config)
          const merged = Object.entries({ ...found, ...config }).filter(([, value]) => value !== "")
          networks.set(name, Object.fromEntries(merged))
          return done({})
        }
        case "DELETE":
          networks.delete(name)
          return done({})
        default:
          return yield* notKnown(asked)
      }
    })

  return { acls: handleAcls, networks: handleNetworks }
}
