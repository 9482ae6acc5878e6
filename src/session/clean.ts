import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { describeEnd } from "../domain/Metadata.ts"
import type { RunRecord } from "../domain/Run.ts"
import type { SessionRef } from "../domain/SessionRef.ts"
import { Host } from "../host/Host.ts"
import { ownProcess } from "../host/process.ts"
import { IncusService } from "../incus/IncusService.ts"
import { type Instance, isUp } from "../incus/schemas.ts"
import { removeContainer } from "./container.ts"
import { holdsConversation } from "./conversations.ts"
import { removeSaved } from "./finish.ts"
import { HistoryStore } from "./HistoryStore.ts"
import { fromInstance } from "./labels.ts"
import { listSaved } from "./listSaved.ts"
import { reconcile, settle } from "./reconcile.ts"
import { SlotService } from "./SlotService.ts"

/**
 * Something that can be removed. `last` is when it was last used (ms), if that is known.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Effect from "effect/Effect"
 *
 * export const unreadable = Effect.gen(function*() {
 *   const sessions = yield* Clincus.Sessions
 *   const all: ReadonlyArray<Clincus.Leftover> = yield* sessions.leftovers({ sessions: false, unusedFor: 0 })
 *   return all.flatMap((one) => one.kind === "directory" ? [one.path] : [])
 * })
 */
export type Leftover =
  & { readonly name: string; readonly what: string; readonly last: number | undefined }
  & (
    | { readonly kind: "saved"; readonly session: { readonly tool: string; readonly id: string } }
    | { readonly kind: "directory"; readonly path: string }
    | { readonly kind: "container"; readonly container: string }
  )

/** No build takes so long (ms); an older build was killed, and nobody will remove its container. */
const buildLimit = 3_600_000

const isDeadBuild = (instance: Instance, now: number): boolean =>
  instance.config["user.clincus.build"] === "true" && now - instance.created_at.getTime() > buildLimit

/** It bears a session's label but says nothing else that we understand. */
const isNobodys = (instance: Instance): boolean =>
  instance.config["user.clincus.session"] !== undefined
  && Option.isNone(fromInstance(instance))
  && !isUp(instance)

/**
 * Finishes what has ended, and waits, briefly, for sessions whose tool has ended and whose container is not off yet: a
 * moment later they are over.
 */
const finishEnds = Effect.gen(function*() {
  const history = yield* HistoryStore
  const { live } = yield* reconcile
  const running = live.filter(({ running }) => running)
  const ending = yield* Effect.filter(
    running,
    (session) => Effect.map(history.outcome(session), Option.isSome)
  )
  yield* Effect.forEach(ending, settle, { concurrency: "unbounded" })
})

/**
 * What may go. Never what a container of clincus uses, running or stopped; a saved session that can be resumed only
 * when `sessions` asks for it; nothing that was used within the last `unusedFor` ms. What has ended is finished first.
 */
export const findLeftovers = (options: { readonly sessions: boolean; readonly unusedFor: number }) =>
  Effect.gen(function*() {
    const history = yield* HistoryStore
    const incus = yield* IncusService
    const { prefix } = yield* SlotService
    yield* Effect.ignoreLogged(finishEnds)
    const now = yield* Clock.currentTimeMillis
    // What has just been found to be over was last used a moment ago.
    const before = now - options.unusedFor
    // Under another prefix and in another project as well: what is saved is shared by all of them.
    const instances = yield* incus.instances.listAll
    const used = new Set(
      instances.flatMap((instance) => Option.toArray(fromInstance(instance)))
        .map(({ session }) => session)
    )
    const unfinished = new Set((yield* history.runs.list).runs.map(({ id }) => id))
    const { damaged, sessions } = yield* listSaved

    const idle = sessions.filter(({ id, lastUsedAt }) =>
      !used.has(id) && !unfinished.has(id) && lastUsedAt.getTime() <= before
    )
    const saved = yield* Effect.forEach(
      idle,
      (metadata) =>
        holdsConversation(metadata, history.directory(metadata)).pipe(
          Effect.map((useful): ReadonlyArray<Leftover> =>
            useful && !options.sessions ? [] : [{
              kind: "saved",
              what: useful
                ? `saved session (${describeEnd(metadata.end)})`
                : "saved session without a conversation",
              name: `${metadata.id}  ${metadata.tool}  ${metadata.workspace}`,
              last: metadata.lastUsedAt.getTime(),
              session: metadata
            }]
          )
        )
    )

    const broken = (options.sessions ? damaged : [])
      .map((path): Leftover => ({
        kind: "directory",
        what: "damaged session",
        name: path,
        path,
        last: undefined
      }))

    const containers = instances
      .filter((instance) =>
        instance.project === incus.project && instance.name.startsWith(prefix)
        && instance.last_used_at.getTime() <= before
        && (isNobodys(instance) || isDeadBuild(instance, now))
      )
      .map((instance): Leftover => ({
        kind: "container",
        what: isNobodys(instance) ? "container without a session" : "container of a build that was killed",
        name: instance.name,
        container: instance.name,
        last: instance.last_used_at.getTime()
      }))
    return [...saved.flat(), ...broken, ...containers]
  })

/** Takes the claim on a session that nobody runs, so that nobody starts it while it is removed; none if somebody runs it. */
const claimed = (session: SessionRef) =>
  Effect.gen(function*() {
    const history = yield* HistoryStore
    const host = yield* Host
    const run: RunRecord = {
      ...session,
      run: yield* host.uuid,
      since: yield* Clock.currentTimeMillis,
      phase: "ending",
      owner: yield* ownProcess,
      remove: [],
      scrub: []
    }
    return (yield* history.runs.claim(run)) ? Option.some(run) : Option.none()
  })

/** The session of a damaged directory, by the directory's path. */
const keyOfDirectory = (path: string): SessionRef => {
  const [folder = "", id = ""] = path.split("/").slice(-2)
  return { tool: folder.replace(/^sessions-/, ""), id }
}

/** Removes them for good. Gives those that were left alone because somebody has begun to use them. */
export const removeLeftovers = (leftovers: ReadonlyArray<Leftover>) =>
  Effect.gen(function*() {
    const incus = yield* IncusService
    const now = yield* Clock.currentTimeMillis
    const left = yield* Effect.forEach(leftovers, (leftover) =>
      Effect.gen(function*() {
        if (leftover.kind === "container") {
          const instance = yield* Effect.option(incus.instances.get(leftover.container))
          if (!Option.exists(instance, (one) => isNobodys(one) || isDeadBuild(one, now))) return [leftover]
          yield* removeContainer(leftover.container, Option.none())
          return []
        }
        const run = yield* claimed(
          leftover.kind === "saved" ? leftover.session : keyOfDirectory(leftover.path)
        )
        if (Option.isNone(run)) return [leftover]
        yield* removeSaved(run.value)
        return []
      }), { concurrency: 4 })
    return left.flat()
  })
