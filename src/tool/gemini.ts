import * as Schema from "effect/Schema"
import { objectAt } from "../domain/json.ts"
import { lineTest, uuid } from "./lines.ts"
import type { JsonDocument, Tool } from "./Tool.ts"

/**
 * A key in the environment answers the question of how to log in, which would be asked at the first start. And the tool
 * would remove conversations at each start: those older than a month, and resumed ones by mistake.
 */
const settings: JsonDocument = {
  path: ".gemini/settings.json",
  edit: ({ current }, { environment }) => {
    if (current === undefined) return undefined
    const selectedType = environment["GEMINI_API_KEY"] !== undefined
      ? "gemini-api-key"
      : environment["GOOGLE_GENAI_USE_VERTEXAI"] === "true"
      ? "vertex-ai"
      : undefined
    const general = objectAt(current, "general")
    const security = objectAt(current, "security")
    return {
      ...current,
      general: { ...general, sessionRetention: { ...objectAt(general, "sessionRetention"), enabled: false } },
      ...(selectedType === undefined
        ? {}
        : { security: { ...security, auth: { selectedType, ...objectAt(security, "auth") } } })
    }
  }
}

const Message = Schema.Struct({
  type: Schema.String,
  content: Schema.Union(Schema.String, Schema.Array(Schema.Struct({ text: Schema.optional(Schema.String) })))
})

/** By the tool's own rule: commands and what it adds itself are not turns. */
const isSaid = ({ content, type }: typeof Message.Type) => {
  const text = typeof content === "string" ? content : content.map((part) => part.text ?? "").join("")
  return type === "user" && text.trim() !== "" && !/^\s*([/?]|<(session_context|hook_context)>)/.test(text)
}

const isMessage = lineTest(Message, isSaid)
const isChange = lineTest(
  Schema.Struct({ $set: Schema.Struct({ messages: Schema.Array(Message) }) }),
  ({ $set }) => $set.messages.some(isSaid)
)
const isTurn = (line: string): boolean => isMessage(line) || isChange(line)

/** Gemini CLI; see https://geminicli.com/docs/. */
export const gemini: Tool = {
  name: "gemini",
  title: "Gemini CLI",
  binary: "gemini",
  state: [".gemini"],
  // Tokens of a login inside.
  unsaved: [".gemini/gemini-credentials.json"],
  config: [{
    from: { path: ".gemini" },
    to: ".gemini",
    entries: ["settings.json", "GEMINI.md", "commands", "extensions", "skills", "google_accounts.json"]
  }],
  documents: [settings],
  credentials: {
    files: [
      { from: { path: ".gemini/oauth_creds.json" }, to: ".gemini/oauth_creds.json" },
      { from: { path: ".gemini/mcp-oauth-tokens.json" }, to: ".gemini/mcp-oauth-tokens.json" }
    ],
    variables: [
      "GEMINI_API_KEY",
      "GEMINI_MODEL",
      "GOOGLE_API_KEY",
      "GOOGLE_CLOUD_LOCATION",
      "GOOGLE_CLOUD_PROJECT",
      "GOOGLE_GEMINI_BASE_URL",
      "GOOGLE_GENAI_USE_GCA",
      "GOOGLE_GENAI_USE_VERTEXAI"
    ],
    scrub: []
  },
  hosts: [
    "generativelanguage.googleapis.com",
    "cloudcode-pa.googleapis.com",
    "oauth2.googleapis.com",
    "accounts.google.com",
    "www.googleapis.com"
  ],
  environment: { GEMINI_SANDBOX: "false", GEMINI_CLI_TRUST_WORKSPACE: "true" },
  bypass: ["--approval-mode", "yolo"],
  ask: [],
  args: [],
  conversation: {
    kind: "given",
    start: (id) => ["--session-id", id],
    resume: (id) => ["--resume", id]
  },
  conversations: {
    kind: "transcripts",
    below: ".gemini/tmp",
    deep: 2,
    isOne: (path) => /^[^/]+\/chats\/session-[^/]+\.jsonl$/.test(path),
    idOf: (_, text) => new RegExp(`^\\{"sessionId":"(${uuid})"`).exec(text)?.[1],
    isTurn,
    // What the tool itself would not go on with may be words all the same.
    isWord: (line) => isTurn(line) || /"type"\s*:\s*"gemini"/.test(line),
    traces: []
  }
}
