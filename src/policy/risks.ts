import type { Walked } from "../host/untrusted/walk.ts"
import { inProject } from "./files/protected.ts"

/**
 * A kind of change by which a session may have something run on the host later: `set-id`, a program that runs with its
 * owner's rights; `repository`, another directory of git's, which has hooks and programs of its own; `rebase`, one that is
 * unfinished and has commands for whoever goes on with it; `protected`, a protected path that has changed all the same;
 * `script`, a file that tools run; `program`, an executable; `link`, one that leads out of the workspace.
 *
 * @see Changes
 */
export type RiskKind = "set-id" | "repository" | "rebase" | "protected" | "script" | "program" | "link"

/**
 * What a session has changed in its workspace that runs later on the host.
 *
 * @see Changes
 */
export interface Risk {
  readonly kind: RiskKind
  /** Below the workspace. Whoever works there chooses names: escape them before you print them. */
  readonly path: string
  /** What runs it: the end of a sentence. */
  readonly why: string
  /** How many there are of a kind in a directory that is full of them, else 1. */
  readonly count: number
}

/** Files that tools of a developer's run, by the end of their path, and what runs them. */
const scripts: ReadonlyArray<readonly [RegExp, string]> = [
  [/(^|\/)package\.json$/, "npm and others run its scripts"],
  [
    /(^|\/)(\.npmrc|\.yarnrc(\.yml)?|\.pnpmfile\.c?js|pnpm-workspace\.yaml|bunfig\.toml)$/,
    "package managers take programs from it"
  ],
  [/(^|\/)(GNUm|m|M)akefile$|\.mk$/, "make runs it"],
  [/(^|\/)\.?[Jj]ustfile$|(^|\/)[Tt]askfile(\.dist)?\.ya?ml$|(^|\/)Rakefile$/, "a task runner runs it"],
  [
    /(^|\/)(CMakeLists\.txt|meson\.build|BUILD(\.bazel)?|WORKSPACE|\.bazelrc|build\.gradle(\.kts)?|settings\.gradle(\.kts)?|pom\.xml|build\.sbt|build\.xml)$/,
    "a build runs it"
  ],
  [/(^|\/)(build\.rs|\.cargo\/config(\.toml)?|rust-toolchain(\.toml)?)$/, "cargo runs it"],
  [
    /(^|\/)(setup\.py|conftest\.py|noxfile\.py|tox\.ini|sitecustomize\.py|usercustomize\.py)$|\.pth$/,
    "Python and its tools run it"
  ],
  [/(^|\/)(Gemfile|\.irbrc|\.pryrc)$|\.gemspec$/, "Ruby and its tools run it"],
  [/(^|\/)(flake|shell|default)\.nix$/, "nix runs it"],
  [
    /(^|\/)(\.pre-commit-config\.yaml|\.?lefthook(-local)?\.ya?ml|\.overcommit\.yml|\.lintstagedrc(\.\w+)?)$/,
    "hooks of git run it"
  ],
  [
    /(^|\/)((docker-)?compose(\.\w+)?\.ya?ml|Vagrantfile|Tiltfile)$/,
    "containers are started from it, with directories of the host"
  ],
  [
    /^\.github\/(workflows|actions)\/|^\.gitlab-ci\.yml$|^\.circleci\/|^\.travis\.yml$|^azure-pipelines\.yml$|(^|\/)Jenkinsfile$|^\.forgejo\/|^\.gitea\//,
    "continuous integration runs it, with its secrets"
  ],
  [/(^|\/)\.opencode\//, "opencode runs code in it"],
  [/\.code-workspace$/, "VS Code takes tasks from it"],
  [
    /(^|\/)(vite|vitest|webpack|rollup|next|nuxt|astro|svelte|jest|babel|eslint|postcss|tailwind|playwright|cypress|metro|gulpfile|Gruntfile)(\.config)?\.[cm]?[jt]s$|(^|\/)\.(eslintrc|babelrc|prettierrc|mocharc)\.[cm]?js$/,
    "tools of JavaScript run it"
  ]
]

/** Directories that package managers and builds fill: what is in them is counted. */
const bulk =
  /^(.*?\/)?(node_modules|\.venv|venv|target|dist|build|vendor|\.tox|\.gradle|\.pnpm-store|bazel-\w+)(?=\/)/

const ownGit = /^\.git(\/|$)/
const otherGit = /^(.+?\/)\.git(\/|$)/
/** What of a directory of git's makes it run something. */
const gitRuns = /(^|\/)\.git(\/(config|config\.worktree|commondir|hooks\/.+|info\/attributes))?$/

const isProtected = (path: string): string | undefined =>
  inProject.find((one) => path === one.path || path.startsWith(`${one.path}/`))?.why

/** True for a link that does not stay below the directory. */
const leadsOut = ({ path, target = "" }: Walked): boolean => {
  if (target.startsWith("/")) return true
  let depth = path.split("/").length - 1
  for (const part of target.split("/")) {
    depth += part === ".." ? -1 : part === "" || part === "." ? 0 : 1
    if (depth < 0) return true
  }
  return false
}

const riskOf = (entry: Walked): Omit<Risk, "count"> | undefined => {
  const { is, mode, path } = entry
  if (is === "directory") return undefined
  if (is === "file" && (mode & 0o6000) !== 0) {
    return {
      kind: "set-id",
      path,
      why: "it runs with the rights of its owner or its group, whoever starts it"
    }
  }
  const [, other] = otherGit.exec(path) ?? []
  if (other !== undefined) {
    return gitRuns.test(path)
      ? {
        kind: "repository",
        path: `${other}.git`,
        why: "git runs its hooks, and programs of its configuration"
      }
      : undefined
  }
  if (/^\.git\/rebase-(merge|apply)\/git-rebase-todo$/.test(path)) {
    return { kind: "rebase", path, why: "'git rebase --continue' runs the commands in it" }
  }
  const why = isProtected(path)
  if (why !== undefined) return { kind: "protected", path, why }
  if (ownGit.test(path)) return undefined
  const directory = bulk.exec(path)?.[0]
  if (is === "file") {
    const run = directory === undefined ? scripts.find(([pattern]) => pattern.test(path))?.[1] : undefined
    if (run !== undefined) return { kind: "script", path, why: run }
  }
  const isProgram = is === "file" ? (mode & 0o111) !== 0 : is === "link" && /(^|\/)bin\/|\/\.bin\//.test(path)
  if (isProgram) return { kind: "program", path: directory ?? path, why: "it can be run by its name" }
  return is === "link" && directory === undefined && leadsOut(entry)
    ? { kind: "link", path, why: `what is written to it goes out of the workspace` }
    : undefined
}

/** Directories of git's are not looked through, but for what makes git run something. */
const insideGit = /(^|\/)\.git\/(?!(hooks|info|rebase-merge|rebase-apply)(\/|$))/

/** Whether a directory is looked through for risks; a `quick` look leaves out what is large. */
export const isLookedThrough = (quick: boolean) => (path: string): boolean =>
  !insideGit.test(`${path}/`.replace(/\/$/, "")) &&
  !(quick && /(^|\/)node_modules\/(?!\.bin$)/.test(path))

/** What of the changed entries of a workspace runs later on the host: each directory that is full of it once. */
export const risksOf = (changed: ReadonlyArray<Walked>): ReadonlyArray<Risk> => {
  const found = new Map<string, Risk>()
  for (const entry of changed) {
    const risk = riskOf(entry)
    if (risk === undefined) continue
    const key = `${risk.kind} ${risk.path}`
    found.set(key, { ...risk, count: risk.kind === "program" ? (found.get(key)?.count ?? 0) + 1 : 1 })
  }
  return [...found.values()].toSorted((a, b) =>
    a.kind === b.kind ? (a.path < b.path ? -1 : 1) : a.kind < b.kind ? -1 : 1
  )
}
