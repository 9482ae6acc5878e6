import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Subnet } from "../domain/ipv4.ts"
import { shellLine } from "../host/shell.ts"
import type { IncusFailure } from "../incus/errors.ts"
import type { Network, NetworkAcl } from "../incus/infrastructureSchemas.ts"
import {
  aclKeys,
  bridgeOptions,
  openingOf,
  restrictedAcl,
  type RestrictedNetwork,
  rulesFor
} from "../policy/network/restricted.ts"
import { isAs, writeAcl } from "./acl.ts"
import type { Machine } from "./machine.ts"
import { freeBridgeAddresses, newBridge, withFirstAccepted } from "./network.ts"
import { type IncusServer, unasked, whenReached } from "./server.ts"
import { type Action, done, manual, needed, type Status, type Step } from "./Step.ts"

const description = "What restricted sessions of clincus may reach"

/** What the ACL is to say. What is open to sessions that run stays open. */
const aclOf = (network: RestrictedNetwork, neighbours: ReadonlyArray<Subnet>, acl?: NetworkAcl) => ({
  description,
  config: {
    ...acl?.config,
    [aclKeys.network]: network.network,
    [aclKeys.address]: network.address
  },
  ...rulesFor(network, neighbours, acl?.egress.filter((rule) => openingOf(rule) !== undefined) ?? [])
})

/** The rules as `incus network acl edit` takes them. */
const asYaml = ({ config, egress, ingress }: ReturnType<typeof aclOf>): string => {
  const rules = (list: typeof egress) =>
    list.map((rule) =>
      `- {${Object.entries(rule).map(([key, value]) => `${key}: ${JSON.stringify(value)}`).join(", ")}}\n`
    ).join("")
  const pairs = Object.entries(config).map(([key, value]) => `  ${key}: ${value}\n`).join("")
  return `description: ${description}\nconfig:\n${pairs}egress:\n${rules(egress)}ingress:\n${rules(ingress)}`
}

/** The bridge's options that are not as they should be, with what they should be. */
const wrongOptions = (network: Network, address: string): ReadonlyArray<readonly [string, string]> =>
  Object.entries(bridgeOptions(address)).filter(([key, value]) =>
    key === "security.acls"
      ? !(network.config[key] ?? "").split(",").includes(value)
      : key !== "ipv4.address" && (network.config[key] ?? "") !== value
  )

/** Writes the ACL, whether it is there or not. */
const write = (server: IncusServer, network: RestrictedNetwork, neighbours: ReadonlyArray<Subnet>) =>
  writeAcl(server, restrictedAcl, (acl) => aclOf(network, neighbours, acl))

const writeAction = (
  server: IncusServer,
  network: RestrictedNetwork,
  neighbours: ReadonlyArray<Subnet>,
  acl: NetworkAcl | undefined
): Action => ({
  shown: `${acl === undefined ? `incus network acl create ${restrictedAcl}\n` : ""}`
    + `incus network acl edit ${restrictedAcl} <<'END'\n${asYaml(aclOf(network, neighbours, acl))}END`,
  run: write(server, network, neighbours)
})

/** Makes the bridge, with the first address that Incus accepts; the ACL is there before it is. */
const create = (
  server: IncusServer,
  name: string,
  addresses: ReadonlyArray<string>,
  neighbours: ReadonlyArray<Subnet>
): Action => {
  const options = Object.entries(bridgeOptions(addresses[0] ?? "")).map(([key, value]) => `${key}=${value}`)
  return {
    shown: shellLine(["incus", "network", "create", name, ...options]),
    run: withFirstAccepted(addresses, (address) =>
      Effect.zipRight(
        write(server, { network: name, address }, neighbours),
        server.api.networks.createBridge(name, bridgeOptions(address))
      ))
  }
}

/**
 * There is a network for restricted sessions: a bridge of clincus's own, and an ACL that says what they reach from it.
 * What was made by an earlier version of clincus is brought to what this one wants.
 */
export const restrictedStep = (machine: Machine, server: IncusServer): Step => ({
  name: "restricted",
  title: "Restricted network",
  check: Effect.gen(function*() {
    const neighbours = yield* machine.addresses
    const make = (reason: string, networks: ReadonlyArray<Network>, acl: NetworkAcl | undefined) =>
      Effect.gen(function*() {
        const addresses = yield* freeBridgeAddresses(machine, networks)
        const interfaces = yield* machine.list("/sys/class/net")
        const name = newBridge([...interfaces, ...networks.map((one) => one.name)], "clincusbr")
        const [address] = addresses
        return address === undefined
          ? manual("no /24 of 10.0.0.0/8 is free for a bridge: all of it is routed somewhere else", [
            `incus network create ${name} ipv4.address=ADDRESS/24 ipv4.nat=true ipv6.address=none security.acls=${restrictedAcl}`
          ])
          : needed(reason, [
            writeAction(server, { network: name, address }, neighbours, acl),
            create(server, name, addresses, neighbours)
          ])
      })
    return yield* whenReached<IncusFailure>(
      server,
      make(unasked, [], undefined),
      () =>
        Effect.gen(function*(): Effect.fn.Return<Status, IncusFailure> {
          const [networks, acl] = yield* Effect.all([
            server.api.networks.list,
            Effect.map(server.api.acls.get(restrictedAcl), Option.getOrUndefined)
          ])
          const network = networks.find(({ name }) => name === acl?.config[aclKeys.network])
          if (acl === undefined || network === undefined) {
            return yield* make(
              acl === undefined
                ? "Incus has no network for restricted sessions"
                : "the network for restricted sessions is not there any more",
              networks,
              acl
            )
          }
          const address = network.config["ipv4.address"] ?? ""
          const place = { network: network.name, address }
          const wanted = aclOf(place, neighbours, acl)
          const wrong = wrongOptions(network, address)
          const current = isAs(acl, wanted)
          if (current && wrong.length === 0) {
            return done(`${network.name}: the Internet, and nothing of this machine or its neighbours`)
          }
          return needed(`${network.name} or its ACL is not as this version of clincus wants it`, [
            ...(current ? [] : [writeAction(server, place, neighbours, acl)]),
            ...(wrong.length === 0 ? [] : [{
              shown: shellLine([
                "incus",
                "network",
                "set",
                network.name,
                ...wrong.map(([key, value]) => `${key}=${value}`)
              ]),
              run: server.api.networks.configure(network.name, Object.fromEntries(wrong))
            }])
          ])
        })
    )
  })
})
