import { describe, expect, it } from "@effect/vitest"
import { devicesOf } from "../../../src/policy/devices.ts"
import { opencode } from "../../../src/tool/opencode.ts"

const workspace = { path: "/home/me/project", recursive: false }
const saved = "/home/me/.clincus/sessions-opencode/3f2b8c1e-5a6d-4f70-8e91-a2b3c4d5e6f7"
const disk = (source: string, path: string) => ({ type: "disk", source, path })
const mapped = { home: "/home/code", mounts: "map" } as const

describe("the devices of a session", () => {
  it("mounts the workspace, the outcome and the tool's state, and nothing else", () => {
    expect(devicesOf(workspace, mapped, "/workspace", saved, opencode)).toEqual({
      workspace: disk("/home/me/project", "/workspace"),
      outcome: disk(`${saved}/outcome`, "/var/lib/clincus/outcome"),
      state0: disk(`${saved}/.local/share/opencode`, "/home/code/.local/share/opencode"),
      state1: disk(`${saved}/.config/opencode`, "/home/code/.config/opencode"),
      state2: disk(`${saved}/.local/state/opencode`, "/home/code/.local/state/opencode")
    })
    expect(devicesOf({ ...workspace, recursive: true }, mapped, "/workspace", saved, opencode))
      .toMatchObject({ workspace: { recursive: "true" } })
  })
})
