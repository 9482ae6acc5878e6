import type { Tool } from "./Tool.ts"

/** GitHub Copilot CLI; see https://docs.github.com/copilot/how-tos/copilot-cli. */
export const copilot: Tool = {
  name: "copilot",
  title: "Copilot CLI",
  binary: "copilot",
  state: [".copilot"],
  unsaved: [],
  config: [{
    from: { path: ".copilot" },
    to: ".copilot",
    entries: [
      "config.json",
      "settings.json",
      "mcp-config.json",
      "copilot-instructions.md",
      "agents",
      "skills"
    ]
  }],
  documents: [],
  credentials: {
    files: [],
    variables: ["COPILOT_GITHUB_TOKEN", "GH_TOKEN", "GITHUB_TOKEN"],
    // Without a keyring the tool keeps its tokens among the settings.
    scrub: [{ path: ".copilot/config.json", keys: ["copilot_tokens", "copilotTokens"] }]
  },
  environment: { COPILOT_HOME: "{home}/.copilot" },
  bypass: ["--allow-all"],
  ask: [],
  args: ["--no-auto-update"],
  conversation: {
    kind: "given",
    start: (id) => [`--session-id=${id}`],
    resume: (id) => [`--session-id=${id}`]
  }
}
