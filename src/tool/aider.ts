import type { Tool } from "./Tool.ts"

/** aider; see https://aider.chat/docs/. Its history stands in the workspace. */
export const aider: Tool = {
  name: "aider",
  title: "aider",
  binary: "aider",
  state: [".aider"],
  unsaved: [],
  config: [],
  documents: [],
  credentials: {
    files: [],
    variables: [
      "ANTHROPIC_API_KEY",
      "OPENAI_API_KEY",
      "GEMINI_API_KEY",
      "OPENROUTER_API_KEY",
      "DEEPSEEK_API_KEY"
    ],
    scrub: []
  },
  environment: {},
  bypass: ["--yes-always"],
  ask: [],
  args: ["--no-check-update"],
  conversation: { kind: "workspace", resume: ["--restore-chat-history"] },
  conversations: { kind: "unknown", traces: [] }
}
