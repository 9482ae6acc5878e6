import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { builtIn } from "../tool/ToolRegistry.ts"
import { waitUntilStopped } from "./container.ts"
import { CannotResume } from "./errors.ts"
import { HistoryStore } from "./HistoryStore.ts"
import { type LiveSession, liveSessions } from "./live.ts"
import type { Metadata } from "./metadata.ts"
import * as State from "./StateDirectory.ts"
import type { Workspace } from "./workspace.ts"

/** What `--resume` leads to: a session that runs and is attached to, or a saved one that is started again. */
export type Resumable =
  | { readonly _tag: "Live"; readonly session: LiveSession }
  | { readonly _tag: "Saved"; readonly metadata: Metadata }

const next = "Run 'clincus list --all' to see what there is, or 'clincus shell' to start a new session."

const when = (date: Date) => date.toISOString().slice(0, 16).replace("T", " ")

/** The newest sessions, a line each, so that the one that was meant may be found at once. */
const offer = (sessions: ReadonlyArray<Metadata>): string =>
  sessions.length === 0
    ? next
    : [
      "Saved sessions:",
      ...sessions.slice(0, 10).map((one) =>
        `  ${one.id}  ${one.tool}  ${when(one.lastUsedAt)}  ${one.workspace}`
      ),
      next
    ].join("\n")

/** The saved session whose id begins with `prefix`. Fails where none or several do. */
export const findSaved = (prefix: string) =>
  Effect.gen(function*() {
    const history = yield* HistoryStore
    const { sessions } = yield* history.list
    const found = sessions.filter(({ id }) => id.startsWith(prefix.toLowerCase()))
    const [only, ...others] = found
    if (only === undefined) {
      return yield* new CannotResume({
        reason: `no saved session has an id that begins with '${prefix}'`,
        next: offer(sessions)
      })
    }
    if (others.length > 0) {
      return yield* new CannotResume({
        reason: `'${prefix}' fits ${found.length} sessions`,
        next: offer(found)
      })
    }
    return only
  })

/** Whether a saved session holds a conversation, as far as the host can tell: in doubt it does. */
export const holdsConversation = (metadata: Metadata, directory: string): Effect.Effect<boolean> => {
  const tool = builtIn.find(({ name }) => name === metadata.tool)
  if (tool?.conversation.kind !== "given" || tool.conversation.saved === undefined) {
    return Effect.succeed(true)
  }
  return State.isFile(
    directory,
    tool.conversation.saved({ id: metadata.id, directory: metadata.containerPath })
  )
}

/**
 * The session to resume: by id or the beginning of one; without it the newest of this workspace that holds a conversation, of this
 * tool and slot where they are given. Never starts anything by itself.
 */
export const findResumable = (
  request: { readonly id: string } | {
    readonly workspace: Workspace
    readonly tool: string | undefined
    readonly slot: number | undefined
  }
) =>
  Effect.gen(function*() {
    const history = yield* HistoryStore
    const metadata = "id" in request ? yield* findSaved(request.id) : yield* Effect.gen(function*() {
      const { sessions } = yield* history.list
      const here = sessions.filter((one) =>
        one.workspace === request.workspace.path
        && (request.tool === undefined || one.tool === request.tool)
        && (request.slot === undefined || one.slot === request.slot)
      )
      // One that still runs is attached to, whether anything was said in it yet or not.
      const running = new Set((yield* liveSessions).map(({ labels }) => labels.session))
      const newest = yield* Effect.findFirst(here, (one) =>
        running.has(one.id) ? Effect.succeed(true) : holdsConversation(one, history.directory(one)))
      if (Option.isSome(newest)) {
        return newest.value
      }
      if (here.length > 0) {
        return yield* new CannotResume({
          reason: `nothing was said in the saved sessions of ${request.workspace.path}`,
          next: offer(here)
        })
      }
      const narrowed = [
        request.tool === undefined ? "" : ` with ${request.tool}`,
        request.slot === undefined ? "" : ` in slot ${request.slot}`
      ].join("")
      return yield* new CannotResume({
        reason: `there is no saved session of ${request.workspace.path}${narrowed}`,
        next: offer(sessions)
      })
    })
    const saved: Resumable = { _tag: "Saved", metadata }
    const session = (yield* liveSessions).find(({ labels, running }) =>
      running && labels.session === metadata.id
    )
    if (session === undefined) {
      return saved
    }
    if (Option.isNone(yield* history.outcome(metadata))) {
      const found: Resumable = { _tag: "Live", session }
      return found
    }
    // The tool has ended, and its container is about to: there is nothing to attach to any more.
    if (yield* waitUntilStopped(session.container, 15_000)) {
      return saved
    }
    return yield* new CannotResume({
      reason: `session ${metadata.id} has ended, but its container ${session.container} still runs`,
      next: `End that first: clincus kill ${session.container}`
    })
  })

/** For this long a start that has made no container yet is believed to be under way (ms). */
const startGrace = 60_000

/** Fails where another program is just resuming the session: two tools must not write one state. */
export const requireIdle = (session: { readonly tool: string; readonly id: string }) =>
  Effect.gen(function*() {
    const history = yield* HistoryStore
    const open = (yield* history.unfinished).find(({ id, tool }) =>
      id === session.id && tool === session.tool
    )
    if (open === undefined) return
    const metadata = yield* history.get(session)
    const starting = (yield* Clock.currentTimeMillis) - open.since < startGrace
      && !Option.exists(metadata, ({ lastUsedAt }) => lastUsedAt.getTime() >= open.since)
    const running = (yield* liveSessions).find((one) => one.running && one.labels.session === session.id)
    if (!starting && running === undefined) return
    return yield* new CannotResume({
      reason: `session ${session.id} is just being started by another clincus`,
      next: running === undefined
        ? "Try again in a moment."
        : `Attach to it: clincus attach ${running.container}`
    })
  })

/**
 * The slot that a saved session can be resumed in: a persistent one in its own container and so its own slot, another
 * in the one asked for or any.
 */
export const slotFor = (metadata: Metadata, asked: number | undefined) =>
  Effect.gen(function*() {
    if (!metadata.persistent) return asked ?? 0
    const container = (yield* liveSessions).find((one) => one.container === metadata.container)
    if (container === undefined) return asked ?? metadata.slot
    if (asked !== undefined && asked !== 0 && asked !== metadata.slot) {
      return yield* new CannotResume({
        reason:
          `session ${metadata.id} is persistent, and its container ${metadata.container} is in slot ${metadata.slot}`,
        next: `Leave out --slot, or say --slot ${metadata.slot}.`
      })
    }
    if (container.running) {
      return yield* new CannotResume({
        reason: `its container ${metadata.container} is in use by session ${container.labels.session}`,
        next: `End that one first: clincus shutdown ${metadata.container}`
      })
    }
    return metadata.slot
  })
