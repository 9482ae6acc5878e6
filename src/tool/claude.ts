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
  edit: ({ current, own }, { bypass, directory, environment }) => {
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

/** Claude Code; see https://docs.claude.com/en/docs/claude-code/settings. */
export const claude: Tool = {
  name: "claude",
  title: "Claude Code",
  binary: "claude",
  state: [".claude"],
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
  documents: [globalState],
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
    scrub: [{ path: ".claude/.claude.json", keys: ["primaryApiKey", "customApiKeyResponses"] }]
  },
  environment: {
    CLAUDE_CONFIG_DIR: "{home}/.claude",
    DISABLE_AUTOUPDATER: "1",
    DISABLE_INSTALLATION_CHECKS: "1",
    // Without it Claude Code refuses to act without asking when it runs as root, sandbox or not.
    IS_SANDBOX: "1"
  },
  bypass: ["--permission-mode", "bypassPermissions"],
  args: [],
  conversation: {
    kind: "given",
    start: (id) => ["--session-id", id],
    resume: (id) => ["--resume", id],
    saved: ({ directory, id }) => `.claude/projects/${directory.replaceAll(/[^A-Za-z0-9]/g, "-")}/${id}.jsonl`
  }
}
