import { describe, expect, it } from "@effect/vitest"
import * as Option from "effect/Option"
import type { Instance } from "../../../src/incus/schemas.ts"
import { handleOf } from "../../../src/session/handle.ts"
import { fromInstance, type Labels, toConfig } from "../../../src/session/labels.ts"

const labels: Labels = {
  version: 1,
  session: "3f2b0a51-7f0c-4d0e-9a51-0f3c1d2e4b5a",
  workspace: "/home/me/project",
  directory: "/workspace",
  tool: "claude",
  slot: 1,
  persistent: "false",
  user: 1000,
  uid: 1000,
  gid: 1000,
  home: "/home/code",
  saved: "/home/me/.clincus/sessions-claude/3f2b0a51-7f0c-4d0e-9a51-0f3c1d2e4b5a",
  started: 1_790_000_000_000,
  variables: ""
}

const instance = (config: Record<string, string>): Instance => ({
  name: "clincus-a1b2c3-1",
  status: "Running",
  type: "container",
  ephemeral: true,
  architecture: "x86_64",
  description: "",
  config,
  devices: {},
  expanded_devices: {},
  expanded_config: {},
  profiles: [],
  created_at: new Date(0),
  last_used_at: new Date(0),
  project: "default"
})

/** As the first clincus wrote them on its containers. */
const first = {
  "user.clincus.session": "3f2b0a51-7f0c-4d0e-9a51-0f3c1d2e4b5a",
  "user.clincus.workspace": "/home/me/project",
  "user.clincus.directory": "/workspace",
  "user.clincus.tool": "claude",
  "user.clincus.slot": "1",
  "user.clincus.persistent": "false",
  "user.clincus.user": "1000",
  "user.clincus.uid": "1000",
  "user.clincus.gid": "1000",
  "user.clincus.home": "/home/code",
  "user.clincus.saved": "/home/me/.clincus/sessions-claude/3f2b0a51-7f0c-4d0e-9a51-0f3c1d2e4b5a",
  "user.clincus.started": "1790000000000",
  "user.clincus.variables": ""
}

describe("labels", () => {
  it("of an older clincus are understood, and so are those of a newer one with more of them", () => {
    expect(fromInstance(instance(first))).toEqual(Option.some(labels))
    const later = { ...first, "user.clincus.version": "2", "user.clincus.colour": "red" }
    expect(fromInstance(instance(later))).toEqual(Option.some({ ...labels, version: 2 }))
    expect(handleOf("clincus-a1b2c3-1", labels)).toMatchObject({ onDetach: "keep", run: undefined })
  })

  it("are read as they were written", () => {
    expect(fromInstance(instance(toConfig(labels)))).toEqual(Option.some(labels))
  })

  it.each([
    ["session", "../../../etc"],
    ["tool", "x/../../.."],
    ["slot", "11"],
    ["slot", "NaN"],
    ["started", "NaN"],
    ["started", "1e300"],
    ["uid", "-1"]
  ])("with %s %s are nobody's session", (key, value) => {
    expect(fromInstance(instance({ ...toConfig(labels), [`user.clincus.${key}`]: value }))).toEqual(
      Option.none()
    )
  })
})
