import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { defaults } from "../config/defaults.ts"
import { Host } from "../host/Host.ts"
import type { SessionHandle } from "./handle.ts"
import type { History } from "./historyApi.ts"
import { HistoryStore } from "./HistoryStore.ts"

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
 * Notes in the usual store that runs are open in the one in force, if that is another: so they are found when
 * `sessions_dir` has been changed, whatever it is then.
 */
export const noteStore = Effect.gen(function*() {
  const history = yield* HistoryStore
  const usual = yield* usualStore
  if (usual.root !== history.root) yield* usual.runs.elsewhere.note(history.root)
})

/** Whether runs are open in a store. One that cannot be read now may have some. */
const hasOpen = (store: History) =>
  Effect.match(store.runs.list, {
    onFailure: () => "unknown" as const,
    onSuccess: ({ damaged, runs }) => runs.length + damaged.length > 0 ? "some" as const : "none" as const
  })

/** The stores that are noted in the usual one, in which runs are open. Those in which none are any more are forgotten. */
const notedStores = (usual: History) =>
  Effect.gen(function*() {
    const history = yield* HistoryStore
    const roots = yield* Effect.orElseSucceed(usual.runs.elsewhere.list, () => [])
    return yield* Effect.filter(roots.filter((root) => root !== history.root).map(history.at), (store) =>
      Effect.gen(function*() {
        // A disk that is not mounted now may be later.
        if (!(yield* isOwn(store.root))) {
          return false
        }
        const open = yield* hasOpen(store)
        if (open === "none") {
          yield* Effect.ignore(usual.runs.elsewhere.forget(store.root))
        }
        return open === "some"
      }))
  })

/**
 * The stores, beside the one in force, in which runs may have to be settled, each once: those that these sessions are saved
 * in, the usual one, and those that are noted there, if runs are open in them.
 */
export const otherStores = (sessions: ReadonlyArray<Placed>) =>
  Effect.gen(function*() {
    const history = yield* HistoryStore
    const stores = yield* Effect.forEach(sessions, storeOf)
    const usual = yield* usualStore
    const open = usual.root !== history.root && (yield* isOwn(usual.root))
      && (yield* hasOpen(usual)) === "some"
    const all = [...stores, ...(open ? [usual] : []), ...(yield* notedStores(usual))]
    return [...new Map(all.map((store) => [store.root, store])).values()].filter(({ root }) =>
      root !== history.root
    )
  })
