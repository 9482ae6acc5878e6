import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Settings } from "../../../src/config/Settings.ts"
import type { ToolSettings } from "../../../src/config/values.ts"
import type { JsonObject } from "../../../src/domain/json.ts"
import { claude } from "../../../src/tool/claude.ts"
import { builtIn, chooseTool, describeTool } from "../../../src/tool/ToolRegistry.ts"
import { plainSettings } from "../config/support/settings.ts"

const edit = (current: JsonObject, own: JsonObject, changes: { bypass?: boolean; key?: string } = {}) =>
  claude.documents[0]?.edit({ current, own }, {
    id: "3f2b8c1e-5a6d-4f70-8e91-a2b3c4d5e6f7",
    directory: "/workspace",
    home: "/home/code",
    bypass: changes.bypass ?? true,
    environment: changes.key === undefined ? {} : { ANTHROPIC_API_KEY: changes.key }
  })

describe("Claude Code's .claude.json", () => {
  it("answers the questions that a container makes pointless", () =>
    expect(edit({}, {})).toEqual({
      theme: "dark",
      hasCompletedOnboarding: true,
      bypassPermissionsModeAccepted: true,
      projects: { "/workspace": { hasTrustDialogAccepted: true, hasCompletedProjectOnboarding: true } }
    }))
  it("takes the user's own settings, and nothing of other projects", () => {
    const own = {
      theme: "light",
      mcpServers: { a: {} },
      projects: { "/secret": {} },
      primaryApiKey: "sk",
      history: []
    }
    const edited = edit({}, own)
    expect(edited).toMatchObject({ theme: "light", mcpServers: { a: {} } })
    expect(Object.keys(edited?.["projects"] ?? {})).toEqual(["/workspace"])
    expect(JSON.stringify(edited)).not.toMatch(/sk|secret|history/)
  })
  it("leaves what the tool has written since", () => {
    const current = { theme: "ansi", numStartups: 7, projects: { "/workspace": { allowedTools: ["Bash"] } } }
    expect(edit(current, { theme: "light" })).toMatchObject({
      theme: "ansi",
      numStartups: 7,
      projects: { "/workspace": { allowedTools: ["Bash"], hasTrustDialogAccepted: true } }
    })
  })
  it("does not accept what was not asked for", () =>
    expect(edit({}, {}, { bypass: false })).not.toHaveProperty("bypassPermissionsModeAccepted"))
  it("approves the key that the user has given", () =>
    expect(edit({}, {}, { key: "sk-ant-0123456789abcdefghijklmnopqrstuv" })).toMatchObject({
      customApiKeyResponses: { approved: ["cdefghijklmnopqrstuv"], rejected: [] }
    }))
})

describe("the registry", () => {
  const settings = (named: Record<string, ToolSettings>, name = "claude", binary?: string): Settings => ({
    ...plainSettings,
    tool: { name, binary, named }
  })

  it("keeps every credential inside the state that is mounted", () => {
    for (const { credentials, name, state } of builtIn) {
      for (
        const path of [
          ...credentials.files.map(({ to }) => to),
          ...credentials.scrub.map(({ path }) => path)
        ]
      ) {
        expect([name, path, state.some((directory) => path.startsWith(`${directory}/`))]).toEqual([
          name,
          path,
          true
        ])
      }
    }
  })
  it("never copies a credential with the configuration", () => {
    for (const { config, credentials, name } of builtIn) {
      const copied = config.flatMap(({ entries, to }) => entries.map((entry) => `${to}/${entry}`))
      expect([name, credentials.files.filter(({ to }) => copied.includes(to))]).toEqual([name, []])
    }
  })

  it.effect("changes a known tool by its table", () =>
    Effect.gen(function*() {
      const named = { claude: { binary: "/opt/claude", args: ["--verbose"], permission: "ask" as const } }
      const { bypass, tool } = yield* chooseTool(settings(named), "claude")
      expect({ bypass, binary: tool.binary, args: tool.args, state: tool.state }).toEqual({
        bypass: false,
        binary: "/opt/claude",
        args: [...claude.args, "--verbose"],
        state: [".claude"]
      })
      // [tool] binary is that of the tool that [tool] name chooses.
      expect((yield* chooseTool(settings({}, "claude", "/usr/bin/mine"), "claude")).tool.binary).toBe(
        "/usr/bin/mine"
      )
      expect((yield* chooseTool(settings({}, "claude", "/usr/bin/mine"), "opencode")).tool.binary).toBe(
        "opencode"
      )
    }))

  it.effect("makes a tool of one that is only declared", () =>
    Effect.gen(function*() {
      const { tool } = yield* chooseTool(
        settings({
          mine: { start: ["--id={id}"], credentials: [".mine/key"], config: [".mine/settings/a.toml"] }
        }),
        "mine"
      )
      expect(tool).toMatchObject({
        title: "mine",
        binary: "mine",
        state: [".mine"],
        config: [{ from: { path: ".mine/settings" }, to: ".mine/settings", entries: ["a.toml"] }],
        credentials: { files: [{ from: { path: ".mine/key" }, to: ".mine/key" }] }
      })
      expect(tool.conversation.kind === "given" && tool.conversation.resume("42")).toEqual(["--id=42"])
    }))

  it.effect("knows a tool that a program describes, as the table of its name changes it", () =>
    Effect.gen(function*() {
      const worker = yield* describeTool("worker", { binary: "/workspace/worker" })
      expect((yield* chooseTool(settings({}), "worker", [worker])).tool).toEqual(worker)
      const { bypass, tool } = yield* chooseTool(settings({ worker: { permission: "ask" } }), "worker", [
        worker
      ])
      expect({ bypass, binary: tool.binary }).toEqual({ bypass: false, binary: "/workspace/worker" })
      expect(yield* Effect.flip(chooseTool(settings({}), "worker"))).toMatchObject({ _tag: "UnknownTool" })
      expect(yield* Effect.flip(chooseTool(settings({}), "walker", [worker]))).toMatchObject({
        known: expect.arrayContaining(["claude", "worker"])
      })
    }))

  it.effect("says so where a table would change how a built-in tool works", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(chooseTool(settings({ claude: { state: [".mine"] } }), "claude"))
      expect(error.message).toBe(
        "[tool.claude] in the configuration: 'state' is for tools of your own; how claude works is built in"
      )
    }))

  for (const bad of ["/etc", "../outside", ".mine/../../outside"]) {
    it.effect(`refuses a declared tool that reaches for ${bad}`, () =>
      Effect.gen(function*() {
        for (const key of ["state", "config", "credentials"]) {
          const error = yield* Effect.flip(chooseTool(settings({ mine: { [key]: [bad] } }), "mine"))
          expect(error.message).toBe(
            `[tool.mine] in the configuration: '${bad}' is not a path inside the home directory`
          )
        }
      }))
  }
})
