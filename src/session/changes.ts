import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { SessionRef } from "../domain/SessionRef.ts"
import * as State from "../host/stateFiles.ts"
import type { Walked } from "../host/untrusted/walk.ts"
import { inProject } from "../policy/files/protected.ts"
import { isLookedThrough, type Risk, risksOf } from "../policy/risks.ts"
import { HistoryStore } from "./HistoryStore.ts"
import { sessionInfo } from "./info.ts"
import type { Selection } from "./live.ts"

/**
 * What has changed in a session's workspace since the session was started last, by the session or by anybody else. What was
 * deleted is not in it: git tells that.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 *
 * const loud: ReadonlyArray<Clincus.RiskKind> = ["set-id", "repository"]
 * const none: ReadonlyArray<Clincus.Risk> = []
 *
 * export const toLookAt = (id: string) =>
 *   Effect.flatMap(Clincus.Sessions, (sessions) => sessions.changes({ container: id })).pipe(
 *     Effect.map(({ risks }: Clincus.Changes) => risks.filter(({ kind }) => loud.includes(kind))),
 *     Effect.catchTag("ChangesUnknown", ({ session }: Clincus.ChangesUnknown) => Effect.as(Console.error(session), none)),
 *     Effect.catchAll(({ message }: Clincus.ChangesFailure) => Effect.as(Console.error(message), none))
 *   )
 */
export interface Changes {
  /** The session's id. */
  readonly session: string
  /** Real path on the host. */
  readonly workspace: string
  /** When the session was started last: ms since the epoch. */
  readonly since: number
  /** Paths below the workspace of files and links, without git's own. Whoever works there chooses names: escape them. */
  readonly changed: ReadonlyArray<string>
  /** Those that run later on this host. */
  readonly risks: ReadonlyArray<Risk>
  /** False if there is more in the workspace than was looked at. */
  readonly complete: boolean
}

/**
 * Nothing is known of the changes of a session: its workspace, or what is saved of it, is gone.
 *
 * @see Changes
 */
export class ChangesUnknown extends Data.TaggedError("ChangesUnknown")<{ readonly session: string }> {
  override get message(): string {
    return `it is not known what session ${this.session} has changed: what is saved of it does not say when and where it worked`
  }
}

/** Entries that are looked at: a million takes some seconds. */
const most = 2_000_000
const mostQuickly = 40_000

/** Commands that an unfinished rebase would run; see git-rebase(1). */
const runsCommands = /^\s*(x|exec)\s/m

/** What stands in for an absent path while a session runs is nobody's change. */
const standIns = new Map(
  inProject.flatMap(({ absent, path }) => typeof absent === "object" ? [[path, absent.text] as const] : [])
)

const isNotStandIn = (workspace: string) => ({ is, path }: Walked) => {
  const text = standIns.get(path)
  if (text === undefined || is !== "file") return Effect.succeed(true)
  return Effect.map(State.read(workspace, path, 1024), (found) => found !== text)
}

/** The changes in a directory since a moment (ms since the epoch). A `quick` look passes over what is large. */
export const changesIn = (workspace: string, since: number, quick: boolean) =>
  Effect.gen(function*() {
    const { complete, entries } = yield* State.walk(workspace, {
      most: quick ? mostQuickly : most,
      enter: isLookedThrough(quick),
      pick: ({ changed, is }) => is !== "directory" && changed >= since
    })
    const changed = yield* Effect.filter(entries, isNotStandIn(workspace))
    const risks = yield* Effect.filter(risksOf(changed), ({ kind, path }) =>
      kind === "rebase"
        ? Effect.map(State.read(workspace, path, 1024 * 1024), (text) => runsCommands.test(text ?? ""))
        : Effect.succeed(true))
    return {
      changed: changed.map(({ path }) => path).filter((path) => !/(^|\/)\.git\//.test(path)).toSorted(),
      risks,
      complete
    }
  }).pipe(Effect.withSpan("Session.changes"))

/** When a session was started last (ms since the epoch), and where it works; none if that is not saved. */
export const lastStart = (session: SessionRef) =>
  Effect.gen(function*() {
    const history = yield* HistoryStore
    return Option.map(yield* history.get(session), ({ lastStartedAt, startedAt, workspace }) => ({
      since: (lastStartedAt ?? startedAt).getTime(),
      workspace
    }))
  })

/** The changes of one session, live or saved. */
export const sessionChanges = (selection: Selection) =>
  Effect.gen(function*() {
    const { session, tool } = yield* sessionInfo(selection)
    const start = yield* lastStart({ tool, id: session })
    if (Option.isNone(start)) return yield* new ChangesUnknown({ session })
    const { since, workspace } = start.value
    const changes: Changes = { session, workspace, since, ...(yield* changesIn(workspace, since, false)) }
    return changes
  })
