import type { Tool } from "./Tool.ts"

/** OpenAI Codex; see https://developers.openai.com/codex/. */
export const codex: Tool = {
  name: "codex",
  title: "Codex",
  binary: "codex",
  state: [".codex"],
  unsaved: [],
  config: [{
    from: { path: ".codex", moved: { by: "CODEX_HOME", path: "." } },
    to: ".codex",
    entries: ["config.toml", "AGENTS.md", "prompts", "rules", "skills"]
  }],
  documents: [],
  credentials: {
    files: [{
      from: { path: ".codex/auth.json", moved: { by: "CODEX_HOME", path: "auth.json" } },
      to: ".codex/auth.json"
    }],
    variables: ["OPENAI_API_KEY", "CODEX_API_KEY"],
    scrub: []
  },
  environment: { CODEX_HOME: "{home}/.codex" },
  bypass: ["--dangerously-bypass-approvals-and-sandbox"],
  ask: [],
  args: [],
  conversation: {
    kind: "discovered",
    discover:
      `find "$CODEX_HOME/sessions" -name 'rollout-*.jsonl' -printf '%T@ %f\\n' 2>/dev/null | sort -n | tail -n 1 | grep -oE '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'`,
    resume: (id) => ["resume", id]
  }
}
