import { expect, it } from "@effect/vitest"
import { parseAddress, parseCidr } from "../../../../src/domain/ipv4.ts"
import { proxiesOf } from "../../../../src/policy/network/proxies.ts"
import {
  bridgeOptions,
  freeOf,
  internet,
  isClosed,
  openingOf,
  openingRule,
  rulesFor,
  sameRules
} from "../../../../src/policy/network/restricted.ts"

const network = { network: "clincusbr0", address: "10.137.64.1/24" }
const range = (first: string, last = first) => ({
  first: parseAddress(first) ?? 0,
  last: parseAddress(last) ?? 0
})

/** Whether the rules let an address through, read as Incus reads them. */
const passes = (rules: string, address: string) =>
  rules.split(",").some((text) => {
    const [first = "", last] = text.replace(/\/32$/, "").split("-")
    const number = parseAddress(address) ?? -1
    return number >= (parseAddress(first) ?? 0) && number <= (parseAddress(last ?? first) ?? 0)
  })

it("takes for the Internet what is public, and nothing else", () => {
  const rules = internet([])
  for (
    const address of [
      "1.1.1.1",
      "9.9.9.9",
      "11.0.0.1",
      "172.15.255.255",
      "172.32.0.0",
      "192.167.255.255",
      "203.0.113.80",
      "223.255.255.255"
    ]
  ) {
    expect(passes(rules, address), address).toBe(true)
  }
  for (
    const address of [
      "0.0.0.0",
      "10.0.0.0",
      "10.255.255.255",
      "100.64.0.1",
      "100.100.100.200",
      "127.0.0.1",
      "168.63.129.16",
      "169.254.169.254",
      "172.16.0.0",
      "172.31.255.255",
      "192.0.0.192",
      "192.168.0.1",
      "198.18.0.1",
      "224.0.0.251",
      "239.255.255.250",
      "255.255.255.255"
    ]
  ) expect(passes(rules, address), address).toBe(false)
})

it("does not take for the Internet what the machine stands beside, though its addresses are public", () => {
  const subnet = parseCidr("131.159.20.7/22")
  const rules = internet(subnet === undefined ? [] : [subnet])
  expect(["131.159.20.7", "131.159.23.255"].map((address) => passes(rules, address))).toEqual([false, false])
  expect(["131.159.19.255", "131.159.24.0"].map((address) => passes(rules, address))).toEqual([true, true])
  // A private one is closed anyway, and a route to half the world says nothing.
  expect(internet([{ base: 10 * 2 ** 24, prefix: 24 }, { base: 0, prefix: 1 }])).toBe(internet([]))
})

it("tells what is closed from what a session reaches by itself", () => {
  expect(isClosed(range("10.0.0.5"))).toBe(true)
  expect(isClosed(range("1.1.1.1"))).toBe(false)
  expect(isClosed(range("9.0.0.0", "11.0.0.0"))).toBe(true)
})

it("opens something to one address, and says for which run", () => {
  const opening = { run: "3f2b8c1e-5a6d-4f70-8e91-a2b3c4d5e6f7", at: 1_700_000_000_000 }
  const rule = openingRule(opening, "10.137.64.200", { range: range("10.0.0.5"), port: 443 })
  expect(rule).toEqual({
    action: "allow",
    state: "enabled",
    description: `opened for run ${opening.run} at ${opening.at}`,
    source: "10.137.64.200/32",
    destination: "10.0.0.5/32",
    protocol: "tcp",
    destination_port: "443"
  })
  expect(openingOf(rule)).toEqual(opening)
  const { egress, ingress } = rulesFor(network, [], [rule])
  expect([...egress, ...ingress].map(openingOf)).toEqual([undefined, opening, undefined])
  expect(sameRules(egress, rulesFor(network, [], [rule]).egress)).toBe(true)
  expect(sameRules(egress, rulesFor(network, [], []).egress)).toBe(false)
})

it("gives out addresses of the upper half, which Incus does not, and none twice", () => {
  expect(bridgeOptions(network.address)).toMatchObject({
    "ipv4.dhcp.ranges": "10.137.64.2-10.137.64.127",
    "ipv6.address": "none",
    "security.acls.default.egress.action": "reject"
  })
  const free = freeOf(network, [])
  expect([free[0], free.at(-1), free.length]).toEqual(["10.137.64.128", "10.137.64.254", 127])
  const taken = openingRule({ run: "r", at: 0 }, "10.137.64.128", {
    range: range("10.0.0.5"),
    port: undefined
  })
  expect(freeOf(network, [taken])).toEqual(free.slice(1))
})

it("finds the proxies of an environment, each once, but for the loopback interface's", () => {
  const shown = (environment: Record<string, string>) => proxiesOf(environment).map((proxy) => proxy.shown)
  expect(
    shown({ https_proxy: "http://proxy.corp.example:3128/", HTTPS_PROXY: "http://proxy.corp.example:3128" })
  )
    .toEqual(["proxy.corp.example:3128"])
  expect(shown({ http_proxy: "10.1.2.3:8080", ALL_PROXY: "socks5://10.1.2.4", no_proxy: "10.9.9.9" }))
    .toEqual([
      "10.1.2.3:8080",
      "10.1.2.4:1080"
    ])
  expect(
    shown({
      http_proxy: "http://localhost:3128",
      https_proxy: "http://127.0.0.1:3128",
      all_proxy: "nonsense"
    })
  )
    .toEqual([])
})
