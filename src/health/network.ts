import * as Effect from "effect/Effect"
import { Resolver } from "node:dns/promises"
import type { Network } from "../incus/infrastructureSchemas.ts"
import { gatewayAcl } from "../policy/network/gateway.ts"
import type { Machine } from "../setup/machine.ts"
import { bridgesOf } from "../setup/notices.ts"
import type { IncusServer } from "../setup/server.ts"
import { degraded, type Seen, unknown, unusable, well } from "./Finding.ts"

/** The networks that sessions and builds are on, of those that Incus has. */
const networksOf = (server: IncusServer, wanted: string | undefined) =>
  Effect.zipWith(
    server.api.networks.list,
    bridgesOf(server, wanted),
    (networks, names) => networks.filter(({ name }) => names.includes(name))
  )

/** True for the bridge behind the gateway, which leads there and nowhere else, and has no names of its own. */
const isBehindGateway = ({ config }: Network): boolean =>
  (config["security.acls"] ?? "").split(",").includes(gatewayAcl)

/** Judges the way out of a network. `interfaces` are those of this machine. */
export const judgeBridge = (network: Network, interfaces: ReadonlyArray<string>): Seen => {
  const { config, managed, name, status, type } = network
  if (type !== "bridge") return well(`${name} is a network of the type ${type}`)
  if (!interfaces.includes(name)) {
    return unusable(`the bridge ${name} is not up${status === "" ? "" : ` (Incus says: ${status})`}`, [
      `incus network show ${name}`,
      "sudo systemctl restart incus"
    ])
  }
  if (!managed) {
    return well(`${name} is a bridge of this machine's own; how it leads out is not Incus's business`)
  }
  const address = config["ipv4.address"] ?? "none"
  if (address === "none") return degraded(`the bridge ${name} has no IPv4`, [`incus network edit ${name}`])
  if (isBehindGateway(network)) return well(`${name}, ${address}, leads to the gateway`)
  return config["ipv4.nat"] === "true"
    ? well(`${name}, ${address}, with NAT`)
    : degraded(`the bridge ${name} has no NAT: sessions get answers only if your network routes ${address}`, [
      `incus network set ${name} ipv4.nat=true`
    ])
}

/** The bridge is up and leads out. */
export const checkBridge = (machine: Machine, server: IncusServer, wanted: string | undefined) =>
  Effect.gen(function*() {
    const networks = yield* networksOf(server, wanted)
    const interfaces = yield* machine.list("/sys/class/net")
    const seen = networks.map((network) => judgeBridge(network, interfaces))
    const bad = seen.filter(({ state }) => state !== "well")
    const worst = bad.find(({ state }) => state === "unusable") ?? bad[0]
    return seen.length === 0
      ? unknown("Incus does not list the networks that sessions are on")
      : worst ?? well(seen.map(({ detail }) => detail).join("; "))
  })

/** An answer that says no is an answer. */
const answered: ReadonlySet<unknown> = new Set(["ENOTFOUND", "ENODATA", "ESERVFAIL", "EREFUSED"])

/** Asks a name server for a name of its own, which it need not pass on. Fails if nothing is answered. */
const ask = (address: string, name: string) =>
  Effect.tryPromise({
    try: () => {
      const resolver = new Resolver({ timeout: 1000, tries: 2 })
      resolver.setServers([address])
      return resolver.resolve4(name)
    },
    catch: (cause) => typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined
  }).pipe(
    Effect.asVoid,
    Effect.catchIf((code) => answered.has(code), () => Effect.void)
  )

/** The name server that Incus runs on the bridge answers; sessions have no other. */
export const checkNames = (server: IncusServer, wanted: string | undefined) =>
  Effect.gen(function*() {
    const networks = yield* networksOf(server, wanted)
    const own = networks.filter((network) => !isBehindGateway(network)).flatMap(
      ({ config, managed, name }) => {
        const [address = ""] = (config["ipv4.address"] ?? "").split("/")
        return managed && address !== "" && address !== "none"
          ? [{ name, address, domain: config["dns.domain"] ?? "incus" }]
          : []
      }
    )
    if (own.length === 0) return well("names are not Incus's to answer on this network")
    const silent = yield* Effect.filter(own, ({ address, domain }) =>
      ask(address, `health.${domain}`).pipe(
        Effect.as(false),
        Effect.catchAll(() => Effect.succeed(true))
      ))
    return silent.length === 0
      ? well(`${own.map(({ address }) => address).join(", ")} answers`)
      : degraded(
        `no name server answers on ${
          silent.map(({ address, name }) => `${address} (${name})`).join(", ")
        }: sessions know addresses only`,
        ["sudo systemctl restart incus"]
      )
  })
