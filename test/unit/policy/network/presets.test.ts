import { expect, it } from "@effect/vitest"
import { parseTarget, presetNames } from "../../../../src/domain/network.ts"
import { gatewayAddress, gatewayBridgeOptions, gatewayRules } from "../../../../src/policy/network/gateway.ts"
import { allowedNames } from "../../../../src/policy/network/presets.ts"
import { builtIn } from "../../../../src/tool/ToolRegistry.ts"

const allow = (...targets: ReadonlyArray<string>) =>
  targets.flatMap((text) => {
    const target = parseTarget(text)
    if (target === undefined) throw new Error(text)
    return [target]
  })

it("opens names at the ports of the web or at their own, and lets those of the user's alone lead inside", () => {
  expect(allowedNames(allow("a.example", "*.b.example:8443", "host:1", "10.0.0.5"), ["api.tool.example"]))
    .toEqual([
      { name: "api.tool.example", wildcard: false, port: 80, inner: false },
      { name: "api.tool.example", wildcard: false, port: 443, inner: false },
      { name: "a.example", wildcard: false, port: 80, inner: true },
      { name: "a.example", wildcard: false, port: 443, inner: true },
      { name: "b.example", wildcard: true, port: 8443, inner: true }
    ])
})

it("knows hosts of each preset and of each tool, all of them names", () => {
  for (const name of presetNames) {
    const names = allowedNames(allow(name), [])
    expect(names.length, name).toBeGreaterThan(1)
    expect(names.every(({ inner }) => !inner), name).toBe(true)
  }
  for (const { hosts = [], name } of builtIn) {
    expect(allowedNames([], hosts).length, name).toBe(2 * hosts.length)
  }
})

it("leads sessions to the gateway for addresses and names, and nowhere else", () => {
  expect(gatewayAddress("10.99.1.1/24")).toBe("10.99.1.2")
  expect(gatewayBridgeOptions("10.99.1.1/24")).toMatchObject({
    "ipv4.nat": "false",
    "ipv4.dhcp.gateway": "10.99.1.2",
    "ipv4.dhcp.ranges": "10.99.1.3-10.99.1.127",
    "raw.dnsmasq": "dhcp-ignore=tag:!known\nport=0\ndhcp-option=6,10.99.1.2",
    "security.acls": "clincus-gateway",
    "security.acls.default.egress.action": "reject"
  })
  expect(gatewayRules({ network: "clincusgw0", address: "10.99.1.1/24" }).egress).toMatchObject([
    { action: "allow", destination: "10.99.1.2/32" }
  ])
})
