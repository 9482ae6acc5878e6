import * as Schema from "effect/Schema"
import { omit } from "../domain/json.ts"
import { isWords, lineTest, uuid, wholeFile } from "./lines.ts"
import type { JsonDocument, Tool } from "./Tool.ts"

const config = ".copilot/config.json"

/**
 * What the tool keeps for itself: logins if there is no keyring, so it does not outlive the session, and the
 * directories that are trusted, the workspace among them and no others of the host.
 */
const ownState: JsonDocument = {
  path: config,
  own: { path: config, moved: { by: "COPILOT_HOME", path: "config.json" } },
  edit: ({ current = {}, own }, { directory }) => ({
    ...omit(own, ["trustedFolders"]),
    ...current,
    trustedFolders: [directory]
  })
}

const events = new RegExp(`^(${uuid})/events\\.jsonl$`)

/** GitHub Copilot CLI; see https://docs.github.com/copilot/how-tos/copilot-cli. */
export const copilot: Tool = {
  name: "copilot",
  title: "Copilot CLI",
  binary: "copilot",
  state: [".copilot"],
  unsaved: [config],
  config: [{
    from: { path: ".copilot", moved: { by: "COPILOT_HOME", path: "." } },
    to: ".copilot",
    entries: [
      "settings.json",
      "mcp-config.json",
      "copilot-instructions.md",
      "agents",
      "skills"
    ]
  }],
  documents: [ownState],
  credentials: {
    files: [],
    variables: ["COPILOT_GITHUB_TOKEN", "GH_TOKEN", "GITHUB_TOKEN"],
    scrub: []
  },
  hosts: ["github.com", "api.github.com", "*.githubcopilot.com", "copilot-proxy.githubusercontent.com"],
  environment: { COPILOT_HOME: "{home}/.copilot" },
  bypass: ["--allow-all"],
  ask: [],
  args: ["--no-auto-update"],
  conversation: {
    kind: "given",
    start: (id) => [`--session-id=${id}`],
    resume: (id) => [`--resume=${id}`]
  },
  conversations: {
    kind: "transcripts",
    below: ".copilot/session-state",
    deep: 1,
    isOne: (path) => events.test(path),
    idOf: (path) => events.exec(path)?.[1],
    isTurn: lineTest(
      Schema.Struct({ type: Schema.Literal("user.message", "assistant.message") }),
      () => true
    ),
    traces: [{
      path: ".copilot/command-history-state.json",
      isSaid: wholeFile(
        Schema.Struct({ commandHistory: Schema.Array(Schema.String) }),
        ({ commandHistory }) => commandHistory.some(isWords)
      )
    }]
  }
}
