import type { Tool } from "./Tool.ts"

/** opencode; see https://opencode.ai/docs/. Its conversations are in an SQLite database, under ids that it makes. */
export const opencode: Tool = {
  name: "opencode",
  title: "opencode",
  binary: "opencode",
  state: [".local/share/opencode", ".config/opencode", ".local/state/opencode"],
  config: [{
    from: { path: ".config/opencode" },
    to: ".config/opencode",
    entries: [
      "opencode.json",
      "opencode.jsonc",
      "config.json",
      "tui.json",
      "AGENTS.md",
      "agent",
      "agents",
      "command",
      "commands",
      "mode",
      "modes",
      "plugin",
      "plugins",
      "skill",
      "skills",
      "themes",
      "tool",
      "tools"
    ]
  }],
  documents: [],
  credentials: {
    files: [
      { from: { path: ".local/share/opencode/auth.json" }, to: ".local/share/opencode/auth.json" },
      { from: { path: ".local/share/opencode/mcp-auth.json" }, to: ".local/share/opencode/mcp-auth.json" }
    ],
    variables: [
      "ANTHROPIC_API_KEY",
      "OPENAI_API_KEY",
      "GEMINI_API_KEY",
      "GOOGLE_GENERATIVE_AI_API_KEY",
      "OPENROUTER_API_KEY",
      "GROQ_API_KEY",
      "MISTRAL_API_KEY",
      "XAI_API_KEY",
      "DEEPSEEK_API_KEY",
      "OPENCODE_API_KEY"
    ],
    scrub: []
  },
  environment: { OPENCODE_DISABLE_AUTOUPDATE: "1" },
  bypass: ["--auto"],
  args: [],
  conversation: {
    kind: "discovered",
    discover:
      `"$CLINCUS_BINARY" session list --max-count 1 --format json | grep -o '"ses_[A-Za-z0-9]*"' | head -n 1 | tr -d '"'`,
    resume: (id) => ["--session", id]
  }
}
