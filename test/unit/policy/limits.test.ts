import { expect, it } from "@effect/vitest"
import { limitsOf, overridden, withinProfiles } from "../../../src/policy/limits.ts"

const asked = { cpu: "2", memory: "4GiB", processes: 500, disk: "20GiB", time: "8h" }
const all = ["cpu", "memory", "processes", "disk", "time"] as const
const none = { cpu: undefined, memory: undefined, processes: undefined, disk: undefined, time: undefined }
const machine = 16 * 2 ** 30

/** What profiles say: options, and the size of their root disk. */
const profiles = (config: Record<string, string> = {}, size?: string) => ({
  config,
  devices: { root: { type: "disk", path: "/", pool: "default", ...(size === undefined ? {} : { size }) } }
})

const ofWorkspace = { ...asked, ofWorkspace: all, byDefault: [] }

it("a workspace's file lowers the limits of the machine's profiles and raises none", () => {
  expect(withinProfiles(ofWorkspace, profiles(), machine)).toEqual(asked)
  const lower = { "limits.cpu": "1", "limits.memory": "1GiB", "limits.processes": "100" }
  expect(withinProfiles(ofWorkspace, profiles(lower, "10GiB"), machine)).toEqual({ ...none, time: "8h" })
  const higher = { "limits.cpu": "0-3", "limits.memory": "50%", "limits.processes": "1000" }
  expect(withinProfiles(ofWorkspace, profiles(higher, "1TiB"), machine)).toEqual(asked)
  // What cannot be compared is not lower.
  expect(withinProfiles(ofWorkspace, profiles({ "limits.memory": "much" }), machine)).toEqual({
    ...asked,
    memory: undefined
  })
  // The control: the user's own word stands.
  expect(withinProfiles({ ...ofWorkspace, ofWorkspace: [] }, profiles(lower, "10GiB"), machine)).toEqual(
    asked
  )
})

it("what is there by default yields to the machine's profiles, lower or not", () => {
  const byDefault = { ...none, memory: "50%", processes: 4096, ofWorkspace: [], byDefault: all }
  expect(withinProfiles(byDefault, profiles({ "limits.memory": "90%", "limits.processes": "9" }), machine))
    .toEqual(
      none
    )
  expect(withinProfiles(byDefault, profiles(), machine)).toEqual({ ...none, memory: "50%", processes: 4096 })
})

it("what is given takes the place of what is configured, whoever set that", () =>
  expect(overridden({ ...ofWorkspace, byDefault: ["memory"] }, { memory: "none", time: "1h" })).toEqual({
    ...asked,
    memory: "none",
    time: "1h",
    ofWorkspace: ["cpu", "processes", "disk"],
    byDefault: []
  }))

it("memory is limited together with swap, and processors are shared, unless a profile says how", () => {
  expect(limitsOf(asked, profiles())).toEqual({
    "limits.cpu": "2",
    "limits.cpu.allowance": "50%",
    "limits.memory": "4GiB",
    "limits.memory.swap": "false",
    "limits.processes": "500"
  })
  const shared = { "limits.cpu.allowance": "10ms/100ms", "limits.memory.swap": "true" }
  expect(limitsOf({ ...none, memory: "4GiB" }, profiles(shared))).toEqual({ "limits.memory": "4GiB" })
  // A profile's memory is memory without swap too.
  expect(limitsOf(none, profiles({ "limits.memory": "1GiB" }))).toMatchObject({
    "limits.memory.swap": "false"
  })
})

it("what is opened is not limited", () =>
  expect(
    limitsOf({ cpu: "none", memory: "none", processes: "none", disk: "none", time: "none" }, profiles())
  ).toEqual({}))
