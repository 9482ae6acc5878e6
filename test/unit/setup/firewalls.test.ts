import { expect, it } from "@effect/vitest"
import {
  droppingChains,
  dropsForwarded,
  type FirewallFacts,
  firewallFindings,
  ufwEnabled
} from "../../../src/setup/firewalls.ts"

const quiet: FirewallFacts = {
  bridges: ["clincusbr0", "incusbr0"],
  forward: "-P FORWARD ACCEPT\n",
  docker: false,
  ufw: "ENABLED=no\n",
  zones: undefined,
  ruleset: `table inet incus {
	chain in.clincusbr0 {
		type filter hook input priority filter; policy accept;
		iifname "clincusbr0" udp dport 67 accept
	}
}
`
}
const found = (facts: Partial<FirewallFacts>) =>
  firewallFindings({ ...quiet, ...facts }).map(({ bridge, firewall }) => `${firewall} ${bridge}`)

/** As on a server whose owner has followed a guide. */
const closed = `table inet filter {
	chain input {
		type filter hook input priority filter; policy drop;
		ct state established,related accept
		iifname "lo" accept
	}

	chain forward {
		type filter hook forward priority filter; policy drop;
		iifname "incusbr0" accept
	}

	chain output {
		type filter hook output priority filter; policy drop;
	}
}
`

it("recognises firewalls that keep a bridge from the network", () => {
  expect(dropsForwarded("-P FORWARD DROP\n-A FORWARD -j DOCKER-USER\n")).toBe(true)
  expect(dropsForwarded("-P FORWARD ACCEPT\n")).toBe(false)
  expect(ufwEnabled("# x\nENABLED=yes\n")).toBe(true)
  expect(ufwEnabled("ENABLED=no\n")).toBe(false)
  expect(droppingChains(closed).map(({ chain, hook }) => [chain, hook])).toEqual([
    ["input", "input"],
    ["forward", "forward"]
  ])
  expect(droppingChains(quiet.ruleset)).toEqual([])
})

it("finds nothing to say of a machine without one", () => {
  expect(found({})).toEqual([])
  expect(found({ zones: { clincusbr0: "trusted", incusbr0: "trusted" } })).toEqual([])
  expect(found({ docker: true })).toEqual([])
})

it("names each firewall and each bridge that it closes, with what opens it", () => {
  const forward = "-P FORWARD DROP\n-A FORWARD -i incusbr0 -j ACCEPT\n"
  expect(found({ forward })).toEqual(["iptables clincusbr0"])
  expect(found({ forward, docker: true })).toEqual(["docker clincusbr0"])
  expect(found({ ufw: "ENABLED=yes\n" })).toEqual(["ufw clincusbr0", "ufw incusbr0"])
  expect(found({ zones: { clincusbr0: "public", incusbr0: "trusted" } })).toEqual(["firewalld clincusbr0"])
  expect(found({ zones: { clincusbr0: "", incusbr0: "trusted" } })).toEqual(["firewalld clincusbr0"])
  const [first] = firewallFindings({ ...quiet, bridges: ["clincusbr0"], ruleset: quiet.ruleset + closed })
  expect(first?.commands).toEqual([
    "sudo nft insert rule inet filter input iifname clincusbr0 udp dport '{ 53, 67 }' accept",
    "sudo nft insert rule inet filter input iifname clincusbr0 tcp dport 53 accept",
    "sudo nft insert rule inet filter forward iifname clincusbr0 accept",
    "sudo nft insert rule inet filter forward oifname clincusbr0 ct state established,related accept"
  ])
})
