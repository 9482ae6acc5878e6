/**
 * An IPv4 network: its lowest address as a number, and the length of its prefix.
 *
 * @example
 * import type * as Clincus from "clincus"
 *
 * export const ten: Clincus.Subnet = { base: 10 * 2 ** 24, prefix: 8 }
 */
export interface Subnet {
  readonly base: number
  readonly prefix: number
}

/**
 * Addresses from `first` to `last`, both included, as numbers.
 *
 * @see NetworkTarget
 */
export interface AddressRange {
  readonly first: number
  readonly last: number
}

/** The bits of an address that name the network. */
export const mask = (prefix: number): number => prefix === 0 ? 0 : (0xffffffff << (32 - prefix)) >>> 0

/** An address such as `10.1.2.3` as a number; undefined for anything else. */
export const parseAddress = (text: string): number | undefined => {
  const bytes = /^\d{1,3}(\.\d{1,3}){3}$/.test(text) ? text.split(".").map(Number) : []
  return bytes.length === 4 && bytes.every((byte) => byte <= 255)
    ? bytes.reduce((sum, byte) => sum * 256 + byte, 0)
    : undefined
}

/** The inverse of `parseAddress`. */
export const formatAddress = (address: number): string =>
  [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".")

/** Reads `10.1.2.3/24` as the network that it is in; undefined for anything else. */
export const parseCidr = (text: string): Subnet | undefined => {
  const found = /^([\d.]+)\/(\d{1,2})$/.exec(text.trim())
  const address = parseAddress(found?.[1] ?? "")
  const prefix = Number(found?.[2])
  if (address === undefined || prefix > 32) return undefined
  return { base: (address & mask(prefix)) >>> 0, prefix }
}

/** The addresses of a network. */
export const rangeOf = ({ base, prefix }: Subnet): AddressRange => ({
  first: base,
  last: base + 2 ** (32 - prefix) - 1
})

/** True if two networks have an address in common. */
export const overlap = (one: Subnet, other: Subnet): boolean => {
  const common = mask(Math.min(one.prefix, other.prefix))
  return ((one.base & common) >>> 0) === ((other.base & common) >>> 0)
}

/** What of all addresses is in none of the ranges, in order and without gaps between neighbours. */
export const without = (ranges: ReadonlyArray<AddressRange>): ReadonlyArray<AddressRange> => {
  const rest: Array<AddressRange> = []
  let next = 0
  for (const { first, last } of ranges.toSorted((one, other) => one.first - other.first)) {
    if (first > next) rest.push({ first: next, last: first - 1 })
    next = Math.max(next, last + 1)
  }
  if (next <= 0xffffffff) rest.push({ first: next, last: 0xffffffff })
  return rest
}
