import { describe, expect, it } from "@effect/vitest"
import { commandOf, environmentOf, mountParents } from "../../../src/session/command.ts"
import { claude } from "../../../src/tool/claude.ts"
import { opencode } from "../../../src/tool/opencode.ts"
import { builtIn } from "../../../src/tool/ToolRegistry.ts"

const id = "3f2b8c1e-5a6d-4f70-8e91-a2b3c4d5e6f7"
/** Claude Code keeps what we keep. */
const kept = `--settings {"cleanupPeriodDays":36500}`

describe("the command of a session", () => {
  it("gives the directories above a mount to the user", () => {
    expect(mountParents(opencode, "/home/code")).toEqual([
      "/home/code/.local",
      "/home/code/.local/share",
      "/home/code/.config",
      "/home/code/.local/state"
    ])
    expect(mountParents(claude, "/home/code")).toEqual([])
  })

  it("lets what is asked for win over credentials, and those over the tool's own", () => {
    const environment = environmentOf(claude, "/root", {
      credentials: { A: "credential", B: "credential", C: "credential" },
      request: { B: "request", C: "request", IS_SANDBOX: "0", PATH: "/mine" }
    })
    expect(environment).toMatchObject({
      A: "credential",
      B: "request",
      C: "request",
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
