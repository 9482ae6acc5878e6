import type { HostPlace, JsonDocument, Tool } from "./Tool.ts"

const auth = ".codex/auth.json"
const ownAuth: HostPlace = { path: auth, moved: { by: "CODEX_HOME", path: "auth.json" } }

/** Its terminal interface takes no key from the environment, only from here. A login of the user's comes first. */
const login: JsonDocument = {
  path: auth,
  own: ownAuth,
  edit: ({ own }, { environment }) => {
    const key = environment["OPENAI_API_KEY"]
    return key === undefined || Object.keys(own).length > 0
      ? undefined
      : { auth_mode: "apikey", OPENAI_API_KEY: key }
  }
}

/** OpenAI Codex; see https://developers.openai.com/codex/. */
export const codex: Tool = {
  name: "codex",
  title: "Codex",
  binary: "codex",
  state: [".codex"],
  // Snapshots of the shell hold its whole environment.
  unsaved: [".codex/shell_snapshots", ".codex/packages", ".codex/tmp", ".codex/.tmp"],
  config: [{
    from: { path: ".codex", moved: { by: "CODEX_HOME", path: "." } },
    to: ".codex",
    entries: ["config.toml", "AGENTS.md", "prompts", "rules", "skills"]
  }],
  documents: [login],
  credentials: {
    files: [{ from: ownAuth, to: auth }],
    variables: ["OPENAI_API_KEY", "CODEX_API_KEY"],
    scrub: []
  },
  environment: { CODEX_HOME: "{home}/.codex" },
  bypass: ["--dangerously-bypass-approvals-and-sandbox"],
  ask: [],
  // Its server in the background would put 400 MB of itself into the state and outlive the interface.
  args: ["--no-daemon"],
  conversation: {
    kind: "discovered",
    discover:
      `find "$CODEX_HOME/sessions" -name 'rollout-*.jsonl' -printf '%T@ %f\\n' 2>/dev/null | sort -n | tail -n 1 | grep -oE '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'`,
    resume: (id) => ["resume", id]
  }
}
