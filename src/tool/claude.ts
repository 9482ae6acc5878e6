import * as Schema from "effect/Schema"
import { objectAt, pick } from "../domain/json.ts"
import { anyLine, isWords, lineTest, uuid } from "./lines.ts"
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
 * Questions that the container makes pointless are answered. A user who has not logged in is told so by the
 * tool's own screen: its guided tour would end the tool if its servers cannot be reached.
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
 * The tool removes what is older than this at its start, in all of its state, and a workspace's own settings could say
 * less. It refuses 0, and dates beyond its calendar make it remove everything: this is a hundred years.
 */
const cleanupPeriodDays = 36_500

/**
 * The user's settings, copied as they are; `env`, in which many keep a token, does not outlive the session and is given
 * anew. What is not a JSON object stays as it is: Claude Code says what is wrong with it.
 */
const settings: JsonDocument = {
  path: ".claude/settings.json",
  own: { path: ".claude/settings.json", moved: { by: "CLAUDE_CONFIG_DIR", path: "settings.json" } },
  edit: ({ current, own }, { bypass }) =>
    current === undefined
      ? undefined
      : {
        ...pick(own, ["env"]),
        ...(bypass ? { skipDangerousModePermissionPrompt: true } : {}),
        ...current,
        cleanupPeriodDays
      }
}

/** Parts of a message that are texts; results of the agent's tools are others. */
const Content = Schema.Union(
  Schema.String,
  Schema.Array(Schema.Struct({ text: Schema.optional(Schema.String) }))
)
const Line = Schema.Struct({
  type: Schema.Literal("user", "assistant"),
  isMeta: Schema.optional(Schema.Boolean),
  isSidechain: Schema.optional(Schema.Boolean),
  message: Schema.Struct({ model: Schema.optional(Schema.String), content: Content })
})

/** What the tool itself writes in the user's name: commands such as /clear, and their output. */
const isOwn = (text: string) =>
  /^\s*<(local-command-|command-name>|command-message>|bash-|system-reminder>)/.test(text)

/** What the user said, or what the model answered to a command such as /init, which the tool has put into words. */
const isTurn = lineTest(Line, ({ isMeta, isSidechain, message: { content, model }, type }) => {
  const texts = typeof content === "string" ? [content] : content.flatMap(({ text }) => text ?? [])
  if (isSidechain === true) return false
  if (type === "assistant") return model !== "<synthetic>"
  return isMeta !== true && texts.some((text) => text.trim() !== "" && !isOwn(text))
})

const transcript = new RegExp(`^[^/]+/(${uuid})\\.jsonl$`)

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
  hosts: ["api.anthropic.com", "claude.ai", "console.anthropic.com", "platform.claude.com"],
  environment: {
    CLAUDE_CONFIG_DIR: "{home}/.claude",
    DISABLE_AUTOUPDATER: "1",
    DISABLE_INSTALLATION_CHECKS: "1",
    // Without it Claude Code refuses to act without asking when it runs as root, sandbox or not.
    IS_SANDBOX: "1"
  },
  bypass: ["--permission-mode", "bypassPermissions"],
  ask: ["--permission-mode", "default"],
  args: ["--settings", JSON.stringify({ cleanupPeriodDays })],
  conversation: {
    kind: "given",
    start: (id) => ["--session-id", id],
    resume: (id) => ["--resume", id]
  },
  conversations: {
    kind: "transcripts",
    below: ".claude/projects",
    deep: 1,
    isOne: (path) => transcript.test(path),
    idOf: (path) => transcript.exec(path)?.[1],
    isTurn,
    isOf: (text, directory) => text.includes(`"cwd":${JSON.stringify(directory)}`),
    traces: [{
      path: ".claude/history.jsonl",
      isSaid: anyLine(Schema.Struct({ display: Schema.String }), ({ display }) => isWords(display))
    }]
  }
}
