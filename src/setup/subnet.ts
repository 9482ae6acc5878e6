import { overlap, parseCidr, type Subnet } from "../domain/ipv4.ts"

/** The networks in /proc/net/route, which writes addresses in hexadecimal, last byte first. The default route is not a network. */
export const parseRoutes = (text: string): ReadonlyArray<Subnet> =>
  text.split("\n").slice(1).flatMap((line) => {
    const fields = line.trim().split(/\s+/)
    const swapped = (hex: string | undefined) =>
      hex !== undefined && /^[0-9A-F]{8}$/i.test(hex) ? Buffer.from(hex, "hex").readUInt32LE() : undefined
    const base = swapped(fields[1])
    const netmask = swapped(fields[7])
    if (base === undefined || netmask === undefined || netmask === 0) return []
    return [{ base, prefix: netmask.toString(2).replaceAll("0", "").length }]
  })

/**
 * Addresses for a bridge, `10.x.y.1/24`, whose networks overlap none that is in use, best first. The order is fixed, so
 * that a dry run names what the real run takes; it stays away from the low numbers that companies like.
 */
export const freeAddresses = (used: ReadonlyArray<Subnet>, count: number): ReadonlyArray<string> => {
  const free: Array<string> = []
  for (let turn = 0; turn < 4096 && free.length < count; turn++) {
    const address = `10.${100 + (turn * 37) % 150}.${11 + (turn * 53) % 230}.1/24`
    const subnet = parseCidr(address)
    if (subnet !== undefined && !used.some((other) => overlap(subnet, other))) free.push(address)
  }
  return free
}
