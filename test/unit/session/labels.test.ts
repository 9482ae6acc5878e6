import { describe, expect, it } from "@effect/vitest"
import * as Option from "effect/Option"
import type { Instance } from "../../../src/incus/schemas.ts"
import { fromInstance, type Labels, toConfig } from "../../../src/session/labels.ts"

const labels: Labels = {
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

describe("labels", () => {
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
