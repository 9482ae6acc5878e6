import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { uuid } from "./ids.ts"
import { objectAt, pick } from "./json.ts"
import type { JsonDocument, Tool } from "./Tool.ts"

/** What of the user's own `.claude.json` is worth having in a container: nothing about other projects. */
const ownKeys = [
  "oauthAccount",
  "userID",
  "theme",
  "editorMode",
  "mcpServers",
  "preferredNotifChannel",
  "verbose",
  "lastOnboardingVersion"
]

/**
 * Questions that the container makes pointless are answered. Whoever has not logged in is told so by the tool's own
 * screen: its guided tour would end the tool where its servers cannot be reached.
 */
const globalState: JsonDocument = {
  path: ".claude/.claude.json",
  own: { path: ".claude.json", moved: { by: "CLAUDE_CONFIG_DIR", path: ".claude.json" } },
  edit: ({ current = {}, own }, { bypass, directory, environment }) => {
    const merged = { theme: "dark", ...pick(own, ownKeys), ...current }
    const projects = objectAt(merged, "projects")
    const key = environment["ANTHROPIC_API_KEY"]
    return {
      ...merged,
      hasCompletedOnboarding: true,
      ...(bypass ? { bypassPermissionsModeAccepted: true } : {}),
      ...(key === undefined
        ? {}
        : { customApiKeyResponses: { approved: [key.slice(-20)], rejected: [] } }),
      projects: {
        ...projects,
        [directory]: {
          ...objectAt(projects, directory),
          hasTrustDialogAccepted: true,
          hasCompletedProjectOnboarding: true
        }
      }
    }
  }
}

/**
 * The user's settings, copied as they are; `env`, where many keep a token, does not outlive the session and is given
 * anew. What is no JSON object stays as it is: Claude Code says what is wrong with it.
 */
const settings: JsonDocument = {
  path: ".claude/settings.json",
  own: { path: ".claude/settings.json", moved: { by: "CLAUDE_CONFIG_DIR", path: "settings.json" } },
  edit: ({ current, own }, { bypass }) =>
    current === undefined
      ? undefined
      : { ...pick(own, ["env"]), ...(bypass ? { skipDangerousModePermissionPrompt: true } : {}), ...current }
}

/** A line of a transcript: what was said by one side. Lines of the tool's own, on files and settings, have other types. */
const Line = Schema.parseJson(Schema.Struct({ type: Schema.String, isMeta: Schema.optional(Schema.Boolean) }))
const decodeLine = Schema.decodeUnknownOption(Line)

const isTurn = (line: string): boolean =>
  Option.exists(
    decodeLine(line),
    ({ isMeta, type }) => (type === "user" || type === "assistant") && isMeta !== true
  )

/** Claude Code; see https://docs.claude.com/en/docs/claude-code/settings. */
export const claude: Tool = {
  name: "claude",
  title: "Claude Code",
  binary: "claude",
  state: [".claude"],
  unsaved: [
    // Copies of `.claude.json`, keys in it included.
    ".claude/backups",
    // Tokens by which processes of one machine find each other.
    ".claude/sessions",
    ".claude/shell-snapshots",
    ".claude/telemetry"
  ],
  config: [{
    from: { path: ".claude", moved: { by: "CLAUDE_CONFIG_DIR", path: "." } },
    to: ".claude",
    entries: [
      "settings.json",
      "CLAUDE.md",
      "agents",
      "commands",
      "hooks",
      "keybindings.json",
      "output-styles",
      "plugins",
      "rules",
      "skills"
    ]
  }],
  documents: [globalState, settings],
  credentials: {
    files: [{
      from: {
        path: ".claude/.credentials.json",
        moved: { by: "CLAUDE_CONFIG_DIR", path: ".credentials.json" }
      },
      to: ".claude/.credentials.json"
    }],
    variables: [
      "ANTHROPIC_API_KEY",
      "ANTHROPIC_AUTH_TOKEN",
      "ANTHROPIC_BASE_URL",
      "ANTHROPIC_MODEL",
      "CLAUDE_CODE_OAUTH_TOKEN"
    ],
    scrub: [
      { path: ".claude/.claude.json", keys: ["primaryApiKey", "customApiKeyResponses", "mcpServers"] },
      { path: ".claude/settings.json", keys: ["env"] }
    ]
  },
  environment: {
    CLAUDE_CONFIG_DIR: "{home}/.claude",
    DISABLE_AUTOUPDATER: "1",
    DISABLE_INSTALLATION_CHECKS: "1",
    // Without it Claude Code refuses to act without asking when it runs as root, sandbox or not.
    IS_SANDBOX: "1"
  },
  bypass: ["--permission-mode", "bypassPermissions"],
  ask: ["--permission-mode", "default"],
  args: [],
  conversation: {
    kind: "given",
    start: (id) => ["--session-id", id],
    resume: (id) => ["--resume", id]
  },
  conversations: {
    kind: "transcripts",
    below: ".claude/projects",
    deep: 1,
    idOf: (path) => new RegExp(`^[^/]+/(${uuid})\\.jsonl$`).exec(path)?.[1],
    isTurn,
    isOf: (text, directory) => text.includes(`"cwd":${JSON.stringify(directory)}`),
    traces: [".claude/history.jsonl"]
  }
}
