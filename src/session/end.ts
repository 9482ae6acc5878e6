import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { IncusService } from "../incus/IncusService.ts"
import { removeContainer, stopContainer } from "./container.ts"
import { HistoryStore } from "./HistoryStore.ts"
import type { LiveSession } from "./live.ts"
import type { EndReason } from "./metadata.ts"

const keyOf = ({ labels }: LiveSession) => ({ tool: labels.tool, id: labels.session })

/** Ends a session and says in its history how. Others may be watching it: the reason is noted before they see the end. */
const endAs = <E, R>(session: LiveSession, reason: EndReason, end: Effect.Effect<void, E, R>) =>
  Effect.gen(function*() {
    const history = yield* HistoryStore
    // How one ended that is only a stopped container now has been noted then.
    if (session.instance.status !== "Stopped") yield* history.intend(keyOf(session), { reason })
    yield* end
    yield* history.finish(keyOf(session), { reason })
  })

/** Deletes a session's container by force, a persistent one too. The conversation stays saved. */
export const killSession = (session: LiveSession) =>
  endAs(session, "killed", removeContainer(session.container, Option.some(session.labels.session)))

/**
 * Shuts a session down in an orderly way: its system gets `timeoutSeconds`, then the plug is pulled. An ephemeral
 * container is deleted, a persistent one stays, stopped.
 */
export const shutdownSession = (session: LiveSession, timeoutSeconds: number) =>
  endAs(
    session,
    "shutdown",
    Effect.gen(function*() {
      yield* stopContainer(session.container, timeoutSeconds)
      // Incus deletes an ephemeral instance by itself a moment after it has stopped.
      if (session.labels.persistent !== "true") {
        yield* removeContainer(session.container, Option.some(session.labels.session))
      }
    })
  )

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
