import { expect, it } from "@effect/vitest"
import { limitsOf, withinProfiles } from "../../../src/policy/limits.ts"

const asked = { cpu: "2", memory: "4GiB", processes: 500 }
const all = ["cpu", "memory", "processes"] as const

it("a workspace's file lowers the limits of the machine's profiles and raises none", () => {
  const none = { cpu: undefined, memory: undefined, processes: undefined }
  expect(withinProfiles({ ...asked, ofWorkspace: all }, {})).toEqual(asked)
  const lower = { "limits.cpu": "1", "limits.memory": "1GiB", "limits.processes": "100" }
  expect(withinProfiles({ ...asked, ofWorkspace: all }, lower)).toEqual(none)
  const higher = { "limits.cpu": "0-3", "limits.memory": "8GiB", "limits.processes": "1000" }
  expect(withinProfiles({ ...asked, ofWorkspace: all }, higher)).toEqual(asked)
  // What cannot be compared is not lower.
  expect(withinProfiles({ ...asked, ofWorkspace: all }, { "limits.memory": "50%" })).toEqual({
    ...asked,
    memory: undefined
  })
  // The control: the user's own word stands.
  expect(withinProfiles({ ...asked, ofWorkspace: [] }, lower)).toEqual(asked)
  expect(withinProfiles({ ...asked, ofWorkspace: ["cpu"] }, lower)).toEqual({ ...asked, cpu: undefined })
})

it("only the limits that are set are named", () =>
  expect(limitsOf({ ...asked, memory: undefined })).toEqual({ "limits.cpu": "2", "limits.processes": "500" }))
