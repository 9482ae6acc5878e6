import * as Effect from "effect/Effect"
import { parseCidr, type Subnet } from "../domain/ipv4.ts"
import type { IncusFailure } from "../incus/errors.ts"
import type { Network } from "../incus/infrastructureSchemas.ts"
import type { Device } from "../incus/schemas.ts"
import type { Machine } from "./machine.ts"
import { type IncusServer, unasked, whenReached } from "./server.ts"
import { type Action, done, manual, needed, type Step } from "./Step.ts"
import { freeAddresses, parseRoutes } from "./subnet.ts"

/** Bridges of clincus's own for restricted sessions have an ACL: they are not for others. */
const isNat = (network: Network): boolean =>
  network.managed && (network.config["security.acls"] ?? "") === "" && network.type === "bridge" &&
  network.config["ipv4.nat"] === "true"
  && !["", "none", undefined].includes(network.config["ipv4.address"])

const interfaceOf = (devices: Readonly<Record<string, Device>>): Device | undefined =>
  Object.values(devices).find((device) => device["type"] === "nic")

/**
 * The network that sessions are on: the one asked for, else the default profile's own, else any managed bridge with
 * NAT. Undefined if there is none.
 */
export const chooseNetwork = (
  networks: ReadonlyArray<Network>,
  devices: Readonly<Record<string, Device>>,
  wanted: string | undefined
): string | undefined => {
  if (wanted !== undefined) return networks.find(({ name }) => name === wanted)?.name
  const own = interfaceOf(devices)
  return own === undefined ? networks.find(isNat)?.name : own["network"] ?? own["parent"] ?? "its own"
}

/** A name for a new bridge that no interface of the machine has: `incusbr0`, or with another beginning. */
export const newBridge = (names: ReadonlyArray<string>, beginning = "incusbr"): string => {
  const taken = new Set(names)
  for (let index = 0;; index++) {
    if (!taken.has(`${beginning}${index}`)) return `${beginning}${index}`
  }
}

/** True for the daemon's complaints about an address, if another address is worth a try. */
const isAboutAddress = (error: IncusFailure): boolean =>
  error._tag === "IncusRequestError" && /subnet|address|overlap|in use/i.test(error.reason)

/** Makes something with the first address that Incus accepts: it knows of uses that routes do not show. */
export const withFirstAccepted = (
  addresses: ReadonlyArray<string>,
  make: (address: string) => Effect.Effect<void, IncusFailure>
): Effect.Effect<void, IncusFailure> => {
  const [address, ...others] = addresses
  if (address === undefined) return Effect.void
  return others.length === 0
    ? make(address)
    : Effect.catchIf(make(address), isAboutAddress, () => withFirstAccepted(others, make))
}

/** Makes the bridge. */
const create = (server: IncusServer, name: string, addresses: ReadonlyArray<string>): Action => {
  const config = (address: string) => ({
    "ipv4.address": address,
    "ipv4.nat": "true",
    "ipv6.address": "none"
  })
  return {
    shown: `incus network create ${name} ipv4.address=${addresses[0]} ipv4.nat=true ipv6.address=none`,
    run: withFirstAccepted(addresses, (address) => server.api.networks.createBridge(name, config(address)))
  }
}

/** Addresses for a new bridge that neither the machine nor a network of Incus uses; empty if there is none. */
export const freeBridgeAddresses = (machine: Machine, networks: ReadonlyArray<Network>) =>
  Effect.map(usedSubnets(machine), (used) =>
    freeAddresses(
      [...used, ...networks.flatMap(({ config }) => parseCidr(config["ipv4.address"] ?? "") ?? [])],
      8
    ))

const usedSubnets = (machine: Machine) =>
  Effect.zipWith(
    machine.addresses,
    machine.read("/proc/net/route"),
    (own, routes): ReadonlyArray<Subnet> => [...own, ...parseRoutes(routes)]
  )

/** There is a bridge that gives sessions addresses and a way out. Networks that exist are used as they are. */
export const networkStep = (machine: Machine, server: IncusServer, wanted: string | undefined): Step => ({
  name: "network",
  title: "Network",
  check: Effect.gen(function*() {
    const bridge = (reason: string, networks: ReadonlyArray<Network>) =>
      Effect.zipWith(
        freeBridgeAddresses(machine, networks),
        machine.list("/sys/class/net"),
        (addresses, interfaces) =>
          addresses.length === 0
            ? manual("no /24 of 10.0.0.0/8 is free for a bridge: all of it is routed somewhere else", [
              "incus network create incusbr0 ipv4.address=ADDRESS/24 ipv4.nat=true ipv6.address=none"
            ])
            : needed(reason, [
              create(server, newBridge([...interfaces, ...networks.map(({ name }) => name)]), addresses)
            ])
      )
    return yield* whenReached(
      server,
      wanted === undefined ? bridge(unasked, []) : Effect.succeed(done(`${wanted}, by the configuration`)),
      ({ defaults }) =>
        Effect.gen(function*() {
          const networks = yield* server.api.networks.list
          const network = chooseNetwork(networks, defaults, wanted)
          if (network !== undefined) return done(network)
          return wanted === undefined
            ? yield* bridge("Incus has no bridge with NAT", networks)
            : manual(`Incus has no network named ${wanted}, which the configuration asks for`, [
              `incus network create ${wanted} ipv4.nat=true ipv6.address=none`
            ])
        })
    )
  })
})
