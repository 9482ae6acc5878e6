import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { quote } from "../host/shell.ts"
import { idsOfOwner } from "../host/subids.ts"
import type { Owner } from "../host/untrusted/StateDirectory.ts"
import type { Workspace } from "./Workspace.ts"

/** Who the tool is inside, who that user is outside, and how the one becomes the other. */
export interface Identity {
  /** Outside: who owns the workspace and the state. */
  readonly owner: Owner
  /** Inside. */
  readonly uid: number
  readonly gid: number
  readonly user: string
  /** Home directory in the container. */
  readonly home: string
  /** More groups of the user's, outside and inside. */
  readonly groups: ReadonlyArray<{ readonly outside: number; readonly inside: number }>
  /**
   * `map`: the one user is mapped, and root inside is nobody outside. `shift`: mounts are shifted, so that every user
   * inside is the same one outside on them, root too.
   */
  readonly mounts: "map" | "shift"
}

/**
 * What the user allows on mounts.
 *
 * @see SessionRequest
 */
export interface MountPolicy {
  /** Mounts are shifted, so that root in the container is root on the user's files. */
  readonly rootOnMounts: boolean
  /** A directory of root's may be worked on. */
  readonly rootWorkspace: boolean
}

/**
 * The workspace belongs to root, and the configuration says that no session works on a directory of root's.
 *
 * @see SessionFailure
 */
export class RootWorkspace extends Data.TaggedError("RootWorkspace")<{ readonly path: string }> {
  override get message(): string {
    return `${this.path} belongs to root, and [security] root_workspace = false forbids sessions on it`
  }
  get hint(): string {
    return `Give the directory to the user who works on it: sudo chown -R USER ${quote(this.path)}`
  }
}

/** The user inside, the same for every owner outside. */
const code = { uid: 1000, gid: 1000, user: "code", home: "/home/code" }
/** Group ids that no distribution gives out; see systemd's list of uids and gids. */
const firstGroup = 61_000

/**
 * Root outside is never mapped to a user inside: a process that has uid 0 outside may write what belongs to root in
 * /proc/sys, and so is root on the host. If the workspace is root's, mounts are shifted: that is root's power over the
 * files that are mounted, and over nothing else.
 */
export const identityOf = (
  workspace: Workspace,
  policy: MountPolicy
): Effect.Effect<Identity, RootWorkspace> => {
  const { groups, owner, path } = workspace
  if (owner.uid === 0) {
    return policy.rootWorkspace
      ? Effect.succeed({ owner, uid: 0, gid: 0, user: "root", home: "/root", groups: [], mounts: "shift" })
      : Effect.fail(new RootWorkspace({ path }))
  }
  // A group of root's cannot be mapped for the same reason; its files stay the owner's.
  return Effect.succeed(
    policy.rootOnMounts
      ? { ...code, ...owner, owner, groups: [], mounts: "shift" }
      : {
        ...code,
        owner,
        groups: groups.map((outside, index) => ({ outside, inside: firstGroup + index })),
        mounts: "map"
      }
  )
}

/**
 * The owner's group, if a container may have it. It may not have a system group such as docker or disk: a program that it
 * leaves with the set-gid bit would give that group to every user outside who runs it.
 */
export const mappedGroup = (owner: Owner): ReadonlyArray<number> => idsOfOwner(owner).gids

/**
 * Instance configuration that maps the user; see https://linuxcontainers.org/incus/docs/main/userns-idmap/. Each
 * container has ids of its own, so that root in one is nobody in another.
 */
export const idmapOf = ({ gid, groups, mounts, owner, uid }: Identity): Record<string, string> =>
  mounts === "shift" ? {} : {
    "security.idmap.isolated": "true",
    "raw.idmap": [
      `uid ${owner.uid} ${uid}`,
      ...mappedGroup(owner).map((outside) => `gid ${outside} ${gid}`),
      ...groups.map(({ inside, outside }) => `gid ${outside} ${inside}`)
    ].join("\n")
  }

/** Instance configuration that an earlier session of a persistent container may have left, and this one must not have. */
export const idmapKeys: ReadonlyArray<string> = [
  "raw.idmap",
  "security.idmap.isolated",
  "security.idmap.base"
]

/** One line on what an agent can do outside, if that is more than usual. */
export const warningOf = ({ mounts, owner }: Identity, path: string): string | undefined => {
  if (mounts === "map") return undefined
  const what =
    "a program that it makes there with the set-uid bit gives every user outside who runs it the rights of root"
  return owner.uid === 0
    ? `Note: ${path} belongs to root, so the tool is root on it, outside too: ${what}.`
    : `Note: [security] root_on_mounts is on, so root in the container is root on ${path}, outside too: ${what}.`
}
