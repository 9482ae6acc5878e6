import { expect, it } from "@effect/vitest"
import { formatAddress, parseAddress, parseCidr, rangeOf, without } from "../../../src/domain/ipv4.ts"
import { parseTarget } from "../../../src/domain/network.ts"

it("reads and writes addresses, and nothing that only looks like one", () => {
  for (const text of ["0.0.0.0", "10.1.2.3", "255.255.255.255"]) {
    const number = parseAddress(text)
    expect(number === undefined ? undefined : formatAddress(number)).toBe(text)
  }
  for (
    const text of ["", "10.1.2", "10.1.2.256", "10.1.2.3.4", "1e1.1.1.1", "0x0a.1.2.3", " 10.1.2.3", "::1"]
  ) {
    expect(parseAddress(text), text).toBeUndefined()
  }
})

it("leaves of all addresses what is in none of the ranges", () => {
  const range = (text: string) => {
    const subnet = parseCidr(text)
    if (subnet === undefined) throw new Error(text)
    return rangeOf(subnet)
  }
  const shown = (ranges: ReadonlyArray<string>) =>
    without(ranges.map(range)).map(({ first, last }) => `${formatAddress(first)}-${formatAddress(last)}`)
  expect(shown([])).toEqual(["0.0.0.0-255.255.255.255"])
  expect(shown(["0.0.0.0/0"])).toEqual([])
  expect(shown(["128.0.0.0/1", "0.0.0.0/8", "10.0.0.0/8", "10.1.0.0/16", "11.0.0.0/8"])).toEqual([
    "1.0.0.0-9.255.255.255",
    "12.0.0.0-127.255.255.255"
  ])
  expect(shown(["255.255.255.255/32", "0.0.0.0/32"])).toEqual(["0.0.0.1-255.255.255.254"])
})

it("reads what is to be opened, by service, address, network and name", () => {
  expect(parseTarget("host:11434")).toEqual({ _tag: "Host", port: 11_434 })
  expect(parseTarget("10.0.0.5:443")).toMatchObject({ _tag: "Addresses", port: 443 })
  expect(parseTarget("10.1.2.3/8")).toEqual({
    _tag: "Addresses",
    range: { first: 10 * 2 ** 24, last: 11 * 2 ** 24 - 1 },
    port: undefined
  })
  expect(parseTarget("Registry.corp.example:443")).toEqual({
    _tag: "Name",
    name: "registry.corp.example",
    wildcard: false,
    port: 443
  })
  expect(parseTarget("*.corp.example:443")).toMatchObject({ name: "corp.example", wildcard: true, port: 443 })
  expect(parseTarget("npm")).toEqual({ _tag: "Preset", name: "npm" })
  expect(parseTarget("db.corp.example")).toMatchObject({ _tag: "Name", port: undefined })
  for (
    const text of [
      "",
      "host",
      "host:0",
      "host:65536",
      "localhost",
      "10.0.0.5:",
      "10.0.0.5:x",
      "10.0.0/8",
      "10.0.0.256",
      "1.2.3.4.5",
      "[fd00::1]:443",
      "*",
      "*.example",
      "a.*.example.org",
      "npms",
      "https://a.example",
      "a..example",
      "-a.example",
      "a.example:443:443"
    ]
  ) expect(parseTarget(text), text).toBeUndefined()
})
