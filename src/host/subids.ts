/** Consecutive ids, as a line of subuid(5) or subgid(5) gives them out. */
export interface IdRange {
  readonly first: number
  readonly count: number
}

/**
 * User and group ids of this machine that a session maps into its container, each by itself.
 *
 * @see SetupOptions
 */
export interface HostIds {
  readonly uids: ReadonlyArray<number>
  readonly gids: ReadonlyArray<number>
}

const line = (owner: string) => new RegExp(`^(?:${owner}):(\\d+):(\\d+)\\s*(?:#.*)?$`)
const rootLine = line("root|0")
const numberedLine = line("0")

/** The ranges that a subuid(5) or subgid(5) file gives to root, in the order of the file. */
export const rootRanges = (text: string): ReadonlyArray<IdRange> =>
  text.split("\n").flatMap((one) => {
    const found = rootLine.exec(one)
    return found === null ? [] : [{ first: Number(found[1]), count: Number(found[2]) }]
  })

/** True if a line names root by number. Incus reads such lines only in a file without lines that name root. */
export const namesRootByNumber = (text: string): boolean =>
  text.split("\n").some((one) => numberedLine.test(one))

/** Those of the ids that lie in none of the ranges, each once. */
export const missingIds = (
  ranges: ReadonlyArray<IdRange>,
  ids: ReadonlyArray<number>
): ReadonlyArray<number> =>
  [...new Set(ids)].filter((id) => !ranges.some(({ count, first }) => id >= first && id < first + count))

/** The ids of a container of its own; Incus takes no notice of shorter ranges. */
const perContainer = 65_536

/**
 * The range that Incus takes isolated maps from: the first that is long enough. A second one adds no room, and keeps
 * containers with the shared map from starting.
 */
export const mainRange = (ranges: ReadonlyArray<IdRange>): IdRange | undefined =>
  ranges.find(({ count }) => count >= perContainer)

/** How many containers with an isolated map a range has room for; Incus keeps its beginning for the shared map. */
export const isolatedMaps = ({ count }: IdRange): number =>
  Math.max(0, Math.floor((count - 1) / perContainer) - 1)

/** The first id of a range for root above all that are given out in a subuid(5) or subgid(5) file. */
export const firstFreeId = (text: string): number =>
  text.split("\n").reduce((next, one) => {
    const [, start, count] = one.replace(/#.*/, "").split(":")
    const end = Number(start) + Number(count)
    return Number.isFinite(end) && end > next ? end : next
  }, 1_000_000)

/** `FIRST-LAST`, as usermod(8) takes ranges. */
export const shownRange = ({ count, first }: IdRange): string => `${first}-${first + count - 1}`

/** Debian's group for all who share files on a machine, the one of the system's own groups that workspaces are of. */
const usersGroup = 100
/** The first id that is not the system's own. */
const firstOrdinary = 1000

/**
 * True for groups that people share files by. The system's own are not for that: who has docker, disk or incus-admin is
 * as good as root, and a container that may have one can leave a program outside that gives it to every user who runs it.
 */
export const isShared = (gid: number): boolean => gid === usersGroup || gid >= firstOrdinary

/**
 * What sessions of a user need: the user id, the primary group, which comes first in `groups`, and those of the others
 * that files are shared by. Root's own are never mapped: a process with uid 0 outside can be root outside.
 */
export const idsOfAccount = (uid: number, [primary, ...others]: ReadonlyArray<number>): HostIds =>
  uid === 0 ? { uids: [], gids: [] } : {
    uids: [uid],
    gids: [...(primary === undefined || primary === 0 ? [] : [primary]), ...others.filter(isShared)]
  }

/**
 * What sessions on a directory need, by its owner and group; nothing if the owner is root. Of the system's own groups
 * only the one that goes with the owner, as in `www-data:www-data`.
 */
export const idsOfOwner = ({ gid, uid }: { readonly uid: number; readonly gid: number }): HostIds =>
  uid === 0 ? { uids: [], gids: [] } : { uids: [uid], gids: gid === uid || isShared(gid) ? [gid] : [] }

/** All of them, each id once. */
export const together = (all: ReadonlyArray<HostIds>): HostIds => ({
  uids: [...new Set(all.flatMap(({ uids }) => uids))],
  gids: [...new Set(all.flatMap(({ gids }) => gids))]
})

/** The greatest id; the number above it stands for no id. */
const lastId = 4_294_967_294

/** Reads `UID:GID`, both from 1 to 4294967294; undefined for anything else. */
export const parseIds = (text: string): HostIds | undefined => {
  const found = /^([1-9]\d{0,9}):([1-9]\d{0,9})$/.exec(text)
  const [uid, gid] = [Number(found?.[1]), Number(found?.[2])]
  return uid <= lastId && gid <= lastId ? { uids: [uid], gids: [gid] } : undefined
}
