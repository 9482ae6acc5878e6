import { expect, it } from "@effect/vitest"
import { isMember } from "../../../src/setup/access.ts"
import { isDaemon } from "../../../src/setup/daemon.ts"
import { chooseNetwork, newBridge } from "../../../src/setup/network.ts"
import { carries, profileDevices } from "../../../src/setup/profile.ts"
import { choosePool, poolSize } from "../../../src/setup/storage.ts"

const gibibyte = 1024 ** 3
const pool = (name: string, driver: string) => ({ name, driver, status: "Created", config: {} })
const bridge = (name: string, config: Record<string, string>, managed = true) => ({
  name,
  type: "bridge",
  managed,
  status: "Created",
  config
})
const root = (name: string) => ({ type: "disk", path: "/", pool: name })
const nic = (network: string) => ({ type: "nic", name: "eth0", network })
const profile = (devices: Record<string, Record<string, string>>) => ({
  name: "clincus",
  description: "",
  config: {},
  devices
})

it("tells the daemon from its helpers and from other programs", () => {
  expect(isDaemon("/usr/libexec/incus/incusd\0--group\0incus-admin\0")).toBe(true)
  expect(isDaemon("incusd\0")).toBe(true)
  expect(isDaemon("/usr/libexec/incus/incusd\0forkproxy\0--\0")).toBe(false)
  expect(isDaemon("grep\0incusd\0")).toBe(false)
  expect(isDaemon("")).toBe(false)
})

it("reads membership from the group file, whole names only", () => {
  const groups = "root:x:0:\nincus-admin:x:994:ada,bob\nincus:x:995:eve\n"
  expect(isMember(groups, "incus-admin", "bob")).toBe(true)
  expect(isMember(groups, "incus-admin", "eve")).toBe(false)
  expect(isMember(groups, "incus-admin", "ad")).toBe(false)
})

it("uses the pool asked for, else the default profile's, else the one that copies fastest", () => {
  const pools = [pool("plain", "dir"), pool("tank", "zfs"), pool("quick", "btrfs")]
  expect(choosePool(pools, {}, undefined)?.name).toBe("quick")
  expect(choosePool(pools, { root: root("plain") }, undefined)?.name).toBe("plain")
  expect(choosePool(pools, { root: root("plain") }, "tank")?.name).toBe("tank")
  expect(choosePool(pools, {}, "gone")).toBeUndefined()
  expect(choosePool([], {}, undefined)).toBeUndefined()
})

it("makes a pool half the size of what is free, within bounds", () => {
  expect(poolSize(80 * gibibyte)).toBe(40)
  expect(poolSize(gibibyte)).toBe(10)
  expect(poolSize(4000 * gibibyte)).toBe(100)
})

it("uses the network asked for, else the default profile's, else a managed bridge with NAT", () => {
  const networks = [
    bridge("eth0", {}, false),
    bridge("isolated", { "ipv4.address": "10.9.0.1/24" }),
    bridge("six", { "ipv4.address": "none", "ipv4.nat": "true" }),
    bridge("clincusbr0", {
      "ipv4.address": "10.7.0.1/24",
      "ipv4.nat": "true",
      "security.acls": "clincus-restricted"
    }),
    bridge("nat", { "ipv4.address": "10.8.0.1/24", "ipv4.nat": "true" })
  ]
  expect(chooseNetwork(networks, {}, undefined)).toBe("nat")
  expect(chooseNetwork(networks, { eth0: nic("isolated") }, undefined)).toBe("isolated")
  expect(chooseNetwork(networks, { eth0: { type: "nic", parent: "br0" } }, undefined)).toBe("br0")
  expect(chooseNetwork(networks, { eth0: nic("isolated") }, "six")).toBe("six")
  expect(chooseNetwork(networks, {}, "gone")).toBeUndefined()
  expect(chooseNetwork(networks.slice(0, 4), {}, undefined)).toBeUndefined()
})

it("names a new bridge as no interface is named", () => {
  expect(newBridge([])).toBe("incusbr0")
  expect(newBridge(["lo", "incusbr0", "incusbr1"])).toBe("incusbr2")
})

it("puts into the profile only what the default profile lacks", () => {
  const facts = { pool: "p", network: "n", ownPool: false, ownNetwork: false }
  expect(profileDevices({ ...facts, defaults: {} })).toEqual({ root: root("p"), eth0: nic("n") })
  expect(profileDevices({ ...facts, defaults: { root: root("x") } })).toEqual({ eth0: nic("n") })
  expect(profileDevices({ ...facts, defaults: { root: root("x"), net0: nic("y") } })).toEqual({})
})

it("overrides the default profile's devices by their names where the configuration asks", () => {
  expect(profileDevices({
    defaults: { disk0: root("x"), net0: nic("y") },
    pool: "p",
    network: "n",
    ownPool: true,
    ownNetwork: true
  })).toEqual({ disk0: root("p"), net0: nic("n") })
})

it("leaves a profile alone that does what is needed in the user's own way", () => {
  const devices = { root: root("p"), eth0: nic("n") }
  const theirs = profile({ root: root("other"), lan: nic("other") })
  expect(carries(theirs, devices, { ownPool: false, ownNetwork: false })).toBe(true)
  expect(carries(theirs, devices, { ownPool: true, ownNetwork: false })).toBe(false)
  expect(carries(theirs, devices, { ownPool: false, ownNetwork: true })).toBe(false)
  expect(carries(profile({ root: root("p") }), devices, { ownPool: false, ownNetwork: false })).toBe(false)
  expect(carries(profile({}), {}, { ownPool: false, ownNetwork: false })).toBe(true)
})
