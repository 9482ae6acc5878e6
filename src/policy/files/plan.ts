import * as Effect from "effect/Effect"
import * as State from "../../host/stateFiles.ts"
import type { Device } from "../../incus/schemas.ts"
import { ProtectedLink } from "./errors.ts"
import { type GitDirectory, gitOf, type NotFollowed, treesOf } from "./git.ts"
import { inWorkspace, type Protected } from "./protected.ts"
import { type Hold, isOpened, keptOf, lookedAt, type Stand } from "./trees.ts"

/**
 * What the user says of files, as paths below the workspace.
 *
 * @see SessionRequest
 */
export interface FileRules {
  /** Protected beside those that are so by themselves. */
  readonly protect: ReadonlyArray<string>
  /** Not protected: these, and what is below them; `.` is all. */
  readonly writable: ReadonlyArray<string>
  /** Patterns as in gitignore(5): what they name looks empty. */
  readonly hide: ReadonlyArray<string>
}

/** What is to be done about the files of a workspace, decided from what stands there. */
export interface FilePlan {
  /** Mounts, those of directories before those of what is in them. */
  readonly holds: ReadonlyArray<Hold & { readonly root: string; readonly below: string }>
  /** What has to be made before the container starts, and goes when the session has ended. */
  readonly stands: ReadonlyArray<Stand>
  /** The directory of git's that is to be told not to show files that are made. */
  readonly exclude: string | undefined
  /** The directory of git's that is mounted beside the workspace. */
  readonly git: { readonly source: string; readonly path: string } | undefined
  /** Sentences for the user. */
  readonly notes: ReadonlyArray<string>
}

const withoutFiles: FilePlan = { holds: [], stands: [], exclude: undefined, git: undefined, notes: [] }

const notFollowed = (workspace: string, { reason, to }: NotFollowed): string =>
  `Note: ${workspace}/.git leads to ${to}, which ${
    reason === "missing" ? "is not there" : "does not lead back, or is no place to mount it"
  }: it is not mounted, so git does not work in the session.`

const asked = (path: string): Protected => ({
  path,
  why: "[security] protect names it",
  absent: "directory"
})

/**
 * Looks at a workspace, which is to be mounted at `directory`, and decides what keeps its protected paths as they are.
 * Changes nothing. Fails with `ProtectedLink` if a link stands in the place of such a path.
 */
export const planFiles = (workspace: string, directory: string, rules: FileRules) =>
  Effect.gen(function*() {
    const found = yield* gitOf(workspace, directory)
    const git: GitDirectory | undefined = found !== undefined && "inside" in found ? found : undefined
    const linked = git?.is === "linked" ? { source: git.root, path: git.inside } : undefined
    const notes = found !== undefined && "reason" in found ? [notFollowed(workspace, found)] : []
    if (isOpened(rules.writable, ".")) return { ...withoutFiles, git: linked, notes }
    const trees = yield* treesOf(
      git,
      workspace,
      directory,
      [
        ...inWorkspace,
        { path: ".git", why: "git takes its configuration from where it leads", absent: "leave" as const },
        ...rules.protect.map(asked)
      ].filter(({ path }) => path !== ".git" || git?.is !== "own")
    )
    const kept = yield* Effect.forEach(trees, (tree) =>
      Effect.flatMap(State.standingAt(tree.root, lookedAt(tree, rules.writable)), (places) => {
        const one = keptOf(tree, rules.writable, places, workspace)
        return one instanceof ProtectedLink ? Effect.fail(one) : Effect.succeed(one)
      }))
    const plan: FilePlan = {
      holds: kept.flatMap((one) =>
        one.holds
      ),
      stands: kept.flatMap((one) => one.stands),
      exclude: git?.root,
      git: linked,
      notes
    }
    return plan
  }).pipe(Effect.withSpan("Policy.planFiles"))

/** The disk of git's directory, if that is not in the workspace. */
export const gitDevice = (plan: FilePlan, shift: boolean): Record<string, Device> =>
  plan.git === undefined ? {} : {
    git: { type: "disk", ...plan.git, ...(shift ? { shift: "true" } : {}) }
  }
