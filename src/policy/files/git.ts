import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as State from "../../host/stateFiles.ts"
import { inGit, inWorktree, type Protected } from "./protected.ts"
import type { Tree } from "./trees.ts"

/** The directory of git's that a workspace belongs to. */
export interface GitDirectory {
  /** Where it is on the host, links resolved. */
  readonly root: string
  /** Where git looks for it in the container. */
  readonly inside: string
  /** `own` is in the workspace; `linked` is elsewhere, and has to be mounted. */
  readonly is: "own" | "linked"
  /** The name of the workspace among the linked worktrees, if it is one. */
  readonly worktree: string | undefined
}

/** Why what `.git` of a workspace leads to is not mounted. */
export interface NotFollowed {
  readonly to: string
  readonly reason: "missing" | "foreign"
}

/** Configurations of git are a few hundred bytes (bytes). */
const limit = 1024 * 1024

/** Beyond so many all submodules are read-only as a whole: nobody is to wait for a start because of them. */
const mostModules = 40

const valueOf = (config: string, section: RegExp, key: string): ReadonlyArray<string> => {
  let inSection = false
  return config.split("\n").flatMap((line) => {
    const header = /^\s*\[([^\]]*)\]/.exec(line)?.[1]
    if (header !== undefined) inSection = section.test(header)
    const [, name, value] = /^\s*([\w-]+)\s*=\s*(.*?)\s*$/.exec(line.replace(/^\s*\[[^\]]*\]/, "")) ?? []
    return inSection && name?.toLowerCase() === key && value !== undefined
      ? [value.replace(/^"(.*)"$/, "$1").replaceAll("\\\\", "\\")]
      : []
  })
}

/** Paths that a configuration of git takes hooks and more configuration from, as they are written there. */
export const namedBy = (config: string) => ({
  hooks: valueOf(config, /^core$/i, "hookspath"),
  included: valueOf(config, /^include(if\b.*)?$/i, "path"),
  worktree: valueOf(config, /^core$/i, "worktree").at(-1)
})

const readText = (root: string, path: string) => State.read(root, path, limit)

/** What leads to a directory of git's, and back: `gitdir` of a worktree, `core.worktree` of a submodule. */
const backFrom = (gitdir: string) =>
  Effect.gen(function*() {
    const path = yield* Path.Path
    const back = yield* readText(gitdir, "gitdir")
    if (back !== undefined) return path.dirname(path.resolve(gitdir, back.trim()))
    const { worktree } = namedBy((yield* readText(gitdir, "config")) ?? "")
    return worktree === undefined ? undefined : path.resolve(gitdir, worktree)
  })

/**
 * Follows `.git` of a workspace that is a file: `gitdir: PATH`. Whoever wrote the repository may have written the file, so
 * what it leads to is only taken if it leads back to this workspace.
 */
const follow = (workspace: string, directory: string, text: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const real = (one: string) => Effect.option(fs.realPath(one))
    const to = /^gitdir: (.+?)\r?\n?$/.exec(text)?.[1]
    if (to === undefined) return undefined
    const gitdir = yield* real(path.resolve(workspace, to))
    if (Option.isNone(gitdir)) return { to, reason: "missing" } as const
    const foreign = { to, reason: "foreign" } as const
    const back = yield* backFrom(gitdir.value)
    if (back === undefined || !Option.contains(yield* real(back), workspace)) return foreign
    const inside = path.resolve(directory, to)
    const common = yield* readText(gitdir.value, "commondir")
    // What stands in for it in a submodule's directory while another session works on that.
    if (common === undefined || common.trim() === ".") {
      return { root: gitdir.value, inside, is: "linked", worktree: undefined } as const
    }
    const root = yield* real(path.resolve(gitdir.value, common.trim()))
    if (!Option.contains(root, path.resolve(gitdir.value, "../..")) || Option.isNone(root)) return foreign
    return {
      root: root.value,
      inside: path.resolve(inside, "../.."),
      is: "linked",
      worktree: path.basename(gitdir.value)
    } as const
  })

/** Directories in a container that nothing of git's may be mounted over. */
const systems =
  /^\/(?:(?:bin|boot|dev|etc|home|lib|lib32|lib64|opt|proc|root|run|sbin|sys|tmp|usr|var|workspace)\/?)?$/

/** The directory of git's that a workspace belongs to; none if it belongs to none. A bare repository is its own. */
export const gitOf = (workspace: string, directory: string) =>
  Effect.gen(function*() {
    const path = yield* Path.Path
    const [git, head, objects, refs] = yield* State.standingAt(workspace, [".git", "HEAD", "objects", "refs"])
    if (git?.is === "directory") {
      const found: GitDirectory = {
        root: path.join(workspace, ".git"),
        inside: path.join(directory, ".git"),
        is: "own",
        worktree: undefined
      }
      return found
    }
    if (git?.is === "file") {
      const found: GitDirectory | NotFollowed | undefined = yield* follow(
        workspace,
        directory,
        (yield* readText(workspace, ".git")) ?? ""
      )
      return found !== undefined && "inside" in found && systems.test(found.inside)
        ? { to: found.inside, reason: "foreign" } as const
        : found
    }
    const isBare = head?.is === "file" && objects?.is === "directory" && refs?.is === "directory"
    return isBare
      ? { root: workspace, inside: directory, is: "own", worktree: undefined } as const
      : undefined
  })

const under = (prefix: string, entries: ReadonlyArray<Protected>): ReadonlyArray<Protected> =>
  entries.map((entry) => ({ ...entry, path: `${prefix}/${entry.path}` }))

/** Directories of submodules below a directory of git's: their names may have slashes. */
const modulesIn = (root: string): Effect.Effect<ReadonlyArray<string>, State.StateError> =>
  Effect.gen(function*() {
    const found: Array<string> = []
    let open = (yield* State.namesAt(root, "modules")).map((name) => `modules/${name}`)
    while (open.length > 0 && found.length <= mostModules) {
      const places = yield* State.standingAt(root, open.flatMap((one) => [one, `${one}/HEAD`]))
      const is = new Map(places.map((place) => [place.path, place.is]))
      const own = open.filter((one) => is.get(`${one}/HEAD`) === "file")
      found.push(...own)
      const next = yield* Effect.forEach(
        open.filter((one) => is.get(one) === "directory"),
        (one) => {
          const below = own.includes(one) ? `${one}/modules` : one
          return Effect.map(State.namesAt(root, below), (names) => names.map((name) => `${below}/${name}`))
        }
      )
      open = next.flat().slice(0, 10 * mostModules)
    }
    return found
  })

/** The protected paths in a directory of git's: its own, those of its submodules and those of its linked worktrees. */
const entriesOf = (git: GitDirectory, workspace: string) =>
  Effect.gen(function*() {
    const path = yield* Path.Path
    const modules = yield* modulesIn(git.root)
    const worktrees = yield* State.namesAt(git.root, "worktrees")
    const others = yield* Effect.forEach(worktrees, (name) =>
      Effect.map(readText(git.root, `worktrees/${name}/gitdir`), (back): ReadonlyArray<Protected> => {
        const at = `worktrees/${name}`
        const isHere = name === git.worktree || back?.startsWith(`${workspace}/`) === true
        return isHere
          ? under(at, inWorktree)
          : [{ path: at, why: "it belongs to another worktree, at work elsewhere", absent: "leave" }]
      }))
    const { hooks, included } = namedBy((yield* readText(git.root, "config")) ?? "")
    const base = git.is === "own" && git.root === workspace ? "" : workspace
    const inTree = (from: string, why: string) => (one: string): ReadonlyArray<Protected> => {
      const absolute = path.resolve(from, one)
      return base !== "" && absolute.startsWith(`${base}/`) && !absolute.startsWith(`${git.root}/`)
        ? [{ path: absolute.slice(base.length + 1), why, absent: "leave" }]
        : []
    }
    return {
      git: [
        ...inGit,
        ...(modules.length > mostModules
          ? [{ path: "modules", why: "git runs hooks of the submodules in it", absent: "leave" } as const]
          : modules.flatMap((one) =>
            under(one, inGit)
          )),
        ...others.flat()
      ],
      workspace: [
        ...hooks.flatMap(inTree(base, "git runs the hooks in it, as its configuration says")),
        ...included.flatMap(inTree(git.root, "the configuration of git includes it"))
      ]
    }
  })

/** The trees of a workspace and its git. `entries` are what is protected in the workspace whatever git says. */
export const treesOf = (
  git: GitDirectory | undefined,
  workspace: string,
  directory: string,
  entries: ReadonlyArray<Protected>
) =>
  Effect.gen(function*() {
    const tree = { root: workspace, inside: directory, prefix: "", entries }
    const trees: ReadonlyArray<Tree> = [tree]
    if (git === undefined) return trees
    const found = yield* entriesOf(git, workspace)
    if (git.is === "own") {
      const own = git.root === workspace ? found.git : under(".git", found.git)
      return [{ ...tree, entries: [...entries, ...own, ...found.workspace] }]
    }
    return [
      { ...tree, entries: [...entries, ...found.workspace] },
      { root: git.root, inside: git.inside, prefix: ".git/", entries: found.git }
    ]
  })
