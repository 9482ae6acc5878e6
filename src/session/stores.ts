import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { defaults } from "../config/defaults.ts"
import { Host } from "../host/Host.ts"
import type { SessionHandle } from "./handle.ts"
import { type History, HistoryStore } from "./HistoryStore.ts"

/**
 * Where a session that is live has its record: in the store that its container's label names, which is not the one in
 * force if `sessions_dir` was changed since the session was started.
 */

/** What says where a session is saved. */
type Placed = Pick<SessionHandle, "id" | "tool" | "saved">

/** Everybody who may use Incus can write labels; only a directory of this user's is a store. */
const isOwn = (root: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const host = yield* Host
    return yield* fs.stat(root).pipe(
      Effect.map(({ type, uid }) => type === "Directory" && Option.contains(uid, host.uid)),
      Effect.orElseSucceed(() => false)
    )
  })

/** The store that a session is saved in; the one in force if its label names none. */
export const storeOf = (
  session: Placed
): Effect.Effect<History, never, HistoryStore | FileSystem.FileSystem | Host> =>
  Effect.gen(function*() {
    const history = yield* HistoryStore
    if (session.saved === history.directory(session)) return history
    const below = `/sessions-${session.tool}/${session.id}`
    if (!session.saved.startsWith("/") || !session.saved.endsWith(below)) return history
    const other = history.at(session.saved.slice(0, -below.length))
    // The path leads where it says, and nowhere else.
    return other.directory(session) === session.saved && (yield* isOwn(other.root)) ? other : history
  })

/** Does something to a session in the store that it is saved in. */
export const inItsStore = <A, E, R>(session: Placed, effect: Effect.Effect<A, E, R>) =>
  Effect.provideServiceEffect(effect, HistoryStore, storeOf(session))

/** The store of a user who has not said where sessions are to be saved. */
const usualStore = Effect.gen(function*() {
  const history = yield* HistoryStore
  const host = yield* Host
  return history.at(defaults.paths.sessions_dir.replace("~", host.home))
})

/**
 * The stores, beside the one in force, in which runs may have to be settled, each once: those that these sessions are saved
 * in, and the usual one, which `sessions_dir` is most often changed from, if runs are open there.
 */
export const otherStores = (sessions: ReadonlyArray<Placed>) =>
  Effect.gen(function*() {
    const history = yield* HistoryStore
    const stores = yield* Effect.forEach(sessions, storeOf)
    const usual = yield* usualStore
    const open = usual.root !== history.root && (yield* isOwn(usual.root))
      ? yield* Effect.orElseSucceed(usual.runs.list, () => ({ runs: [] }))
      : { runs: [] }
    const all = open.runs.length === 0 ? stores : [...stores, usual]
    return [...new Map(all.map((store) => [store.root, store])).values()].filter(({ root }) =>
      root !== history.root
    )
  })
