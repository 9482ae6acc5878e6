import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import { findCredentials } from "../credentials/find.ts"
import { sentenceOf } from "../domain/Failure.ts"
import type { EndReason, Metadata } from "../domain/Metadata.ts"
import { isElsewhere } from "../domain/Place.ts"
import type { RunRecord, RunStands } from "../domain/Run.ts"
import { leftOutLine } from "../host/copy/copyConfiguration.ts"
import { Host } from "../host/Host.ts"
import { ownProcess, stateOfProcess } from "../host/process.ts"
import { quote } from "../host/shell.ts"
import * as State from "../host/stateFiles.ts"
import { IncusService } from "../incus/IncusService.ts"
import { removedAtEnd, type Tool } from "../tool/Tool.ts"
import { requireApart } from "../workspace/apart.ts"
import type { Identity } from "../workspace/identity.ts"
import { environmentOf } from "./command.ts"
import { latestConversation } from "./conversations.ts"
import { CannotResume, type HistoryError } from "./errors.ts"
import { fillState, makeState } from "./fillState.ts"
import { finishRun, removeSaved } from "./finish.ts"
import { HistoryStore } from "./HistoryStore.ts"
import { holdersOf } from "./live.ts"
import { moveSession } from "./move.ts"
import { reclaim } from "./reclaim.ts"
import { reconcile } from "./reconcile.ts"
import type { SessionRequest } from "./request.ts"
import { noteStore } from "./stores.ts"

/** The saved side of a session: what its container is given, and what outlives that. */
export interface SessionState {
  readonly id: string
  readonly run: RunRecord
  /** The tool's own id of the conversation to go on with; the session's id if it is new. */
  readonly conversation: string
  /** The saved session's directory on the host. */
  readonly path: string
  readonly environment: Readonly<Record<string, string>>
  readonly startedAt: number
  readonly resumed: boolean
  /** What is saved of the session that goes on. */
  readonly before: Option.Option<Metadata>
  /** 1–10, or 0 for the lowest free one. */
  readonly slot: number
  /**
   * Copies settings and credentials into the state, while Incus makes the container; before the tool starts. Gives
   * sentences for the user on what was left out.
   */
  readonly fill: Effect.Effect<
    ReadonlyArray<string>,
    HistoryError | State.StateError,
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

/** True for a run that nobody starts: if its container is off, it is over. */
const isOver = ({ phase }: RunRecord): boolean => phase === "running"

/** True while a run that is over waits only for Incus to be done with its container. */
const isLeaving = (run: RunRecord) =>
  Effect.gen(function*() {
    const history = yield* HistoryStore
    if (!Option.exists(yield* history.runs.get(run), isOver)) return false
    const holders = yield* holdersOf(run.id)
    return holders.length > 0 && holders.every(({ status }) => status === "Stopped")
  })

/** Why a session that was to be started cannot be had, and what to do. */
const busy = (run: RunRecord) =>
  Effect.gen(function*() {
    const history = yield* HistoryStore
    const incus = yield* IncusService
    const [holder] = yield* holdersOf(run.id)
    const file = history.runs.file(run)
    const found = yield* history.runs.get(run)
    const because = (reason: string, next: string) => new CannotResume({ reason, next })
    if (holder?.status === "Stopped" && Option.exists(found, isOver)) {
      return yield* because(
        `session ${run.id} has ended, and Incus is still busy with its container ${holder.name}`,
        `Try again in a moment. If it stays: clincus kill ${holder.name}`
      )
    }
    if (holder !== undefined) {
      return yield* because(
        `session ${run.id} is in the hands of another clincus, in ${holder.name}`,
        `Attach to it: clincus attach ${holder.name}`
      )
    }
    if (Option.isNone(found)) {
      return yield* because(
        `${file}, which says who has session ${run.id}, cannot be read`,
        `When nobody has it: rm ${quote(file)}`
      )
    }
    const { owner, phase, project } = found.value
    const state = owner === undefined ? "dead" : yield* stateOfProcess(owner)
    if (phase !== "running" && state !== "dead") {
      return yield* because(
        `session ${run.id} is just being ${
          phase === "starting" ? "started" : "ended"
        } by another clincus (process ${owner?.pid})`,
        "Try again in a moment."
      )
    }
    const { environment } = yield* incus.server
    const where = isElsewhere(found.value, environment.certificate_fingerprint)
      ? "on another Incus server than the one in force"
      : `in the project ${project ?? incus.project} of Incus, which cannot be seen from here`
    return yield* because(
      `session ${run.id} was started ${where}, so whether it still runs is not known`,
      `Set INCUS_SOCKET or INCUS_PROJECT as they were then. If that server or project is gone for good: rm ${
        quote(file)
      }`
    )
  })

const endOf = (exit: Exit.Exit<unknown, unknown>): EndReason =>
  Exit.isInterrupted(exit) ? "interrupted" : Exit.isFailure(exit) ? "failed" : "detached"

/** Undoes what `openState` did, in the way that fits how far the session came. */
const closeState = (
  request: SessionRequest,
  run: RunRecord,
  ending: Ending,
  /** What is saved of a session that goes on, and stays so if it does not come to that. */
  before: Ref.Ref<Option.Option<Metadata>>,
  exit: Exit.Exit<unknown, unknown>
) =>
  Effect.gen(function*() {
    const history = yield* HistoryStore
    if (yield* Ref.get(ending.kept)) return
    if (yield* Ref.get(ending.held)) {
      // A container that could not be ended still has the state: the next command tries again, by the record.
      const { owner: _, ...nobodys } = run
      return yield* history.runs.note({ ...nobodys, phase: "ending" })
    }
    if (yield* Ref.get(ending.started)) {
      return yield* finishRun(run, {
        reason: Option.getOrElse(yield* Ref.get(ending.reason), () => endOf(exit))
      })
    }
    // A session that never began leaves nothing, and a session that could not be resumed is as it was.
    if (Option.isNone(request.resume)) return yield* removeSaved(run)
    const metadata = yield* Ref.get(before)
    if (Option.isSome(metadata)) yield* history.save(metadata.value)
    yield* finishRun(run, undefined)
  }).pipe(
    Effect.catchAll((error) => Effect.logWarning(sentenceOf(error)))
  )

/** Files that root in an earlier container left in the state would be nobody's in the next one. */
const requireOwnState = (path: string, tool: Tool, { mounts, owner }: Identity) =>
  Effect.gen(function*() {
    const host = yield* Host
    if (mounts === "shift") return
    const foreign = yield* Effect.exists(tool.state, (directory) =>
      State.hasFilesOfOthers(path, directory, [owner.uid]))
    if (!foreign) {
      return
    }
    if (host.uid === 0) {
      return yield* Effect.forEach(tool.state, (directory) =>
        State.giveAll(path, directory, owner), { discard: true })
    }
    yield* reclaim(path, owner).pipe(
      Effect.catchAll((error) =>
        Effect.logWarning(sentenceOf(error))
      )
    )
  })

/** The tool's own id of the conversation that was written last. Fails if the tool can be seen to have none. */
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
export const openState = (
  request: SessionRequest,
  identity: Identity,
  stands: RunStands | undefined,
  ending: Ending
) =>
  Effect.gen(function*() {
    const host = yield* Host
    const history = yield* HistoryStore
    const incus = yield* IncusService
    const { tool } = request.tool
    yield* requireApart(request.workspace, history.root, request.allowHome)
    const resumed = Option.isSome(request.resume)
    const id = Option.isSome(request.resume) ? request.resume.value.id : yield* host.uuid
    const key = { tool: tool.name, id }
    const startedAt = yield* Clock.currentTimeMillis
    const { directory } = request
    const path = history.directory(key)

    const { credentials, owner, server } = yield* Effect.all({
      server: incus.server,
      credentials: findCredentials(tool),
      owner: ownProcess
    }, { concurrency: "unbounded" })
    const run: RunRecord = {
      ...key,
      run: yield* host.uuid,
      since: startedAt,
      phase: "starting",
      owner,
      server: server.environment.certificate_fingerprint,
      project: incus.project,
      ...(stands === undefined ? {} : { stands }),
      remove: removedAtEnd(tool),
      scrub: tool.credentials.scrub
    }
    const environment = environmentOf(tool, identity.home, {
      credentials: credentials.variables,
      request: request.environment
    })

    const earlier = yield* Ref.make(Option.none<Metadata>())
    // Taken, so that nobody else starts it: two tools must not write one state.
    const take = Effect.acquireRelease(
      history.runs.claim(run),
      (ours, exit) => ours ? closeState(request, run, ending, earlier, exit) : Effect.void
    )
    if (!(yield* take)) {
      // What a crash has left is nobody's; what lives is somebody's. Incus gets 10 s to delete what is over.
      const until = (yield* Clock.currentTimeMillis) + 10_000
      while (!(yield* Effect.zipRight(reconcile, take))) {
        if ((yield* Clock.currentTimeMillis) > until || !(yield* isLeaving(run))) return yield* busy(run)
        yield* Effect.sleep("200 millis")
      }
    }
    yield* Effect.ignore(noteStore)
    // Asked once the session is ours: its holder before has written the last of it.
    const current = resumed ? Option.orElse(yield* history.get(key), () => request.resume) : Option.none()
    if (resumed) yield* requireOwnState(path, tool, identity)
    const conversation = resumed ? yield* conversationOf(request, id, path, directory) : id
    const before = yield* Effect.transposeMapOption(
      current,
      (metadata) => moveSession(metadata, request.workspace)
    )
    yield* Ref.set(earlier, before)
    yield* history.prepare(key)
    yield* makeState(path, tool, identity.owner)
    // What promises to remove the credentials is on the disk before them.
    const fill = Effect.zipRight(
      history.runs.keep,
      fillState(
        path,
        tool,
        { id, directory, home: identity.home, bypass: request.tool.bypass, environment },
        identity.owner,
        { fresh: !resumed, credentials: credentials.files }
      )
    ).pipe(Effect.map(leftOutLine), Effect.map((line) => line === undefined ? [] : [line]))
    // A persistent session that was moved has the slot that its container got.
    const slot = Option.match(Option.all({ before, current }), {
      onNone: () => request.slot,
      onSome: (both) => both.before.container === both.current.container ? request.slot : both.before.slot
    })
    return {
      id,
      run,
      conversation,
      path,
      environment,
      startedAt,
      resumed,
      before,
      slot,
      fill
    } satisfies SessionState
  }).pipe(Effect.withSpan("Session.openState"))
