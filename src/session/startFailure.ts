import * as FileSystem from "@effect/platform/FileSystem"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { shellLine } from "../host/shell.ts"
import { missingIds, rootRanges } from "../host/subids.ts"
import { ProtectedGone } from "../policy/files/errors.ts"
import { type Identity, mappedGroup } from "../workspace/identity.ts"

/**
 * Root may not map the ids that a session needs: they are missing in subuid(5) or subgid(5).
 *
 * @see StartFailure
 */
export class IdsNotMapped extends Data.TaggedError("IdsNotMapped")<{
  readonly workspace: string
  readonly uids: ReadonlyArray<number>
  readonly gids: ReadonlyArray<number>
}> {
  override get message(): string {
    const list = (what: string, file: string, ids: ReadonlyArray<number>) =>
      ids.length === 0 ? [] : [`${what} ${ids.join(", ")} (${file})`]
    const missing = [...list("user", "/etc/subuid", this.uids), ...list("group", "/etc/subgid", this.gids)]
    return `the container of ${this.workspace} did not start: root may not map ${
      missing.join(" and ")
    } into it`
  }
  get hint(): string {
    return `Run ${
      shellLine(["clincus", "setup", "--workspace", this.workspace])
    }, which adds what is missing. [security] root_on_mounts = true goes without, but makes root in the container root on your files.`
  }
}

/**
 * The mounts of a session cannot be shifted, by the kernel or by the file system that they are on.
 *
 * @see StartFailure
 */
export class MountsNotShifted extends Data.TaggedError("MountsNotShifted")<{
  readonly workspace: string
  readonly fileSystem: string
  readonly reason: string
}> {
  override get message(): string {
    return `${this.workspace} is on ${this.fileSystem}, whose owners cannot be shifted for a container: ${this.reason}`
  }
  get hint(): string {
    return "Work on a directory of a user who is not root, without [security] root_on_mounts: then nothing needs to be shifted."
  }
}

/**
 * A container with limits did not start; Incus does not say whether they are the cause.
 *
 * @see StartFailure
 */
export class LimitsTooLow extends Data.TaggedError("LimitsTooLow")<{
  readonly workspace: string
  /** As instance options: `limits.memory=8MiB`. */
  readonly limits: ReadonlyArray<string>
  readonly reason: string
}> {
  override get message(): string {
    return `the container of ${this.workspace} did not start (${this.reason}); it has limits, which may be too low: ${
      this.limits.join(", ")
    }`
  }
  get hint(): string {
    return "'clincus config' shows where each limit comes from; a system with a tool wants some 256 MiB and 100 processes at least."
  }
}

/**
 * Why Incus refuses to start a container, if it is the machine: see each.
 *
 * @example
 * import * as Clincus from "clincus"
 *
 * export const advice = (failure: Clincus.StartFailure): string => {
 *   switch (failure._tag) {
 *     case "IdsNotMapped":
 *       return `add ${failure.uids.join(", ")} to /etc/subuid and ${failure.gids.join(", ")} to /etc/subgid`
 *     case "MountsNotShifted":
 *       return `${failure.fileSystem} cannot be shifted: ${failure.reason}`
 *     case "ProtectedGone":
 *       return `${failure.path} is gone`
 *     case "LimitsTooLow":
 *       return `too low, perhaps: ${failure.limits.join(", ")}`
 *   }
 * }
 */
export type StartFailure = IdsNotMapped | MountsNotShifted | ProtectedGone | LimitsTooLow

const read = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(path)).pipe(Effect.orElseSucceed(() => ""))

/** The type of the file system that a path is on, by the longest mount point above it. */
const fileSystemOf = (path: string) =>
  Effect.map(read("/proc/self/mounts"), (text) => {
    const above = text.split("\n").map((line) => line.split(" ")).filter(([, at]) =>
      at !== undefined && (at === "/" || path === at || path.startsWith(`${at}/`))
    )
    return above.toSorted(([, a], [, b]) => (b ?? "").length - (a ?? "").length)[0]?.[2] ?? "a file system"
  })

/** What a container that does not start may have failed at. */
interface Started {
  readonly identity: Identity
  readonly workspace: string
  /** Limits that somebody asked for, as instance options. */
  readonly limits: Readonly<Record<string, string>>
  /** Paths on the host that it was to hold. */
  readonly held: ReadonlyArray<string>
}

/** Incus only says that a container did not start; the usual causes are looked for here. */
export const explainStart =
  ({ held, identity, limits, workspace }: Started) =>
  <A, E extends { readonly _tag: string; readonly message: string }, R>(
    start: Effect.Effect<A, E, R>
  ): Effect.Effect<A, E | StartFailure, R | FileSystem.FileSystem> =>
    Effect.catchIf(start, (error) => error._tag === "IncusRequestError", (error) =>
      Effect.gen(function*() {
        if (identity.mounts === "map") {
          const { uid } = identity.owner
          const uids = missingIds(rootRanges(yield* read("/etc/subuid")), [uid])
          const gids = missingIds(rootRanges(yield* read("/etc/subgid")), [
            ...mappedGroup(identity.owner),
            ...identity.groups.map(({ outside }) => outside)
          ])
          if (uids.length + gids.length > 0) return yield* new IdsNotMapped({ workspace, uids, gids })
        }
        if (identity.mounts === "shift" && /idmap|shift/i.test(error.message)) {
          return yield* new MountsNotShifted({
            workspace,
            fileSystem: yield* fileSystemOf(workspace),
            reason: error.message
          })
        }
        const fs = yield* FileSystem.FileSystem
        const gone = yield* Effect.findFirst(
          held,
          (path) => Effect.map(Effect.orElseSucceed(fs.exists(path), () => true), (there) => !there)
        )
        if (Option.isSome(gone)) return yield* new ProtectedGone({ workspace, path: gone.value })
        const set = Object.entries(limits).map(([name, value]) => `${name}=${value}`)
        if (set.length === 0) return yield* Effect.fail(error)
        return yield* new LimitsTooLow({ workspace, limits: set, reason: error.message })
      }))
