import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { ConfigService } from "../config/ConfigService.ts"
import { TmuxService } from "../guest/TmuxService.ts"
import { Host } from "../host/Host.ts"
import { StateFiles } from "../host/stateFiles.ts"
import { IncusService } from "../incus/IncusService.ts"
import { attachOwn, attachSession } from "./attach.ts"
import { sessionChanges } from "./changes.ts"
import { findLeftovers, removeLeftovers } from "./clean.ts"
import { killSession, persistSession, shutdownSession } from "./end.ts"
import { untilEnded } from "./ended.ts"
import { sessionEvents } from "./events.ts"
import { explainLive, explainPlan } from "./explain.ts"
import { getSession } from "./getSession.ts"
import { HistoryStore } from "./HistoryStore.ts"
import { sessionInfo } from "./info.ts"
import { listSaved } from "./listSaved.ts"
import { sessionNamed } from "./live.ts"
import { networkLog, openTo } from "./network.ts"
import { type Agree, planSession, type SessionOptions, withoutAsking } from "./plan.ts"
import { reconcile } from "./reconcile.ts"
import { findResumable } from "./resume.ts"
import { startSession } from "./Session.ts"
import type { SessionsApi } from "./SessionsApi.ts"
import { SlotService } from "./SlotService.ts"
import { terminals } from "./terminals.ts"

/**
 * Sessions, for commands and for other programs: everything can be done without a terminal, and to several sessions at
 * once. A session that another program has started is a session like any other; `get` and `list` give it.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Effect from "effect/Effect"
 *
 * export const fix = (workspace: string) =>
 *   Effect.scoped(Effect.gen(function*() {
 *     const sessions = yield* Clincus.Sessions
 *     const session = yield* sessions.start({ workspace, tool: "claude" })
 *     yield* sessions.send(session, { text: "fix the tests", keys: ["Enter"] })
 *     return yield* sessions.wait(session)
 *   }))
 */
export class Sessions extends Context.Tag("clincus/Sessions")<Sessions, SessionsApi>() {}

/**
 * Sessions on the services given; see `layer` of the package for all of them at once.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Layer from "effect/Layer"
 *
 * // With tmux and slots of another kind than those of `Clincus.layer`, for instance.
 * export const sessions = Clincus.sessionsLayer.pipe(
 *   Layer.provide([Clincus.tmuxLayer, Clincus.slotLayer, Clincus.configLayer]),
 *   Layer.provide(Clincus.historyLayer("/srv/agents/.clincus")),
 *   Layer.provide(Clincus.incusLayer({ socket: "/var/lib/incus/unix.socket", project: "default" })),
 *   Layer.provide(Clincus.hostLayer)
 * )
 */
export const layer: Layer.Layer<
  Sessions,
  never,
  | ConfigService
  | FileSystem.FileSystem
  | HistoryStore
  | Host
  | IncusService
  | Path.Path
  | SlotService
  | TmuxService
> = Layer.effect(
  Sessions,
  Effect.gen(function*() {
    // Picked one by one: the scope in which this layer is made is not the scope that a session ends with.
    const needs = Context.pick(
      ConfigService,
      FileSystem.FileSystem,
      HistoryStore,
      Host,
      IncusService,
      Path.Path,
      SlotService,
      StateFiles,
      TmuxService
    )(yield* Effect.context<Layer.Layer.Context<typeof layer>>())
    const tmux = yield* TmuxService
    const provided = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.provide(effect, needs)
    return {
      start: (options) => provided(Effect.flatMap(planSession(options, withoutAsking), startSession)),
      plan: <E, R>(options: SessionOptions, agree?: Agree<E, R>) =>
        provided(planSession<E, R>(options, agree ?? withoutAsking)),
      begin: (request) => provided(startSession(request)),
      find: (wanted) => provided(findResumable(wanted)),
      resume: (wanted, options) =>
        provided(Effect.gen(function*() {
          const found = yield* findResumable(wanted)
          if (found._tag === "Live") return found
          const request = yield* planSession({ ...options, resume: found }, withoutAsking)
          return { _tag: "Started", session: yield* startSession(request) } as const
        })),
      attach: (session, terminal) => provided(attachSession(session, terminal)),
      attachOwn: (session, terminal) => provided(attachOwn(session, terminal)),
      shell: (session, { kind, lend }) => lend((io) => tmux.shell(session.guest, kind, io), session),
      send: ({ guest }, { keys = [], ...input }) => tmux.send(guest, { ...input, keys }),
      capture: ({ guest }, { ansi = false, ...options } = {}) => tmux.capture(guest, { ...options, ansi }),
      wait: (session) => provided(untilEnded(session)),
      list: provided(Effect.map(reconcile, ({ live }) => live)),
      saved: provided(listSaved),
      get: (selection) => provided(getSession(selection)),
      end: (session, how) =>
        provided(
          how._tag === "kill" ? killSession(session) : shutdownSession(session, how.seconds ?? 30)
        ),
      persist: (session) => provided(persistSession(session)),
      open: (session, target) => provided(openTo(session, target)),
      networkLog: (sessions) => provided(networkLog(sessions)),
      named: (container) => provided(sessionNamed(container)),
      info: (selection) => provided(sessionInfo(selection)),
      changes: (selection) => provided(sessionChanges(selection)),
      explain: (selection) => provided(explainLive(selection)),
      explainPlan: (request) => provided(explainPlan(request)),
      terminals: provided(terminals),
      leftovers: (options) => provided(findLeftovers(options)),
      removeLeftovers: (leftovers) => provided(removeLeftovers(leftovers)),
      reconcile: provided(reconcile),
      events: ({ restSeconds = 3 } = {}) => Stream.provideContext(sessionEvents({ restSeconds }), needs)
    }
  })
)
