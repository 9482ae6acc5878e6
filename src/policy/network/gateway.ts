import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { createHash } from "node:crypto"
import { formatAddress, parseCidr } from "../../domain/ipv4.ts"
import { admitScript, gatewayScript, namesScript } from "../../guest/gateway.ts"
import { IncusService } from "../../incus/IncusService.ts"
import type { AclRule } from "../../incus/infrastructureSchemas.ts"
import type { Device } from "../../incus/schemas.ts"
import { profiles } from "../profiles.ts"
import { GatewayFailed, NetworkNotReady } from "./errors.ts"
import type { AllowedName } from "./presets.ts"
import { bridgeOptions, type RestrictedNetwork } from "./restricted.ts"

/** The ACL of the network behind the gateway. */
export const gatewayAcl = "clincus-gateway"

/** The container through which sessions of mode `allow` reach what they may. */
export const gatewayName = "clincus-gateway"

const versionKey = "user.clincus.gateway"

/** The gateway's own address on the network of the sessions: the one after the bridge's. */
export const gatewayAddress = (address: string): string => formatAddress((parseCidr(address)?.base ?? 0) + 2)

/** What a gateway that is as this version of clincus wants it says of itself. */
export const gatewayVersion = (address: string): string =>
  createHash("sha256").update(gatewayScript(gatewayAddress(address))).digest("hex").slice(0, 12)

/**
 * Options of the bridge behind the gateway: no way out but the gateway, which also answers for names. The machine's own
 * dnsmasq gives addresses there, and nothing else.
 */
export const gatewayBridgeOptions = (address: string): Record<string, string> => {
  const gateway = gatewayAddress(address)
  return {
    ...bridgeOptions(address),
    "ipv4.nat": "false",
    "ipv4.dhcp.gateway": gateway,
    "ipv4.dhcp.ranges": (bridgeOptions(address)["ipv4.dhcp.ranges"] ?? "").replace(
      gateway,
      formatAddress((parseCidr(address)?.base ?? 0) + 3)
    ),
    "raw.dnsmasq": `dhcp-ignore=tag:!known\nport=0\ndhcp-option=6,${gateway}`,
    "security.acls": gatewayAcl
  }
}

/**
 * What passes the bridge if the kernel asks its rules about frames that stay on the bridge, as it does with Docker: what
 * is for the gateway. All else is rejected, so the machine itself is closed too.
 */
export const gatewayRules = (
  { address }: RestrictedNetwork
): { readonly egress: ReadonlyArray<AclRule>; readonly ingress: ReadonlyArray<AclRule> } => ({
  egress: [{
    action: "allow",
    state: "enabled",
    description: "the gateway",
    destination: `${gatewayAddress(address)}/32`
  }],
  ingress: [{
    action: "allow",
    state: "enabled",
    description: "this machine",
    source: `${address.replace(/\/.*/, "")}/32`
  }]
})

/** What the gateway is made of. It starts with Incus; `eth0` leads out, and sessions are at `eth1`. */
export const gatewaySpec = (
  place: RestrictedNetwork,
  options: { readonly image: string; readonly pool: string | undefined; readonly network: string | undefined }
) => ({
  name: gatewayName,
  image: options.image,
  ephemeral: false,
  profiles,
  config: {
    "boot.autostart": "true",
    "limits.memory": "256MiB",
    "limits.processes": "500",
    "security.guestapi": "false",
    "security.idmap.isolated": "true"
  },
  devices: {
    ...(options.pool === undefined ? {} : { root: { type: "disk", path: "/", pool: options.pool } }),
    ...(options.network === undefined
      ? {}
      : { eth0: { type: "nic", name: "eth0", network: options.network } }),
    eth1: {
      type: "nic",
      name: "eth1",
      network: place.network,
      "ipv4.address": gatewayAddress(place.address)
    }
  } satisfies Record<string, Device>
})

const failed = (reason: string) => new GatewayFailed({ container: gatewayName, reason })

const inGateway = (script: string, input: string) =>
  Effect.gen(function*() {
    const { exec } = yield* IncusService
    const { status, stderr, stdout } = yield* exec.run(gatewayName, {
      command: ["/bin/bash", "-c", script],
      input
    }).pipe(Effect.catchTag("InstanceNotFound", () => failed("it is not there")))
    return status === 0
      ? stdout
      : yield* failed(stderr.trim().split("\n").at(-1) || `a command ended with status ${status}`)
  })

/** Runs a script in the gateway and gives what it prints. Fails with `GatewayFailed` if the status is not 0. */
export const askGateway = (script: string) => inGateway(script, "")

/** Makes a gateway of its container; what was done before is done again. */
export const provisionGateway = (place: RestrictedNetwork) =>
  Effect.gen(function*() {
    const { instances } = yield* IncusService
    yield* askGateway(gatewayScript(gatewayAddress(place.address)))
    yield* instances.edit(gatewayName, ({ config, devices, ephemeral }) =>
      Option.some({ config: { ...config, [versionKey]: gatewayVersion(place.address) }, devices, ephemeral }))
  })

/** What is the matter with the gateway, as a clause; `stands` if it only has to be started. */
export interface GatewayTrouble {
  readonly reason: string
  readonly stands: boolean
}

/** How the gateway of Incus stands: undefined if it is ready. */
export const gatewayTrouble = (place: RestrictedNetwork) =>
  Effect.gen(function*() {
    const { instances } = yield* IncusService
    const found = yield* Effect.option(instances.get(gatewayName))
    const trouble = (reason: string, stands = false): GatewayTrouble => ({ reason, stands })
    if (Option.isNone(found)) return trouble(`there is no container ${gatewayName}`)
    if (found.value.config[versionKey] !== gatewayVersion(place.address)) {
      return trouble(`the container ${gatewayName} is not as this version of clincus wants it`)
    }
    return found.value.status === "Running"
      ? undefined
      : trouble(`the container ${gatewayName} does not run`, true)
  })

/** Fails with `NetworkNotReady` unless the gateway is there; starts it if it stands. */
export const requireGateway = (place: RestrictedNetwork) =>
  Effect.gen(function*() {
    const { instances } = yield* IncusService
    const trouble = yield* gatewayTrouble(place)
    if (trouble === undefined) return
    const notReady = new NetworkNotReady({ reason: trouble.reason, gateway: true })
    if (!trouble.stands) return yield* notReady
    yield* instances.start(gatewayName).pipe(Effect.catchTag("InstanceNotFound", () => notReady))
  })

/** A name as a line of what the gateway is told: of which kind, the key by which haproxy looks it up, the rule. */
const lineOf = (address: string, { inner, name, port, wildcard }: AllowedName): string =>
  `${wildcard ? "end ." : "name "}${name}:${port}|${address} ${inner ? "inner" : "outer"}`

/** Lets the session with an address reach these names: `set` takes away all others. In force when this returns. */
export const admit = (address: string, how: "set" | "add", names: ReadonlyArray<AllowedName>) =>
  Effect.asVoid(
    inGateway(admitScript, [address, how, ...names.map((name) => lineOf(address, name)), ""].join("\n"))
  ).pipe(Effect.withSpan("Network.admit"))

/** The names that the session with an address may reach at this moment, as the configuration writes targets. */
export const admittedNames = (address: string) =>
  Effect.map(askGateway(namesScript), (text) =>
    text.split("\n").flatMap((line) => {
      const [name = "", rule = ""] = line.split("|")
      return rule.startsWith(`${address} `) ? [name.startsWith(".") ? `*${name}` : name] : []
    }))
