import { describe, expect, it } from "@effect/vitest"
import { policyOf } from "../../../src/policy/policy.ts"
import { inheritedFrom } from "../../../src/policy/profiles.ts"

const root = { type: "disk", path: "/", pool: "default" }
const eth0 = { type: "nic", network: "incusbr0" }
const profile = (
  name: string,
  config: Record<string, string>,
  devices: Record<string, Record<string, string>>
) => ({
  name,
  description: "",
  config,
  devices
})

const limits = {
  cpu: undefined,
  memory: undefined,
  processes: undefined,
  disk: undefined,
  time: undefined,
  ofWorkspace: [],
  byDefault: []
}
const policy = (
  found: Parameters<typeof inheritedFrom>[0],
  changes: Partial<Parameters<typeof policyOf>[0]> = {}
) => policyOf({ limits, docker: false, pool: undefined, ...changes }, inheritedFrom(found), 2 ** 34)

describe("what the machine's profiles say", () => {
  const weak = profile("default", {
    "security.privileged": "true",
    "security.nesting": "true",
    "security.syscalls.intercept.mount": "true",
    "security.syscalls.deny_default": "false",
    "raw.lxc": "lxc.mount.entry = /etc etc none bind 0 0",
    "user.note": "x"
  }, {
    root,
    eth0,
    card: { type: "gpu" },
    shared: { type: "disk", source: "/srv", path: "/srv" },
    docker: { type: "proxy", connect: "unix:/run/docker.sock", listen: "unix:/run/docker.sock" }
  })
  const own = profile("clincus", {}, { shared: { type: "disk", source: "/srv/cache", path: "/cache" } })

  it("is taken back where it weakens a session, devices of the default profile included", () => {
    const { config, devices } = policy([weak, own])
    expect(config).toMatchObject({
      "security.privileged": "false",
      "security.nesting": "false",
      "security.syscalls.intercept.mount": "false",
      "security.syscalls.deny_default": "true",
      "raw.lxc": "lxc.proc.oom_score_adj = 500"
    })
    expect(config).not.toHaveProperty("user.note")
    // What stands in the profile of sessions is for them.
    expect(devices).toEqual({ card: { type: "none" }, docker: { type: "none" } })
  })

  it("is told of as left out", () => {
    expect(inheritedFrom([weak, own]).leftOut.map(({ name }) => name)).toEqual([
      "security.privileged",
      "security.nesting",
      "security.syscalls.intercept.mount",
      "security.syscalls.deny_default",
      "raw.lxc",
      "card",
      "docker"
    ])
    // The control.
    expect(inheritedFrom([profile("default", { "security.privileged": "false" }, { root, eth0 })]).leftOut)
      .toEqual([])
  })
})

describe("the root disk", () => {
  const found = [profile("default", {}, { disk0: { ...root, "io.bus": "nvme", size: "9GiB" } })]
  it("is the profiles' unless something is said of it", () => expect(policy(found).devices).toEqual({}))
  it("keeps what the profiles say of it", () => {
    expect(policy(found, { limits: { ...limits, disk: "5GiB" } }).devices).toEqual({
      disk0: { ...root, "io.bus": "nvme", size: "5GiB" }
    })
    expect(policy(found, { pool: "fast" }).devices).toEqual({
      disk0: { ...root, "io.bus": "nvme", size: "9GiB", pool: "fast" }
    })
    expect(policy([], { pool: "fast" }).devices).toEqual({ root: { type: "disk", path: "/", pool: "fast" } })
  })
})

it("containers in a session are allowed by a word, and nothing else is by it", () => {
  const [closed, open] = [policy([]).config, policy([], { docker: true }).config]
  expect(open).toEqual({
    ...closed,
    "security.nesting": "true",
    "security.syscalls.intercept.mknod": "true",
    "security.syscalls.intercept.setxattr": "true"
  })
})
