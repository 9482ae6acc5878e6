import * as Schema from "effect/Schema"
import { anyLine, isWords } from "./lines.ts"
import type { Tool } from "./Tool.ts"

/**
 * The newest conversation that no other has spawned, read from the database, which takes 0.1 s; the tool
 * takes several, and is asked if there is no Python or the database has changed its form.
 */
const discover =
  `{ python3 - <<'END' 2>/dev/null || OPENCODE_DISABLE_MODELS_FETCH=1 "$CLINCUS_BINARY" session list \
  --max-count 1 --format json | grep -o '"ses_[A-Za-z0-9]*"' | head -n 1 | tr -d '"'
import os, sqlite3
database = sqlite3.connect(os.path.expanduser("~/.local/share/opencode/opencode.db"), timeout=10)
query = "select id from session where parent_id is null and time_archived is null order by time_updated desc limit 1"
print(database.execute(query).fetchone()[0])
END
}`

/** opencode; see https://opencode.ai/docs/. Its conversations are in an SQLite database, under ids that it makes. */
export const opencode: Tool = {
  name: "opencode",
  title: "opencode",
  binary: "opencode",
  state: [".local/share/opencode", ".config/opencode", ".local/state/opencode"],
  unsaved: [".config/opencode/node_modules", ".local/state/opencode/locks"],
  config: [{
    from: { path: ".config/opencode" },
    to: ".config/opencode",
    entries: [
      "opencode.json",
      "opencode.jsonc",
      "config.json",
      "tui.json",
      "package.json",
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
  hosts: ["opencode.ai", "api.opencode.ai", "models.dev", "api.anthropic.com", "api.openai.com"],
  environment: { OPENCODE_DISABLE_AUTOUPDATE: "1" },
  bypass: ["--auto"],
  ask: [],
  args: [],
  conversation: {
    kind: "discovered",
    discover,
    resume: (id) => ["--session", id]
  },
  conversations: {
    kind: "databases",
    // What was said last is often in the log alone.
    files: [".local/share/opencode/opencode.db", ".local/share/opencode/opencode.db-wal"],
    sign: "msg_",
    traces: [{
      path: ".local/state/opencode/prompt-history.jsonl",
      isSaid: anyLine(Schema.Struct({ input: Schema.String }), ({ input }) => isWords(input))
    }]
  }
}
