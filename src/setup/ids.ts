import * as Effect from "effect/Effect"
import {
  firstFreeId,
  type HostIds,
  type IdRange,
  idsOfAccount,
  isolatedMaps,
  mainRange,
  missingIds,
  namesRootByNumber,
  rootRanges,
  shownRange,
  together
} from "../host/subids.ts"
import type { Machine } from "./machine.ts"
import type { IncusServer } from "./server.ts"
import { type Action, done, manual, needed, type Step } from "./Step.ts"

const size = 1_000_000_000

/** Fewer sessions at a time than this are worth a warning. */
const fewMaps = 20

const restart = "sudo systemctl restart incus"

/** One of the two files: what root has in it and what it lacks. */
interface Subids {
  readonly file: string
  /** What usermod(8) calls the entries: `--add-subuids`, `--del-subuids`. */
  readonly kind: "subuids" | "subgids"
  readonly text: string
  readonly wanted: ReadonlyArray<number>
  readonly missing: ReadonlyArray<number>
  readonly main: IdRange | undefined
}

const subids = (
  machine: Machine,
  file: string,
  kind: Subids["kind"],
  wanted: ReadonlyArray<number>
): Effect.Effect<Subids> =>
  Effect.map(machine.read(file), (text) => {
    const ranges = rootRanges(text)
    return { file, kind, text, wanted, missing: missingIds(ranges, wanted), main: mainRange(ranges) }
  })

/**
 * The range for the files that have none. An isolated map has the same numbers for users and groups, so both files need
 * the same one.
 */
const newRange = (files: ReadonlyArray<Subids>): IdRange =>
  files.find(({ main }) => main !== undefined)?.main
    ?? { first: Math.max(...files.map(({ text }) => firstFreeId(text))), count: size }

/** Writes what is missing, by usermod(8), which locks the files. It takes no file that does not exist. */
const addition = (machine: Machine, files: ReadonlyArray<Subids>): ReadonlyArray<Action> => {
  const incomplete = files.filter(({ main, missing }) => main === undefined || missing.length > 0)
  const empty = incomplete.filter(({ text }) => text === "").map(({ file }) => file)
  const numbered = incomplete.filter(({ text }) => namesRootByNumber(text)).map(({ file }) => file)
  const range = newRange(files)
  return [
    ...(empty.length === 0 ? [] : [machine.asRoot("touch", ...empty)]),
    ...(numbered.length === 0 ? [] : [machine.asRoot("sed", "-i", "s/^0:/root:/", ...numbered)]),
    machine.asRoot(
      "usermod",
      ...incomplete.flatMap(({ kind, main, missing }) => {
        const added = main === undefined ? missingIds([range], missing) : missing
        return [
          ...(main === undefined ? [range] : []),
          ...added.map((id) => ({ first: id, count: 1 }))
        ].flatMap((one) => [`--add-${kind}`, shownRange(one)])
      }),
      "root"
    )
  ]
}

/** A longer range in the place of the one that is too short: for the user to do, since containers change their ids. */
const replacement = (files: ReadonlyArray<Subids>): ReadonlyArray<string> => {
  const first = Math.max(...files.map(({ text }) => firstFreeId(text)))
  const options = files.flatMap(({ kind, main }) => [
    ...(main === undefined ? [] : [`--del-${kind} ${shownRange(main)}`]),
    `--add-${kind} ${shownRange({ first, count: size })}`
  ])
  return [`sudo usermod ${options.join(" ")} root`, restart]
}

const listed = (name: string, ids: ReadonlyArray<number>): ReadonlyArray<string> =>
  ids.length === 0 ? [] : [`${name}${ids.length === 1 ? "" : "s"} ${ids.join(", ")}`]

const both = (users: ReadonlyArray<number>, groups: ReadonlyArray<number>): string =>
  [...listed("uid", users), ...listed("gid", groups)].join(" and ")

/**
 * Root may map what containers are made of: a long range of user and group ids, which Debian's package gives it and not
 * all others do, and the ids of those whose files sessions work on: the user's and those in `more`. Incus reads the range
 * when it starts; single ids count from the next start of a container on.
 */
export const idsStep = (machine: Machine, server: Pick<IncusServer, "reach">, more: HostIds): Step => ({
  name: "ids",
  title: "User ids for containers",
  check: Effect.gen(function*() {
    const wanted = together([idsOfAccount(machine.uid, yield* machine.groups), more])
    const users = yield* subids(machine, "/etc/subuid", "subuids", wanted.uids)
    const groups = yield* subids(machine, "/etc/subgid", "subgids", wanted.gids)
    const files = [users, groups]
    const without = files.filter(({ main }) => main === undefined)

    const room = Math.min(...files.map(({ main }) => main === undefined ? Infinity : isolatedMaps(main)))
    if (room === 0) {
      return manual("root's range of ids has no room for a container with ids of its own", replacement(files))
    }
    const narrow = room < fewMaps
      ? `root's range of ids has room for ${room} sessions at a time. For more:\n${
        replacement(files).map((line) => `  ${line}`).join("\n")
      }`
      : undefined

    if (without.length === 0 && users.missing.length === 0 && groups.missing.length === 0) {
      const mapped = both(users.wanted, groups.wanted)
      return done(
        `root has ranges in /etc/subuid and /etc/subgid${mapped === "" ? "" : `, with ${mapped}`}`,
        narrow
      )
    }
    const reach = yield* server.reach
    const reasons = [
      ...(without.length === 0
        ? []
        : [`root has no range in ${without.map(({ file }) => file).join(" and ")}`]),
      ...(users.missing.length + groups.missing.length === 0
        ? []
        : [`sessions work on files of ${both(users.missing, groups.missing)}, which root may not map yet`])
    ]
    return needed(
      reasons.join("; "),
      addition(machine, files),
      without.length > 0 && reach._tag !== "Silent"
        ? `Incus was running before root had ranges of ids; restart it (${restart})`
        : narrow
    )
  })
})
