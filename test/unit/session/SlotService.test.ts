import { describe, expect, it } from "@effect/vitest"
import { toConfig } from "../../../src/session/labels.ts"
import { baseName } from "../../../src/session/SlotService.ts"
import { hashOf } from "../../../src/workspace/Workspace.ts"

const id = "3f2b8c1e-5a6d-4f70-8e91-a2b3c4d5e6f7"
const workspace = {
  path: "/home/me/project",
  hash: hashOf("/home/me/project"),
  owner: { uid: 1234, gid: 100 },
  groups: []
}
describe("the name of a workspace's containers", () => {
  const instance = (name: string, config: Record<string, string>) => ({
    name,
    config,
    status: "Running",
    type: "container",
    ephemeral: true,
    architecture: "x86_64",
    description: "",
    devices: {},
    expanded_devices: {},
    expanded_config: {},
    profiles: [],
    created_at: new Date(0),
    last_used_at: new Date(0),
    project: "default"
  })
  const labels = (path: string) =>
    toConfig({
      version: 1,
      session: id,
      workspace: path,
      directory: "/workspace",
      tool: "claude",
      slot: 1,
      persistent: "false",
      user: 1000,
      uid: 1000,
      gid: 1000,
      home: "/home/code",
      saved: `/home/me/.clincus/sessions-claude/${id}`,
      started: 0,
      variables: ""
    })
  const six = `clincus-${workspace.hash.slice(0, 6)}`
  const name = (...instances: ReadonlyArray<ReturnType<typeof instance>>) =>
    baseName("clincus-", workspace, instances)

  it("has six digits of the hash of its path", () => {
    expect(name()).toBe(six)
    expect(six).toMatch(/^clincus-[0-9a-f]{6}$/)
    expect(name(instance(`${six}-3`, labels(workspace.path)))).toBe(six)
    expect(name(instance(`${six}-11`, {}), instance(`${six}`, {}))).toBe(six)
  })
  it("grows while others have it, whoever they are", () => {
    const seven = `clincus-${workspace.hash.slice(0, 7)}`
    expect(name(instance(`${six}-3`, {}))).toBe(seven)
    expect(name(instance(`${six}-3`, labels("/elsewhere")))).toBe(seven)
    expect(name(instance(`${six}-1`, {}), instance(`${seven}-10`, {}))).toBe(
      `clincus-${workspace.hash.slice(0, 8)}`
    )
  })
})
