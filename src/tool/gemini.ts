import type { Tool } from "./Tool.ts"

/** Gemini CLI; see https://geminicli.com/docs/. */
export const gemini: Tool = {
  name: "gemini",
  title: "Gemini CLI",
  binary: "gemini",
  state: [".gemini"],
  unsaved: [],
  config: [{
    from: { path: ".gemini" },
    to: ".gemini",
    entries: ["settings.json", "GEMINI.md", "commands", "extensions", "skills", "google_accounts.json"]
  }],
  documents: [],
  credentials: {
    files: [{ from: { path: ".gemini/oauth_creds.json" }, to: ".gemini/oauth_creds.json" }],
    variables: ["GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_CLOUD_PROJECT"],
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
  }
}
