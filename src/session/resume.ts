import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Metadata } from "../domain/Metadata.ts"
import { TmuxService } from "../guest/TmuxService.ts"
import { shellLine } from "../host/shell.ts"
import { IncusService } from "../incus/IncusService.ts"
import { type Instance, isUp } from "../incus/schemas.ts"
import { openWorkspace } from "../workspace/Workspace.ts"
import { shutdownSeconds, waitUntilStopped } from "./container.ts"
import { holdsConversation } from "./conversations.ts"
import { shutdownSession } from "./end.ts"
import { CannotResume } from "./errors.ts"
import { HistoryStore } from "./HistoryStore.ts"
import { holdersAmong, liveOf, type LiveSession, sessionNamed } from "./live.ts"
import { reconcile } from "./reconcile.ts"
import { storeOf } from "./stores.ts"
import type { Resumable, SavedSession, Wanted } from "./wanted.ts"

const next = "Run 'clincus list --all' to see what there is, or 'clincus shell' to start a new session."

const when = (date: Date) => date.toISOString().slice(0, 16).replace("T", " ")

/** The newest sessions, a line each, so that the session that was meant may be found at once. */
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

/** The saved sessions, and those of them whose id begins so. */
const savedAs = (prefix: string) =>
  Effect.gen(function*() {
    const history = yield* HistoryStore
    const { sessions } = yield* history.list
    return { sessions, found: sessions.filter(({ id }) => id.startsWith(prefix.toLowerCase())) }
  })

/** The saved session whose id begins with `prefix`. Fails if none or several do. */
export const findSaved = (prefix: string) =>
  Effect.gen(function*() {
    const { found, sessions } = yield* savedAs(prefix)
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

/** Sessions of directories that are not there any more: this directory may be one of them, under a new name. */
const homeless = (sessions: ReadonlyArray<Metadata>) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    return yield* Effect.filter(
      sessions.slice(0, 100),
      (one) => Effect.map(Effect.orElseSucceed(fs.exists(one.workspace), () => true), (exists) => !exists)
    )
  })

/** The newest session of a workspace in which something was said; a session that still runs counts in any case. */
const newestOf = (
  wanted: Exclude<Wanted, { readonly id: string }>,
  instances: ReadonlyArray<Instance>
) =>
  Effect.gen(function*() {
    const history = yield* HistoryStore
    const workspace = yield* openWorkspace(wanted.workspace ?? ".")
    const { sessions } = yield* history.list
    const here = sessions.filter((one) =>
      one.workspace === workspace.path
      && (wanted.tool === undefined || one.tool === wanted.tool)
      && (wanted.slot === undefined || one.slot === wanted.slot)
    )
    const running = new Set(
      (yield* liveOf(instances)).filter(({ instance }) => instance.status !== "Stopped").map(({ id }) => id)
    )
    const newest = yield* Effect.findFirst(here, (one) =>
      running.has(one.id) ? Effect.succeed(true) : holdsConversation(one, history.directory(one)))
    if (Option.isSome(newest)) {
      return newest.value
    }
    if (here.length > 0) {
      return yield* new CannotResume({
        reason: `nothing was said in the saved sessions of ${workspace.path}`,
        next: offer(here)
      })
    }
    const narrowed = [
      wanted.tool === undefined ? "" : ` with ${wanted.tool}`,
      wanted.slot === undefined ? "" : ` in slot ${wanted.slot}`
    ].join("")
    const [moved, ...others] = yield* homeless(sessions)
    return yield* new CannotResume({
      reason: `there is no saved session of ${workspace.path}${narrowed}`,
      next: moved === undefined
        ? offer(sessions)
        : `If it was moved here, name the session: ${
          shellLine(["clincus", "shell", `--resume=${moved.id}`, workspace.path])
        }\n${offer([moved, ...others])}`
    })
  })

/** Whether a container that is up has the tmux that its tool lives in. In doubt that is not known. */
const tmuxOf = (session: LiveSession) =>
  Effect.gen(function*() {
    const tmux = yield* TmuxService
    const history = yield* HistoryStore
    const run = yield* history.runs.get(session)
    // Before the tool is up there is no tmux, and its absence says nothing.
    if (!Option.exists(run, ({ phase }) => phase === "running")) return "unknown"
    return yield* tmux.status(session.guest).pipe(
      Effect.as("there" as const),
      Effect.catchTags({
        NoTmux: () => Effect.succeed("gone" as const),
        TmuxError: () => Effect.succeed("unknown" as const)
      })
    )
  })

/** A session by its id that has a container and is saved in another store than the one in force. */
const savedElsewhere = (prefix: string, instances: ReadonlyArray<Instance>) =>
  Effect.gen(function*() {
    const history = yield* HistoryStore
    const found = yield* Effect.findFirst(
      (yield* liveOf(instances)).filter(({ id }) => id.startsWith(prefix.toLowerCase())),
      (session) => Effect.map(storeOf(session), ({ root }) => root !== history.root)
    )
    if (Option.isNone(found)) return Option.none()
    const store = yield* storeOf(found.value)
    return Option.map(yield* store.get(found.value), (metadata) => ({ store, metadata }))
  })

/**
 * The instances without those of a start or an end of the session whose process died: what such a one leaves may look
 * like a session that runs.
 */
const withoutCrashed = (metadata: Metadata, instances: ReadonlyArray<Instance>) =>
  Effect.gen(function*() {
    const history = yield* HistoryStore
    const incus = yield* IncusService
    if (holdersAmong(instances, metadata.id).length === 0) return instances
    const run = yield* history.runs.get(metadata)
    if (Option.exists(run, ({ phase }) => phase === "running")) return instances
    yield* reconcile
    return yield* incus.instances.listAll
  })

/**
 * The session to resume: by id or the beginning of one; without it the newest of this workspace that holds a conversation,
 * of this tool and slot if they are given. Never starts anything by itself. A session is one session on this machine:
 * if its container runs under another prefix or in another project, that one is the session.
 */
export const findResumable = (wanted: Wanted) =>
  Effect.gen(function*() {
    const history = yield* HistoryStore
    const incus = yield* IncusService
    // One look at the server is enough for all that is decided here, and for the slot.
    const instances = yield* incus.instances.listAll
    if (!("id" in wanted)) return yield* resumableOf(yield* newestOf(wanted, instances), instances)
    const elsewhere = (yield* savedAs(wanted.id)).found.length > 0
      ? Option.none()
      : yield* savedElsewhere(wanted.id, instances)
    if (Option.isNone(elsewhere)) return yield* resumableOf(yield* findSaved(wanted.id), instances)
    const { metadata, store } = elsewhere.value
    const found = yield* Effect.provideService(resumableOf(metadata, instances), HistoryStore, store)
    if (found._tag === "Live") return found
    return yield* new CannotResume({
      reason: `session ${metadata.id} is saved in ${store.root}, and [paths] sessions_dir is ${history.root}`,
      next: `Set sessions_dir to ${store.root}, as it was when the session was started.`
    })
  })

/** What can be done about a session: see `findResumable`. */
const resumableOf = (metadata: Metadata, seen: ReadonlyArray<Instance>) =>
  Effect.gen(function*() {
    const history = yield* HistoryStore
    const incus = yield* IncusService
    const instances = yield* withoutCrashed(metadata, seen)
    const saved: Resumable = { _tag: "Saved", metadata, instances }
    const holder = holdersAmong(instances, metadata.id).find(({ status }) => status !== "Stopped")
    if (holder === undefined) return saved
    if (holder.project !== incus.project) {
      return yield* new CannotResume({
        reason:
          `session ${metadata.id} is ${holder.status.toLowerCase()} in ${holder.name} of the project ${holder.project}`,
        next: `Attach to it there: INCUS_PROJECT=${holder.project} clincus attach ${holder.name}`
      })
    }
    if (holder.status === "Frozen") {
      return yield* new CannotResume({
        reason: `session ${metadata.id} is frozen, in ${holder.name}`,
        next: `Thaw it (incus resume ${holder.name}), then: clincus attach ${holder.name}`
      })
    }
    const session = yield* sessionNamed(holder.name)
    const outcome = yield* history.outcome(metadata)
    const tmux = isUp(holder) ? yield* tmuxOf(session) : "unknown"
    // The tool's own word that it has ended may be a lie; a tmux that is there is not a lie.
    if (tmux === "there" || (tmux === "unknown" && isUp(holder) && Option.isNone(outcome))) {
      return { _tag: "Live", session } satisfies Resumable
    }
    if (tmux === "gone" && Option.isNone(outcome)) {
      // Its system was restarted, or tmux was killed: nothing goes on in there that could be gone on with.
      yield* shutdownSession(session, shutdownSeconds)
      return saved
    }
    // The tool has ended, and its container is about to: there is nothing to attach to any more.
    if (yield* waitUntilStopped(session.container, 15_000)) return saved
    return yield* new CannotResume({
      reason: `session ${metadata.id} has ended, but its container ${session.container} is still there`,
      next: `End that first: clincus kill ${session.container}`
    })
  })

/**
 * The slot that a saved session can be resumed in: a persistent one in its own container and so its own slot, another
 * in the one asked for or any.
 */
export const slotFor = ({ instances, metadata }: SavedSession, asked: number | undefined) =>
  Effect.gen(function*() {
    if (!metadata.persistent) return asked ?? 0
    const incus = yield* IncusService
    const live = yield* liveOf(instances)
    // By its label first: the name changes with the directory.
    const container = live.find(({ id }) => id === metadata.id)
      ?? live.find((one) => one.container === metadata.container)
    const elsewhere = instances.find(({ config, name }) =>
      name === metadata.container && config["user.clincus.session"] === metadata.id
    )
    if (container === undefined && elsewhere !== undefined) {
      return yield* new CannotResume({
        reason: elsewhere.project === incus.project
          ? `session ${metadata.id} is persistent, and its container ${elsewhere.name} has another prefix than the one in force`
          : `session ${metadata.id} is persistent, and its container ${elsewhere.name} is in the project ${elsewhere.project}`,
        next: elsewhere.project === incus.project
          ? `Set CLINCUS_CONTAINER_PREFIX=${
            elsewhere.name.replace(/[0-9a-f]+-\d+$/, "")
          }, or delete that container: incus delete ${elsewhere.name}`
          : `Set INCUS_PROJECT=${elsewhere.project}, or delete that container: incus delete --project ${elsewhere.project} ${elsewhere.name}`
      })
    }
    if (container === undefined) return asked ?? metadata.slot
    const { slot } = container
    if (asked !== undefined && asked !== 0 && asked !== slot) {
      return yield* new CannotResume({
        reason:
          `session ${metadata.id} is persistent, and its container ${container.container} is in slot ${slot}`,
        next: `Leave out --slot, or say --slot ${slot}.`
      })
    }
    if (container.running) {
      return yield* new CannotResume({
        reason: `its container ${container.container} is in use by session ${container.id}`,
        next: `End that one first: clincus shutdown ${container.container}`
      })
    }
    return slot
  })
