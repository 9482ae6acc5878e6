import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { EndReason } from "../domain/Metadata.ts"
import { sameRun } from "../domain/Run.ts"
import { ownProcess } from "../host/process.ts"
import { IncusService } from "../incus/IncusService.ts"
import { removeContainer, shutdownContainer } from "./container.ts"
import { finishRun } from "./finish.ts"
import type { SessionHandle } from "./handle.ts"
import { HistoryStore } from "./HistoryStore.ts"
import { inItsStore, storeOf } from "./stores.ts"

/** What a container must bear to be the session's. */
const holderOf = ({ id, run }: SessionHandle) => ({ session: id, run })

/**
 * Ends a session and says in its history how. Others may be watching it: the reason is noted before they see the end, if
 * it can be noted; a full disk keeps no container alive.
 */
const endAs = <E, R>(session: SessionHandle, reason: EndReason, end: Effect.Effect<void, E, R>) =>
  inItsStore(
    session,
    Effect.gen(function*() {
      const history = yield* HistoryStore
      const found = yield* history.runs.get(session)
      // Another run of the session, or one whose container this is only a copy of, is not to be touched.
      const run = Option.filter(
        found,
        (one) => sameRun(one, session) && (one.container ?? session.container) === session.container
      )
      if (Option.isSome(run)) {
        const owner = yield* ownProcess
        yield* Effect.ignore(history.runs.note({ ...run.value, phase: "ending", owner, reason }))
        yield* Effect.ignore(history.intend(session, { reason }))
      }
      yield* end
      if (Option.isSome(run)) yield* finishRun(run.value, { reason })
    })
  )

/** Deletes a session's container by force, a persistent one too. The conversation stays saved. */
export const killSession = (session: SessionHandle) =>
  endAs(session, "killed", removeContainer(session.container, Option.some(holderOf(session))))

/**
 * Shuts a session down in an orderly way: its system gets `timeoutSeconds`, then the plug is pulled. An ephemeral
 * container is deleted, a persistent one stays, stopped.
 */
export const shutdownSession = (session: SessionHandle, timeoutSeconds: number) =>
  endAs(session, "shutdown", shutdownContainer(session.container, holderOf(session), timeoutSeconds))

/** Turns a running ephemeral session persistent: from now on its container is stopped at the end, not deleted. */
export const persistSession = (session: SessionHandle) =>
  Effect.gen(function*() {
    const incus = yield* IncusService
    const history = yield* storeOf(session)
    yield* incus.instances.edit(session.container, (instance) =>
      // The name may have passed to another session meanwhile.
      instance.config["user.clincus.session"] === session.id
        ? Option.some({
          config: { ...instance.config, "user.clincus.persistent": "true" },
          devices: instance.devices,
          ephemeral: false
        })
        : Option.none())
    const metadata = yield* history.get(session)
    if (Option.isSome(metadata)) yield* history.save({ ...metadata.value, persistent: true })
  })
