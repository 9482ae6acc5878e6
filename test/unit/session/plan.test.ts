import { describe, expect, it } from "@effect/vitest"
import type { Settings } from "../../../src/config/Settings.ts"
import { toConfig } from "../../../src/session/labels.ts"
import { commandOf, devicesOf, environmentOf, limitsOf, mountParents } from "../../../src/session/plan.ts"
import { baseName } from "../../../src/session/SlotService.ts"
import { claude } from "../../../src/tool/claude.ts"
import { opencode } from "../../../src/tool/opencode.ts"
import { builtIn } from "../../../src/tool/ToolRegistry.ts"
import { hashOf } from "../../../src/workspace/Workspace.ts"

const id = "3f2b8c1e-5a6d-4f70-8e91-a2b3c4d5e6f7"
const settings: Settings = {
  defaults: { image: "clincus", persistent: false },
  tool: { name: "claude", binary: undefined, named: {} },
  session: { on_exit: "end", on_detach: "keep" },
  limits: { cpu: "2", memory: undefined, processes: 500, ofWorkspace: [] },
  environment: { forward: [], set: {} },
  security: { root_on_mounts: false, root_workspace: true },
  paths: { sessions_dir: "/home/me/.clincus", preserve_workspace_path: false },
  incus: { project: "default", socket: "/socket", pool: undefined, network: undefined }
}
const workspace = {
  path: "/home/me/project",
  hash: hashOf("/home/me/project"),
  owner: { uid: 1234, gid: 100 },
  groups: []
}
/** Claude Code keeps what we keep. */
const kept = `--settings {"cleanupPeriodDays":36500}`
const saved = `/home/me/.clincus/sessions-opencode/${id}`
const disk = (source: string, path: string) => ({ type: "disk", source, path })
const mapped = { home: "/home/code", mounts: "map" } as const

describe("the plan of a session", () => {
  it("mounts the workspace, the outcome and the tool's state, and nothing else", () => {
    expect(devicesOf(workspace, mapped, "/workspace", saved, opencode, settings)).toEqual({
      workspace: disk("/home/me/project", "/workspace"),
      outcome: disk(`${saved}/outcome`, "/var/lib/clincus/outcome"),
      state0: disk(`${saved}/.local/share/opencode`, "/home/code/.local/share/opencode"),
      state1: disk(`${saved}/.config/opencode`, "/home/code/.config/opencode"),
      state2: disk(`${saved}/.local/state/opencode`, "/home/code/.local/state/opencode")
    })
    const chosen = { ...settings, incus: { ...settings.incus, pool: "fast", network: "br1" } }
    expect(devicesOf(workspace, mapped, "/workspace", saved, claude, chosen)).toMatchObject({
      root: { type: "disk", path: "/", pool: "fast" },
      eth0: { type: "nic", network: "br1", name: "eth0" }
    })
  })

  it("gives the directories above a mount to the user", () => {
    expect(mountParents(opencode, "/home/code")).toEqual([
      "/home/code/.local",
      "/home/code/.local/share",
      "/home/code/.config",
      "/home/code/.local/state"
    ])
    expect(mountParents(claude, "/home/code")).toEqual([])
  })

  it("names only the limits that are set", () =>
    expect(limitsOf(settings.limits)).toEqual({ "limits.cpu": "2", "limits.processes": "500" }))

  it("lets options win over the configuration, that over credentials, those over the tool's own", () => {
    const environment = environmentOf(claude, "/root", {
      credentials: { A: "credential", B: "credential", C: "credential" },
      settings: { B: "settings", C: "settings", IS_SANDBOX: "0" },
      options: { C: "option", PATH: "/mine" }
    })
    expect(environment).toMatchObject({
      A: "credential",
      B: "settings",
      C: "option",
      PATH: "/mine",
      IS_SANDBOX: "0",
      CLAUDE_CONFIG_DIR: "/root/.claude",
      CLINCUS_BINARY: "claude"
    })
  })

  const lines = (bypass: boolean, mode: "start" | "resume") =>
    Object.fromEntries(
      builtIn.map((tool) => [tool.name, commandOf({ tool, bypass }, { id }, mode).join(" ")])
    )

  it("starts each tool, acting without asking or not", () => {
    expect(lines(true, "start")).toEqual({
      claude: `claude ${kept} --permission-mode bypassPermissions --session-id ${id}`,
      opencode: "opencode --auto",
      codex: "codex --no-daemon --dangerously-bypass-approvals-and-sandbox",
      gemini: `gemini --approval-mode yolo --session-id ${id}`,
      copilot: `copilot --no-auto-update --allow-all --session-id=${id}`,
      aider: "aider --no-check-update --yes-always"
    })
    expect(lines(false, "start")).toEqual({
      claude: `claude ${kept} --permission-mode default --session-id ${id}`,
      opencode: "opencode",
      codex: "codex --no-daemon",
      gemini: `gemini --session-id ${id}`,
      copilot: `copilot --no-auto-update --session-id=${id}`,
      aider: "aider --no-check-update"
    })
  })

  it("goes on with a conversation by its id, or finds the id that the tool made", () => {
    expect(lines(false, "resume")).toMatchObject({
      claude: `claude ${kept} --permission-mode default --resume ${id}`,
      gemini: `gemini --resume ${id}`,
      copilot: `copilot --no-auto-update --resume=${id}`,
      aider: "aider --no-check-update --restore-chat-history"
    })
    const found = commandOf({ tool: opencode, bypass: true }, { id }, "resume")
    expect(found.slice(0, 2)).toEqual(["bash", "-c"])
    expect(found.slice(3)).toEqual(["bash", "opencode", "--auto", "--session", "{id}"])
  })

  it("puts a login shell in the place of the tool", () =>
    expect(commandOf({ tool: claude, bypass: true }, { id }, "debug")).toEqual(["bash", "-l"]))
})

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
