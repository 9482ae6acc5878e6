/**
 * What is done about a protected path that is not there, so that nobody can make it: an empty directory takes its place,
 * which git does not show and tools that look for a file pass over; or a file, for a tool that would fail at a directory;
 * or nothing, if either would change what the user's own tools do.
 */
export type Absent = "directory" | "leave" | { readonly text: string }

/** A path below a workspace, or below a directory of git, that the host runs or trusts. */
export interface Protected {
  readonly path: string
  /** What on the host reads it, and what it does then: the end of a sentence. */
  readonly why: string
  readonly absent: Absent
}

/** A workspace's own, by the path from its top. */
export const inWorkspace: ReadonlyArray<Protected> = [
  { path: ".husky", why: "git runs the hooks in it", absent: "directory" },
  { path: ".githooks", why: "git runs the hooks in it, if the user has configured that", absent: "leave" },
  { path: ".vscode", why: "VS Code takes tasks and programs to run from it", absent: "directory" },
  { path: ".idea", why: "JetBrains IDEs take programs to run from it", absent: "directory" },
  { path: ".run", why: "JetBrains IDEs take programs to run from it", absent: "leave" },
  { path: ".zed", why: "Zed takes tasks and programs to run from it", absent: "directory" },
  { path: ".cursor", why: "Cursor takes programs to run from it", absent: "directory" },
  { path: ".devcontainer", why: "editors run its commands on the host", absent: "directory" },
  // direnv passes over what is no regular file, and goes on to the directory above.
  { path: ".envrc", why: "direnv runs it at each prompt", absent: "directory" },
  { path: ".direnv", why: "direnv loads what is kept in it", absent: "leave" },
  { path: ".mise.toml", why: "mise runs its hooks and sets variables from it", absent: { text: "" } },
  { path: "mise.toml", why: "mise runs its hooks and sets variables from it", absent: { text: "" } },
  { path: ".mise.local.toml", why: "mise runs its hooks and sets variables from it", absent: "leave" },
  { path: "mise.local.toml", why: "mise runs its hooks and sets variables from it", absent: "leave" },
  { path: ".mise", why: "mise runs its hooks and tasks", absent: "directory" },
  { path: ".claude", why: "Claude Code runs hooks and commands from it", absent: "directory" },
  {
    path: ".mcp.json",
    why: "Claude Code starts the servers in it",
    absent: { text: "{\"mcpServers\":{}}\n" }
  },
  { path: ".codex", why: "Codex starts the servers and programs in it", absent: "directory" },
  { path: ".gemini", why: "Gemini CLI starts the servers and runs the commands in it", absent: "directory" },
  { path: "opencode.json", why: "opencode starts the servers in it", absent: { text: "{}\n" } },
  { path: "opencode.jsonc", why: "opencode starts the servers in it", absent: { text: "{}\n" } },
  // opencode installs what plugins need beside them, so the directory itself stays writable.
  { path: ".opencode/opencode.json", why: "opencode starts the servers in it", absent: "leave" },
  { path: ".opencode/opencode.jsonc", why: "opencode starts the servers in it", absent: "leave" },
  { path: ".opencode/plugin", why: "opencode runs the code in it", absent: "directory" },
  { path: ".opencode/plugins", why: "opencode runs the code in it", absent: "directory" },
  { path: ".opencode/tool", why: "opencode runs the code in it", absent: "directory" },
  { path: ".opencode/tools", why: "opencode runs the code in it", absent: "directory" },
  { path: ".aider.conf.yml", why: "aider runs the commands in it", absent: "leave" },
  // One that is made is asked about before it counts, as is one that is changed.
  { path: ".clincus.toml", why: "clincus takes requests from it", absent: "leave" }
]

/** Of a directory of git's: a repository's, a submodule's, or that which the worktrees of a repository have in common. */
export const inGit: ReadonlyArray<Protected> = [
  { path: "hooks", why: "git runs them", absent: "directory" },
  { path: "config", why: "git runs programs that it names", absent: "leave" },
  { path: "config.worktree", why: "git runs programs that it names", absent: { text: "" } },
  // A directory would be an error for git. The text says what is the case without it.
  { path: "commondir", why: "git takes configuration and hooks from where it says", absent: { text: ".\n" } },
  {
    path: "info/attributes",
    why: "git chooses by it which programs of its configuration to run",
    absent: { text: "" }
  }
]

/** Both, by the path from the top of a workspace that has its repository in it. */
export const inProject: ReadonlyArray<Protected> = [
  ...inWorkspace,
  ...inGit.map((entry) => ({ ...entry, path: `.git/${entry.path}` }))
]

/** Of the directory of a linked worktree, `worktrees/<name>` in that of its repository. */
export const inWorktree: ReadonlyArray<Protected> = [
  { path: "config.worktree", why: "git runs programs that it names", absent: { text: "" } },
  { path: "commondir", why: "git takes configuration and hooks from where it says", absent: "leave" },
  { path: "gitdir", why: "it says whose worktree this is", absent: "leave" }
]
