import { expect } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { IncusService } from "../../src/incus/IncusService.ts"
import type { AclRule } from "../../src/incus/infrastructureSchemas.ts"
import { Ground } from "./support/Ground.ts"
import { onGround } from "./support/onGround.ts"

const rule = (description: string, destination: string): AclRule => ({
  action: "allow",
  state: "enabled",
  description,
  destination
})

const acl = (...egress: ReadonlyArray<AclRule>) => ({
  description: "of a test",
  config: { "user.clincus.network": "some" },
  egress,
  ingress: []
})

const bridge = { "ipv4.address": "none", "ipv6.address": "none" }

/** An ACL with a name that no other test has, until the scope closes. */
const madeAcl = (name: string, ...egress: ReadonlyArray<AclRule>) =>
  Effect.gen(function*() {
    const { prefix } = yield* Ground
    const { acls } = yield* IncusService
    const full = `${prefix}${name}`
    yield* Effect.acquireRelease(acls.create(full, acl(...egress)), () => Effect.ignore(acls.remove(full)))
    return full
  })

/** How an Incus treats networks and their ACLs, as far as sessions and set-up rely on it. */
export const networksContract = <E>(name: string, ground: Layer.Layer<Ground | IncusService, E>) =>
  onGround(ground, name, (it) => {
    it.scoped("gives an ACL as it was written, and none where there is none", () =>
      Effect.gen(function*() {
        const { acls } = yield* IncusService
        const range = rule("the Internet", "1.0.0.0-9.255.255.255,11.0.0.0/8")
        const full = yield* madeAcl("one", range)
        expect(Option.getOrThrow(yield* acls.get(full))).toMatchObject({
          name: full,
          config: { "user.clincus.network": "some" },
          egress: [range],
          ingress: [],
          used_by: []
        })
        expect(yield* acls.get(`${full}x`)).toEqual(Option.none())
        expect(yield* Effect.flip(acls.create(full, acl()))).toMatchObject({ _tag: "IncusRequestError" })
        yield* acls.remove(full)
        expect(yield* acls.get(full)).toEqual(Option.none())
      }))

    it.scoped("loses no change of an ACL, of ten that are made at the same instant", () =>
      Effect.gen(function*() {
        const { acls } = yield* IncusService
        const full = yield* madeAcl("many")
        const names = Array.from({ length: 10 }, (_, index) => `rule ${index}`)
        yield* Effect.forEach(
          names,
          (one, index) =>
            acls.edit(
              full,
              (now) =>
                now.egress.some(({ description }) => description === one)
                  ? Option.none()
                  : Option.some({ ...now, egress: [...now.egress, rule(one, `10.0.0.${index}/32`)] })
            ),
          {
            concurrency: "unbounded"
          }
        )
        const { egress } = Option.getOrThrow(yield* acls.get(full))
        expect(egress.map(({ description }) => description).toSorted()).toEqual(names)
        yield* acls.edit(full, () => Option.none())
        expect(Option.getOrThrow(yield* acls.get(full)).egress).toHaveLength(10)
      }))

    it.scoped("says which network has an ACL, which stays as long as one has it", () =>
      Effect.gen(function*() {
        const { prefix } = yield* Ground
        const { acls, networks } = yield* IncusService
        const full = yield* madeAcl("used")
        const network = `${prefix}n1`
        yield* Effect.acquireRelease(
          networks.createBridge(network, { ...bridge, "security.acls": full }),
          () => Effect.orDie(networks.remove(network))
        )
        const users = Effect.map(acls.get(full), (found) => Option.getOrThrow(found).used_by)
        expect(yield* users).toEqual([`/1.0/networks/${network}`])
        expect(yield* Effect.flip(acls.remove(full))).toMatchObject({ _tag: "IncusRequestError" })
        const option = Effect.map(
          networks.list,
          (all) => all.find((one) => one.name === network)?.config["security.acls"]
        )
        expect(yield* option).toBe(full)
        yield* networks.configure(network, { "security.acls": "" })
        expect([yield* option, yield* users]).toEqual([undefined, []])
        expect(yield* Effect.flip(networks.configure(network, { "security.acls": `${full}x` })))
          .toMatchObject({ _tag: "IncusRequestError" })
        yield* acls.remove(full)
        expect(yield* acls.get(full)).toEqual(Option.none())
      }))
  })
