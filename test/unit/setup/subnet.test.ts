import { expect, it } from "@effect/vitest"
import { overlap, parseCidr, type Subnet } from "../../../src/domain/ipv4.ts"
import { freeAddresses, parseRoutes } from "../../../src/setup/subnet.ts"

const subnet = (text: string): Subnet => {
  const parsed = parseCidr(text)
  if (parsed === undefined) throw new Error(`${text} is no subnet`)
  return parsed
}

it("reads an address with its prefix as the network that it is in", () => {
  expect(parseCidr("10.1.2.3/24")).toEqual(subnet("10.1.2.0/24"))
  expect(parseCidr("192.168.1.7/32")?.base).toBe(0xc0a80107)
  for (const bad of ["", "none", "auto", "10.1.2/24", "10.1.2.256/24", "10.1.2.3/33", "fd42::1/64"]) {
    expect(parseCidr(bad), bad).toBeUndefined()
  }
})

it("reads the routes of /proc/net/route, without the default one", () => {
  const text = [
    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT",
    "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0",
    "incusbr0\t0007A30A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0",
    "tun0\t0000000A\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0",
    ""
  ].join("\n")
  expect(parseRoutes(text)).toEqual([subnet("10.163.7.0/24"), subnet("10.0.0.0/8")])
})

it("finds networks that overlap, whichever is the larger", () => {
  expect(overlap(subnet("10.0.0.0/8"), subnet("10.200.3.0/24"))).toBe(true)
  expect(overlap(subnet("10.200.3.0/24"), subnet("10.200.3.128/25"))).toBe(true)
  expect(overlap(subnet("10.200.3.0/24"), subnet("10.200.4.0/24"))).toBe(false)
  expect(overlap(subnet("0.0.0.0/0"), subnet("10.200.4.0/24"))).toBe(true)
})

it("offers distinct networks that nothing uses, the same ones every time", () => {
  const first = freeAddresses([], 8)
  expect(first).toHaveLength(8)
  expect(new Set(first.map((address) => subnet(address).base)).size).toBe(8)
  expect(freeAddresses([], 8)).toEqual(first)
  const used = [subnet(first[0] ?? ""), subnet("10.128.0.0/9")]
  for (const address of freeAddresses(used, 50)) {
    expect(used.some((one) => overlap(one, subnet(address))), address).toBe(false)
  }
})

it("offers none where all of 10.0.0.0/8 is routed", () => {
  expect(freeAddresses([subnet("10.0.0.0/8")], 8)).toEqual([])
})
