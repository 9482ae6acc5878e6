import { expect, it } from "@effect/vitest"
import { explainShape } from "../../../src/policy/explain/explain.ts"
import type { About, Shape } from "../../../src/policy/explain/Fact.ts"
import { type Mount, mountingOf } from "../../../src/policy/files/lxc.ts"
import { kernelOf } from "../../../src/policy/kernel.ts"

const about: About = {
  home: "/home/code",
  tool: "claude",
  image: "clincus",
  variables: ["LANG"],
  credentials: ["~/.claude/.credentials.json"],
  copied: [],
  network: { mode: "open", allow: [] },
  openings: [],
  clipboard: false,
  end: undefined,
  setting: (key) => key === "limits.memory" ? "/home/ada/config.toml:3" : "default",
  profileOfKey: () => undefined,
  profileOfDevice: (name) => name === "root" || name === "eth0" ? "Incus profile default" : undefined
}

const kernel = kernelOf(false, { config: {} })
const at = (path: string, more: Partial<Mount> = {}): Mount => ({
  path,
  source: path,
  from: `/home/ada/project${path.slice("/workspace".length)}`,
  readOnly: true,
  ...more
})
const mounts = [
  at("/workspace/.git/hooks"),
  at("/workspace/a b"),
  at("/workspace/.git/modules", { readOnly: false }),
  at("/workspace/.env", { source: "/var/lib/clincus-blank/file", from: "/saved/blank/file" })
]
const held = (shifted: boolean) => mountingOf(mounts, { mayMount: false, shifted })
const blank = {
  blank: { type: "disk", source: "/saved/blank", path: "/var/lib/clincus-blank", readonly: "true" }
}

const shape: Shape = {
  devices: {
    root: { type: "disk", path: "/", pool: "fast" },
    eth0: { type: "nic", network: "incusbr0", name: "eth0" },
    workspace: { type: "disk", source: "/home/ada/project", path: "/workspace" },
    outcome: { type: "disk", source: "/saved/outcome", path: "/var/lib/clincus/outcome" },
    state0: { type: "disk", source: "/saved/.claude", path: "/home/code/.claude" },
    tty: { type: "none" },
    ...blank
  },
  config: {
    ...kernel,
    "raw.lxc": [kernel["raw.lxc"], held(false).config["raw.lxc"]].join("\n"),
    "limits.memory": "4GiB",
    "limits.memory.swap": "false",
    "limits.cpu.allowance": "50%",
    "raw.idmap": "uid 1001 1000\ngid 1001 1000",
    "security.idmap.isolated": "true",
    "user.clincus.session": "1",
    "volatile.uuid": "2",
    "image.os": "Debian",
    "environment.CLINCUS_RUN": "3"
  }
}

const kinds = (given: Shape) => explainShape(given, about).filter(({ kind }) => kind === "unknown")

it("knows all that clincus gives a session", () => {
  expect(kinds(shape)).toEqual([])
  const facts = explainShape(shape, about)
  const find = (what: string) => facts.find((one) => one.what === what)
  expect(find("/workspace")).toMatchObject({ kind: "write", source: "workspace" })
  expect(find("protected")?.items).toEqual(["/workspace/.git/hooks", "/workspace/a b"])
  expect(find("hidden")?.items).toEqual(["/workspace/.env"])
  expect(find("as whom")?.detail).toBe("uid 1001, gid 1001 outside; root is nobody there")
  expect(find("memory")).toMatchObject({
    kind: "spend",
    detail: "4GiB, without swap",
    source: "/home/ada/config.toml:3"
  })
  expect(find("disk, at /")).toMatchObject({ source: "Incus profile default" })
  expect(find("the kernel")?.items).toContain("bpf")
  expect(find("credentials")).toMatchObject({ kind: "reach" })
  const devices = facts.flatMap((one) => one.devices)
  expect(devices.toSorted()).toEqual(["blank", "eth0", "outcome", "root", "state0", "workspace"])
})

it("knows paths that are held by devices, too", () => {
  const { config, devices } = held(true)
  const facts = explainShape({
    devices: { ...shape.devices, ...devices },
    config: { ...shape.config, "raw.lxc": [kernel["raw.lxc"], config["raw.lxc"]].join("\n") }
  }, about)
  expect(facts.filter(({ kind }) => kind === "unknown")).toEqual([])
  const find = (what: string) => facts.find((one) => one.what === what)
  expect(find("protected")?.items).toEqual(["/workspace/.git/hooks", "/workspace/a b"])
  expect(find("hidden")).toMatchObject({ items: ["/workspace/.env"] })
  expect(facts.flatMap((one) => one.devices).filter((name) => name.startsWith("hold"))).toHaveLength(4)
})

it("shows what nobody of clincus has put there", () => {
  const strange = (more: Partial<Shape>) =>
    kinds({ devices: { ...shape.devices, ...more.devices }, config: { ...shape.config, ...more.config } })
      .map(({ what }) => what)
  expect(strange({ devices: { gpu0: { type: "gpu" } } })).toEqual(["device gpu0"])
  expect(strange({ devices: { door: { type: "proxy", listen: "tcp:0.0.0.0:1" } } })).toEqual(["device door"])
  expect(strange({ config: { "security.protection.delete": "true" } })).toEqual([
    "security.protection.delete"
  ])
  expect(strange({ config: { "raw.apparmor": "x" } })).toEqual(["raw.apparmor"])
  const more = `${shape.config["raw.lxc"]}\nlxc.mount.entry = /etc etc none bind 0 0`
  expect(strange({ config: { "raw.lxc": more } })).toEqual(["raw.lxc"])
})

it("does not take a device for what its name says", () => {
  const facts = explainShape({
    ...shape,
    devices: {
      ...shape.devices,
      hold9: { type: "disk", source: "/etc", path: "/workspace/x", readonly: "true" }
    }
  }, about)
  expect(facts.find(({ what }) => what === "/workspace/x")).toMatchObject({ detail: "/etc" })
  expect(facts.find(({ what }) => what === "protected")?.items).not.toContain("/workspace/x")
})

it("says of disks that others have added whether they can be written", () => {
  const facts = explainShape({
    ...shape,
    devices: {
      ...shape.devices,
      etc: { type: "disk", source: "/etc", path: "/host-etc", readonly: "true" },
      srv: { type: "disk", source: "/srv", path: "/srv" }
    }
  }, about)
  expect(facts.find(({ what }) => what === "/host-etc")).toMatchObject({
    kind: "read",
    source: "added to the instance"
  })
  expect(facts.find(({ what }) => what === "/srv")).toMatchObject({ kind: "write", devices: ["srv"] })
})

it("says it if a wall is not there", () => {
  const detail = (config: Record<string, string>, what: string) =>
    explainShape({ devices: shape.devices, config }, about).find((one) => one.what === what)?.detail ?? ""
  expect(detail({ "security.privileged": "true" }, "the kernel")).toContain("root inside is root outside")
  expect(detail({}, "the kernel")).toContain("all its calls; with Incus's guest API")
  expect(detail({ ...shape.config, "security.nesting": "true" }, "containers in it")).toContain("Docker")
  expect(detail({}, "memory")).toBe("all of this machine's")
})
