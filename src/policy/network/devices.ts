import type { NetworkMode, NetworkTarget } from "../../domain/network.ts"
import type { Device } from "../../incus/schemas.ts"
import type { RestrictedNetwork } from "./restricted.ts"

/** In the container, the address and the name by which the opened services of the host are reached. */
export const hostAddress = "127.0.0.254"
export const hostName = "host"

const off: Device = { type: "none" }

/** The devices of profiles that are interfaces of a network, each switched off. */
const switchedOff = (profiles: Readonly<Record<string, Device>>): Record<string, Device> =>
  Object.fromEntries(
    Object.entries(profiles).flatMap(([name, device]) => device["type"] === "nic" ? [[name, off]] : [])
  )

/**
 * The one interface of a restricted session: its port on the bridge reaches no other session's, and sends under no other
 * address than its own, by Ethernet or IP. Nothing of IPv6 passes. `address` is its address if that is chosen.
 */
const restrictedDevices = (
  profiles: Readonly<Record<string, Device>>,
  network: string,
  address: string | undefined
): Record<string, Device> => ({
  ...switchedOff(profiles),
  eth0: {
    type: "nic",
    name: "eth0",
    network,
    "security.port_isolation": "true",
    "security.mac_filtering": "true",
    "security.ipv4_filtering": "true",
    "security.ipv6_filtering": "true",
    ...(address === undefined ? {} : { "ipv4.address": address })
  }
})

/** The interface of an open session: that of its profiles, or on the network that is named. */
const openDevices = (network: string | undefined): Record<string, Device> =>
  network === undefined ? {} : { eth0: { type: "nic", network, name: "eth0" } }

/** The ports of the host's services that are among what is opened. */
export const hostPortsOf = (allow: ReadonlyArray<NetworkTarget>): ReadonlyArray<number> =>
  allow.flatMap((target) => target._tag === "Host" ? [target.port] : [])

/** A way to a service of the host, on whatever address it listens there. */
export const hostDevices = (ports: ReadonlyArray<number>): Record<string, Device> =>
  Object.fromEntries(ports.map((port) => [
    `host${port}`,
    {
      type: "proxy",
      bind: "instance",
      listen: `tcp:${hostAddress}:${port}`,
      connect: `tcp:127.0.0.1:${port}`
    }
  ]))

const hostDevice = /^host(\d+)$/

/** The ports of the host's services that a container has a way to. */
export const hostPortsIn = (devices: Readonly<Record<string, Device>>): ReadonlyArray<number> =>
  Object.entries(devices).flatMap(([name, { type }]) => {
    const port = hostDevice.exec(name)?.[1]
    return port === undefined || type !== "proxy" ? [] : [Number(port)]
  })

/** True for what a session has of the network: another session that takes over its container has its own. */
export const isNetworkDevice = (name: string, device: Device): boolean =>
  device["type"] === "nic" || device["type"] === "none" ||
  (device["type"] === "proxy" && hostDevice.test(name))

/** What a session of a mode has of the network; `place` is where a restricted one is, `address` its address if that is chosen. */
export const sessionDevices = (
  { allow, mode, network }: {
    readonly allow: ReadonlyArray<NetworkTarget>
    readonly mode: NetworkMode
    readonly network: string | undefined
  },
  profiles: Readonly<Record<string, Device>>,
  place?: RestrictedNetwork,
  address?: string
): Record<string, Device> => ({
  ...(mode === "open"
    ? openDevices(network)
    : mode === "none" || place === undefined
    ? switchedOff(profiles)
    : restrictedDevices(profiles, place.network, address)),
  ...hostDevices(hostPortsOf(allow))
})

/** Shell lines, run by root, by which the host's name is known in the container. */
export const hostPrelude = (ports: ReadonlyArray<number>): string =>
  ports.length === 0
    ? ""
    : `
hosts=$(</etc/hosts)
case $hosts in *'${hostAddress} ${hostName}'*) ;; *) printf '${hostAddress} ${hostName}\\n' >>/etc/hosts ;; esac
`
