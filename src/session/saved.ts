import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import { Host } from "../domain/Host.ts"
import { ownProcess } from "../domain/Owner.ts"
import { IncusService } from "../incus/IncusService.ts"
import { removedAtEnd } from "../tool/Tool.ts"
import { requireApart } from "./apart.ts"
import { latestConversation } from "./conversations.ts"
import { leftOutLine } from "./copyConfiguration.ts"
import { CannotResume } from "./errors.ts"
import { finishRun, removeSaved } from "./finish.ts"
import { HistoryStore } from "./HistoryStore.ts"
import type { Identity } from "./identity.ts"
import { holdersOf } from "./live.ts"
import type { EndReason } from "./metadata.ts"
import { environmentOf } from "./plan.ts"
import { findCredentials, makeState, provision } from "./provision.ts"
import { reclaim } from "./reclaim.ts"
import { reconcile } from "./reconcile.ts"
import type { SessionRequest } from "./request.ts"
import type { RunRecord } from "./run.ts"
import * as State from "./StateDirectory.ts"

/** The saved side of a session: what its container is given, and what outlives that. */
export interface SavedState {
  readonly id: string
  readonly run: RunRecord
  /** The tool's own id of the conversation to go on with; the session's where it is new. */
  readonly conversation: string
  /** Path of the workspace in the container. */
  readonly directory: string
  /** The saved session's directory on the host. */
  readonly path: string
  readonly environment: Readonly<Record<string, string>>
  readonly startedAt: number
  readonly resumed: boolean
  /**
   * Copies settings and credentials into the state, while Incus makes the container; before the tool starts. Gives
   * sentences for the user on what was left out.
   */
  readonly fill: Effect.Effect<
    ReadonlyArray<string>,
    State.StateError,
    FileSystem.FileSystem | Path.Path | Host
  >
}

/** What is known of a session when its scope closes. */
export interface Ending {
  /** The session lives on by itself. */
  readonly kept: Ref.Ref<boolean>
  /** The tool was up. */
  readonly started: Ref.Ref<boolean>
  /** A container may still hold the state. */
  readonly held: Ref.Ref<boolean>
  readonly reason: Ref.Ref<Option.Option<EndReason>>
}

/** Who has a session that was to be started. */
const busy = (run: RunRecord) =>
  Effect.gen(function*() {
    const history = yield* HistoryStore
    const [holder] = yield* holdersOf(run.id)
    const other = yield* history.runs.get(run)
    const pid = Option.getOrUndefined(other)?.owner?.pid
    return yield* new CannotResume({
      reason: holder === undefined
        ? `session ${run.id} is just being started by another clincus${
          pid === undefined ? "" : ` (process ${pid})`
        }`
        : `session ${run.id} is in the hands of another clincus, in ${holder.name}`,
      next: holder === undefined ? "Try again in a moment." : `Attach to it: clincus attach ${holder.name}`
    })
  })

const endOf = (exit: Exit.Exit<unknown, unknown>): EndReason =>
  Exit.isInterrupted(exit) ? "interrupted" : Exit.isFailure(exit) ? "failed" : "detached"

/** Undoes what `openSaved` did, in the way that fits how far the session came. */
const closeSaved = (
  request: SessionRequest,
  run: RunRecord,
  ending: Ending,
  exit: Exit.Exit<unknown, unknown>
) =>
  Effect.gen(function*() {
    const history = yield* HistoryStore
    // A container that could not be ended still has the state: the next command tries again, by the record.
    if ((yield* Ref.get(ending.kept)) || (yield* Ref.get(ending.held))) return
    if (yield* Ref.get(ending.started)) {
      return yield* finishRun(run, {
        reason: Option.getOrElse(yield* Ref.get(ending.reason), () => endOf(exit))
      })
    }
    // A session that never began leaves nothing, one that could not be resumed is as it was.
    if (Option.isNone(request.resume)) return yield* removeSaved(run)
    yield* history.save(request.resume.value)
    yield* finishRun(run, undefined)
  }).pipe(
    Effect.catchAll((error) =>
      Effect.logWarning(error.hint === undefined ? error.message : `${error.message}. ${error.hint}`)
    )
  )

/** Files that root in an earlier container left in the state would be nobody's in the next one. */
const requireOwnState = (path: string, { mounts, owner }: Identity) =>
  Effect.gen(function*() {
    const host = yield* Host
    if (mounts === "shift" || !(yield* State.hasFilesOfOthers(path, [owner.uid, host.uid]))) return
    yield* reclaim(path, owner).pipe(
      Effect.catchAll((error) => Effect.logWarning(`${error.message}. ${error.hint}`))
    )
  })

/** The tool's own id of the conversation that was written last. Fails where the tool can be seen to have none. */
const conversationOf = (request: SessionRequest, id: string, path: string, directory: string) =>
  Effect.gen(function*() {
    const { tool } = request.tool
    if (request.debug) return id
    const found = yield* latestConversation(tool, path, directory)
    if (found._tag === "Nothing") {
      return yield* new CannotResume({
        reason: `session ${id} holds no conversation; nothing was said to ${tool.title} in it`,
        next: "Run 'clincus list --all' to see the others, or 'clincus shell' to start a new one."
      })
    }
    return found._tag === "Found" ? found.id : id
  })

/** Generates the session's id and fills its saved directory: the tool's state lives there while the session runs. */
export const openSaved = (request: SessionRequest, identity: Identity, ending: Ending) =>
  Effect.gen(function*() {
    const host = yield* Host
    const history = yield* HistoryStore
    const incus = yield* IncusService
    const { tool } = request.tool
    yield* requireApart(request.workspace, history.root, request.allowHome === true)
    const resumed = Option.isSome(request.resume)
    const id = Option.isSome(request.resume) ? request.resume.value.id : yield* host.uuid
    const key = { tool: tool.name, id }
    const startedAt = yield* Clock.currentTimeMillis
    const directory = Option.isSome(request.resume)
      ? request.resume.value.containerPath
      : request.settings.paths.preserve_workspace_path
      ? request.workspace.path
      : "/workspace"
    const path = history.directory(key)

    const { credentials, owner, server } = yield* Effect.all({
      credentials: findCredentials(tool),
      owner: ownProcess,
      server: incus.server
    }, { concurrency: "unbounded" })
    const run: RunRecord = {
      ...key,
      run: yield* host.uuid,
      since: startedAt,
      phase: "starting",
      owner,
      server: server.environment.certificate_fingerprint,
      project: incus.project,
      remove: removedAtEnd(tool),
      scrub: tool.credentials.scrub
    }
    const environment = environmentOf(tool, identity.home, {
      credentials: credentials.variables,
      settings: {
        ...request.settings.environment.set,
        ...Object.fromEntries(request.settings.environment.forward.flatMap((name) => {
          const value = host.environment[name]
          return value === undefined ? [] : [[name, value] as const]
        }))
      },
      options: request.environment
    })

    // Taken, so that nobody else starts it: two tools must not write one state.
    const take = Effect.acquireRelease(
      history.runs.claim(run),
      (ours, exit) => ours ? closeSaved(request, run, ending, exit) : Effect.void
    )
    if (!(yield* take)) {
      // What a crash has left is nobody's; what lives is somebody's.
      yield* reconcile
      if (!(yield* take)) yield* busy(run)
    }
    // Asked once the session is ours: whoever had it before has written the last of it.
    if (resumed) yield* requireOwnState(path, identity)
    const conversation = resumed ? yield* conversationOf(request, id, path, directory) : id
    yield* history.prepare(key)
    yield* makeState(path, tool, identity.owner)
    const fill = provision(
      path,
      tool,
      { id, directory, home: identity.home, bypass: request.tool.bypass, environment },
      identity.owner,
      { fresh: !resumed, credentials: credentials.files }
    ).pipe(Effect.map(leftOutLine), Effect.map((line) => line === undefined ? [] : [line]))
    return {
      id,
      run,
      conversation,
      directory,
      path,
      environment,
      startedAt,
      resumed,
      fill
    } satisfies SavedState
  })
