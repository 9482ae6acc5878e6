import * as Schema from "effect/Schema"
import { anyLine, isWords, lineTest, uuid } from "./lines.ts"
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

const rollout = new RegExp(`/rollout-[^/]*-(${uuid})\\.jsonl$`)

/** What the user typed, and what was answered, are events of their own; as input to the model it stands among what the tool adds. */
const isTurn = lineTest(
  Schema.Struct({
    type: Schema.Literal("event_msg"),
    payload: Schema.Struct({
      type: Schema.optional(Schema.String),
      item: Schema.optional(Schema.Struct({ type: Schema.String }))
    })
  }),
  ({ payload }) =>
    ["UserMessage", "AgentMessage"].includes(payload.item?.type ?? "")
    || ["user_message", "agent_message"].includes(payload.type ?? "")
)

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
  hosts: ["api.openai.com", "auth.openai.com", "chatgpt.com"],
  environment: { CODEX_HOME: "{home}/.codex" },
  bypass: ["--dangerously-bypass-approvals-and-sandbox"],
  ask: [],
  // Its server in the background would put 400 MB of itself into the state and outlive the interface.
  args: ["--no-daemon"],
  conversation: {
    kind: "discovered",
    resume: (id) => ["resume", id]
  },
  conversations: {
    kind: "transcripts",
    below: ".codex/sessions",
    deep: 3,
    isOne: (path) => rollout.test(path),
    idOf: (path) => rollout.exec(path)?.[1],
    isTurn,
    traces: [{
      path: ".codex/history.jsonl",
      isSaid: anyLine(Schema.Struct({ text: Schema.String }), ({ text }) => isWords(text))
    }]
  }
}
