import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { EndReason } from "../domain/Metadata.ts"
import { sameRun } from "../domain/Run.ts"
import { ownProcess } from "../host/process.ts"
import { IncusService } from "../incus/IncusService.ts"
import { removeContainer, shutdownContainer } from "./container.ts"
import { finishRun } from "./finish.ts"
import { HistoryStore } from "./HistoryStore.ts"
import type { LiveSession } from "./live.ts"

const keyOf = ({ labels }: LiveSession) => ({ tool: labels.tool, id: labels.session })

/**
 * Ends a session and says in its history how. Others may be watching it: the reason is noted before they see the end, if
 * it can be noted; a full disk keeps no container alive.
 */
const endAs = <E, R>(session: LiveSession, reason: EndReason, end: Effect.Effect<void, E, R>) =>
  Effect.gen(function*() {
    const history = yield* HistoryStore
    const found = yield* history.runs.get(keyOf(session))
    // Another run of the session, or one whose container this is only a copy of, is not to be touched.
    const run = Option.filter(
      found,
      (one) => sameRun(one, session.labels) && (one.container ?? session.container) === session.container
    )
    if (Option.isSome(run)) {
      const owner = yield* ownProcess
      yield* Effect.ignore(history.runs.note({ ...run.value, phase: "ending", owner, reason }))
      yield* Effect.ignore(history.intend(keyOf(session), { reason }))
    }
    yield* end
    if (Option.isSome(run)) yield* finishRun(run.value, { reason })
  })

/** Deletes a session's container by force, a persistent one too. The conversation stays saved. */
export const killSession = (session: LiveSession) =>
  endAs(session, "killed", removeContainer(session.container, Option.some(session.labels)))

/**
 * Shuts a session down in an orderly way: its system gets `timeoutSeconds`, then the plug is pulled. An ephemeral
 * container is deleted, a persistent one stays, stopped.
 */
export const shutdownSession = (session: LiveSession, timeoutSeconds: number) =>
  endAs(session, "shutdown", shutdownContainer(session.container, session.labels, timeoutSeconds))

/** Turns a running ephemeral session persistent: from now on its container is stopped at the end, not deleted. */
export const persistSession = (session: LiveSession) =>
  Effect.gen(function*() {
    const incus = yield* IncusService
    const history = yield* HistoryStore
    yield* incus.instances.edit(session.container, (instance) =>
      // The name may have passed to another session meanwhile.
      instance.config["user.clincus.session"] === session.labels.session
        ? Option.some({
          config: { ...instance.config, "user.clincus.persistent": "true" },
          devices: instance.devices,
          ephemeral: false
        })
        : Option.none())
    const metadata = yield* history.get(keyOf(session))
    if (Option.isSome(metadata)) yield* history.save({ ...metadata.value, persistent: true })
  })
