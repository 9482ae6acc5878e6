import * as Effect from "effect/Effect"
import * as FiberMap from "effect/FiberMap"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import { TmuxService } from "../guest/TmuxService.ts"
import { IncusService } from "../incus/IncusService.ts"
import { type Ended, untilEnded } from "./ended.ts"
import type { SessionHandle } from "./handle.ts"
import type { History } from "./historyApi.ts"
import { reconcile } from "./reconcile.ts"
import { storeOf } from "./stores.ts"

/**
 * Something that happened to a session. `Rested`: its tool has written nothing for a while; it waits, or it thinks.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 * import * as Stream from "effect/Stream"
 *
 * export const answered = Effect.gen(function*() {
 *   const sessions = yield* Clincus.Sessions
 *   yield* Stream.runForEach(sessions.events({ restSeconds: 5 }), (event: Clincus.SessionEvent) =>
 *     event._tag === "Rested"
 *       ? Effect.flatMap(sessions.capture(event.session, { lines: 20 }), Console.log)
 *       : Console.log(`${event.session.container}: ${event._tag}`))
 * })
 */
export type SessionEvent =
  | { readonly _tag: "Started"; readonly session: SessionHandle }
  | { readonly _tag: "Rested"; readonly session: SessionHandle }
  | ({ readonly _tag: "Ended"; readonly session: SessionHandle } & Ended)

/** How long a start may take to show its tool (looks, 250 ms apart). */
const looks = 40

/** One start of a session. */
const keyOf = ({ container, id, run }: SessionHandle) => `${container} ${id} ${run}`

/**
 * What happens to this user's sessions in this project and with this prefix, no matter who starts or ends them, from the
 * moment on at which the stream is run: for each that runs then, and each that is started later, `Started`, then `Rested`
 * each time that the output has come to rest for `restSeconds`, then `Ended`. Follows the daemon's events, and ends when
 * the daemon goes away.
 */
export const sessionEvents = ({ restSeconds }: { readonly restSeconds: number }) =>
  Stream.unwrapScoped(Effect.gen(function*() {
    const tmux = yield* TmuxService
    const incus = yield* IncusService
    const events = yield* Queue.unbounded<SessionEvent>()
    const followed = yield* FiberMap.make<string>()

    const rests = (session: SessionHandle) =>
      tmux.untilRest(session.guest, restSeconds).pipe(
        Effect.tap(() => events.offer({ _tag: "Rested", session })),
        Effect.flatMap((since) => tmux.untilActive(session.guest, since)),
        Effect.forever,
        // The end of the session is what is waited for beside this.
        Effect.ignore
      )

    const hasTool = Effect.fn(function*(history: History, session: SessionHandle) {
      const run = yield* history.runs.get(session)
      return run._tag === "Some" && run.value.phase !== "starting"
    })

    const follow = (session: SessionHandle) =>
      Effect.gen(function*() {
        const history = yield* storeOf(session)
        for (let look = 0; look < looks && !(yield* hasTool(history, session)); look++) {
          if (!(yield* history.runs.has(session))) return
          yield* Effect.sleep("250 millis")
        }
        yield* events.offer({ _tag: "Started", session })
        const ended = yield* Effect.raceFirst(
          untilEnded(session),
          Effect.zipRight(rests(session), Effect.never)
        )
        yield* events.offer({ _tag: "Ended", session, ...ended })
      }).pipe(Effect.ignoreLogged)

    const look = Effect.gen(function*() {
      const { live } = yield* reconcile
      yield* Effect.forEach(
        live.filter(({ running }) => running),
        (session) => FiberMap.run(followed, keyOf(session), follow(session), { onlyIfMissing: true })
      )
    })

    const changes = incus.events.instances.pipe(
      Stream.filter(({ action }) => action === "instance-started" || action === "instance-restarted"),
      Stream.mapEffect(() => look),
      Stream.drain
    )
    yield* look
    return Stream.merge(Stream.fromQueue(events), changes, { haltStrategy: "right" })
  }))
