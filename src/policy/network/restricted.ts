import * as Option from "effect/Option"
import {
  type AddressRange,
  formatAddress,
  parseCidr,
  rangeOf,
  type Subnet,
  without
} from "../../domain/ipv4.ts"
import type { AclRule, NetworkAcl } from "../../incus/infrastructureSchemas.ts"

/** The ACL that set-up makes. Its configuration says which network has it. */
export const restrictedAcl = "clincus-restricted"

/** Where the ACL has the name of its network, and the address of that network's bridge with the length of its prefix. */
export const aclKeys = { network: "user.clincus.network", address: "user.clincus.address" } as const

/** Incus has a restricted network: what sessions are put on. */
export interface RestrictedNetwork {
  readonly network: string
  /** Of the bridge: `10.137.64.1/24`. */
  readonly address: string
}

/** The network that an ACL of clincus's own is of; none if it names none. */
export const placeOf = ({ config }: Pick<NetworkAcl, "config">): Option.Option<RestrictedNetwork> => {
  const network = config[aclKeys.network]
  const address = config[aclKeys.address]
  return network === undefined || address === undefined || parseCidr(address) === undefined
    ? Option.none()
    : Option.some({ network, address })
}

/**
 * What is not the Internet, by https://www.iana.org/assignments/iana-ipv4-special-registry/: this host, private networks,
 * those of carriers, loopback, link-local with the metadata service of clouds, benchmarks, multicast, what is reserved.
 * 168.63.129.16 is Azure's metadata service. The networks for documentation lead nowhere, or somewhere that is meant to
 * stand for the Internet.
 */
const closed: ReadonlyArray<string> = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "168.63.129.16/32",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "224.0.0.0/3"
]

const closedRanges: ReadonlyArray<AddressRange> = closed.flatMap((text) => {
  const subnet = parseCidr(text)
  return subnet === undefined ? [] : [rangeOf(subnet)]
})

/** A network that has more addresses than this is a route of somebody's, not one that the machine is a neighbour in. */
const widest = 8

export const shownRange = ({ first, last }: AddressRange): string =>
  first === last ? `${formatAddress(first)}/32` : `${formatAddress(first)}-${formatAddress(last)}`

/**
 * The addresses of the Internet, as rules of Incus have them. `neighbours` are the networks that the machine is on: also if
 * their addresses are public, they are the machine itself and what stands beside it.
 */
export const internet = (neighbours: ReadonlyArray<Subnet>): string =>
  without([...closedRanges, ...neighbours.filter(({ prefix }) => prefix >= widest).map(rangeOf)])
    .map(shownRange).join(",")

/** True if a range has an address that a restricted session does not reach by itself. */
export const isClosed = (range: AddressRange): boolean =>
  closedRanges.some(({ first, last }) => range.first <= last && first <= range.last)

const internetRule = "the Internet"

/** Which run a rule opens something to, and when that was (ms since the epoch). */
interface Opening {
  readonly run: string
  readonly at: number
}

/** The rule by which the session with this address reaches a range. */
export const openingRule = (
  { at, run }: Opening,
  address: string,
  { port, range }: { readonly range: AddressRange; readonly port: number | undefined }
): AclRule => ({
  action: "allow",
  state: "enabled",
  description: `opened for run ${run} at ${at}`,
  source: `${address}/32`,
  destination: shownRange(range),
  ...(port === undefined ? {} : { protocol: "tcp", destination_port: String(port) })
})

/** What a rule says of the run that it was made for; undefined if it is for all sessions. */
export const openingOf = ({ description = "" }: AclRule): Opening | undefined => {
  const [, run, at] = /^opened for run (\S+) at (\d{1,15})$/.exec(description) ?? []
  return run === undefined ? undefined : { run, at: Number(at) }
}

/**
 * What the ACL says: sessions reach the Internet, and the machine that they run on reaches them. What no rule allows, Incus
 * rejects by the options of the network. `openings` are kept.
 */
export const rulesFor = (
  { address }: RestrictedNetwork,
  neighbours: ReadonlyArray<Subnet>,
  openings: ReadonlyArray<AclRule>
): { readonly egress: ReadonlyArray<AclRule>; readonly ingress: ReadonlyArray<AclRule> } => ({
  egress: [
    { action: "allow", state: "enabled", description: internetRule, destination: internet(neighbours) },
    ...openings
  ],
  ingress: [
    {
      action: "allow",
      state: "enabled",
      description: "this machine",
      source: `${address.replace(/\/.*/, "")}/32`
    }
  ]
})

const fields = [
  "action",
  "state",
  "description",
  "source",
  "destination",
  "protocol",
  "destination_port"
] as const

/** True if two lists have the same rules in the same order. */
export const sameRules = (one: ReadonlyArray<AclRule>, other: ReadonlyArray<AclRule>): boolean =>
  one.length === other.length
  && one.every((rule, index) =>
    fields.every((field) => (rule[field] ?? "") === (other[index]?.[field] ?? ""))
  )

/**
 * Options of the network's bridge. There is no IPv6 on it; names of other containers are not told; the upper half of its
 * addresses is for sessions to which something is opened, whose address is chosen before they are made.
 */
export const bridgeOptions = (address: string): Record<string, string> => {
  const subnet = parseCidr(address)
  const base = subnet?.base ?? 0
  const half = 2 ** (31 - (subnet?.prefix ?? 24))
  return {
    "ipv4.address": address,
    "ipv4.nat": "true",
    "ipv4.dhcp.ranges": `${formatAddress(base + 2)}-${formatAddress(base + half - 1)}`,
    "ipv6.address": "none",
    "dns.mode": "none",
    // A session asks for the address of its own interface, and for no others, until there are none.
    "raw.dnsmasq": "dhcp-ignore=tag:!known",
    "security.acls": restrictedAcl,
    "security.acls.default.egress.action": "reject",
    "security.acls.default.ingress.action": "drop"
  }
}

/** Addresses of the upper half that no rule names. */
export const freeOf = (
  { address }: RestrictedNetwork,
  rules: ReadonlyArray<AclRule>
): ReadonlyArray<string> => {
  const subnet = parseCidr(address)
  if (subnet === undefined) return []
  const size = 2 ** (32 - subnet.prefix)
  const taken = new Set(rules.map(({ source }) => source))
  return Array.from({ length: size / 2 - 1 }, (_, index) => formatAddress(subnet.base + size / 2 + index))
    .filter((one) => !taken.has(`${one}/32`))
}
