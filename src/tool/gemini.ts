import { objectAt } from "./json.ts"
import type { JsonDocument, Tool } from "./Tool.ts"

/** A key in the environment answers the question of how to log in, which would be asked at the first start. */
const settings: JsonDocument = {
  path: ".gemini/settings.json",
  edit: ({ current }, { environment }) => {
    const selectedType = environment["GEMINI_API_KEY"] !== undefined
      ? "gemini-api-key"
      : environment["GOOGLE_GENAI_USE_VERTEXAI"] === "true"
      ? "vertex-ai"
      : undefined
    if (current === undefined || selectedType === undefined) return undefined
    const security = objectAt(current, "security")
    return { ...current, security: { ...security, auth: { selectedType, ...objectAt(security, "auth") } } }
  }
}

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
  environment: { GEMINI_SANDBOX: "false", GEMINI_CLI_TRUST_WORKSPACE: "true" },
  bypass: ["--approval-mode", "yolo"],
  ask: [],
  args: [],
  conversation: {
    kind: "given",
    start: (id) => ["--session-id", id],
    resume: (id) => ["--resume", id]
  },
  conversations: { kind: "unknown" }
}
