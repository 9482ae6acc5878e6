import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import type { Settings } from "../config/Settings.ts"
import { Host } from "../domain/Host.ts"
import type { ImageNotFound, IncusFailure } from "../incus/errors.ts"
import type { TerminalSize } from "../incus/exec.ts"
import type { IncusService } from "../incus/IncusService.ts"
import { type Guest, type TmuxFailure, TmuxService } from "../tmux/TmuxService.ts"
import { removedAtEnd } from "../tool/Tool.ts"
import type { ChosenTool } from "../tool/ToolRegistry.ts"
import { endContainer, type Occupied, occupy } from "./container.ts"
import { CannotResume, type NoFreeSlot, type SlotInUse, type SlotOutOfRange } from "./errors.ts"
import { becomeOwner } from "./guest.ts"
import { type HistoryError, HistoryStore, type Outcome } from "./HistoryStore.ts"
import type { Labels } from "./labels.ts"
import type { EndReason, Metadata } from "./metadata.ts"
import { commandOf, devicesOf, environmentOf, limitsOf, mountParents } from "./plan.ts"
import { findCredentials, provision } from "./provision.ts"
import { requireIdle } from "./resume.ts"
import { SlotService } from "./SlotService.ts"
import * as State from "./StateDirectory.ts"
import type { Workspace } from "./workspace.ts"

/** What a session is to be. */
export interface SessionRequest {
  readonly workspace: Workspace
  /** 1–10, or 0 for the lowest free one. */
  readonly slot: number
  readonly tool: ChosenTool
  readonly settings: Settings
  readonly image: string
  readonly persistent: boolean
  /** Variables for the tool, over all others. */
  readonly environment: Readonly<Record<string, string>>
  /** The saved session to go on with. */
  readonly resume: Option.Option<Metadata>
  /** A shell in the place of the tool. */
  readonly debug: boolean
  readonly size: TerminalSize
}

/** A session whose tool is up. When its scope closes it ends, unless it was let go with `keep`. */
export interface Session {
  readonly id: string
  readonly container: string
  readonly slot: number
  readonly tool: string
  /** Real path on the host. */
  readonly workspace: string
  readonly persistent: boolean
  /** True where a persistent container that stood stopped is used again. */
  readonly restarted: boolean
  readonly guest: Guest
  /** Lets the session live on by itself when the scope closes: it ends when its tool does. */
  readonly keep: Effect.Effect<void>
  /** What the history will say of the end, where the scope itself cannot know: `lost` after a look at Incus, for instance. */
  readonly endsAs: (reason: EndReason) => Effect.Effect<void>
  /** What the tool left when it ended; none while it runs. */
  readonly outcome: Effect.Effect<Option.Option<Outcome>>
}

export type SessionFailure =
  | IncusFailure
  | ImageNotFound
  | SlotOutOfRange
  | SlotInUse
  | NoFreeSlot
  | HistoryError
  | State.StateError
  | TmuxFailure
  | CannotResume

type SessionServices =
  | IncusService
  | TmuxService
  | SlotService
  | HistoryStore
  | Host
  | FileSystem.FileSystem
  | Path.Path

/** How long a persistent container gets to shut down by itself (s). */
const shutdownSeconds = 10

/**
 * A session, in the order of its life: a saved directory with the tool's state, a container in a slot, the tool in tmux
 * in it. Each is acquired together with its release, so that a failure, an interrupt or the end undoes them in reverse:
 * the container goes (a persistent one stops), then the credentials, and what was said is saved.
 */
export const startSession = (
  request: SessionRequest
): Effect.Effect<Session, SessionFailure, SessionServices | Scope.Scope> =>
  Effect.gen(function*() {
    const kept = yield* Ref.make(false)
    const started = yield* Ref.make(false)
    const reason = yield* Ref.make(Option.none<EndReason>())
    const saved = yield* openSaved(request, { kept, started, reason })
    const container = yield* launch(request, saved, kept)
    yield* describe(request, saved, container)
    const guest = yield* startTool(request, saved, container)
    yield* Ref.set(started, true)
    const history = yield* HistoryStore
    return {
      id: saved.id,
      container: container.container,
      slot: container.slot,
      tool: request.tool.tool.name,
      workspace: request.workspace.path,
      persistent: container.persistent,
      restarted: container.restarted,
      guest,
      keep: Ref.set(kept, true),
      endsAs: (end) => Ref.set(reason, Option.some(end)),
      outcome: history.outcome({ tool: request.tool.tool.name, id: saved.id })
    }
  })

/** What is known of a session when its scope closes. */
interface Ending {
  /** The session lives on by itself. */
  readonly kept: Ref.Ref<boolean>
  /** The tool was up. */
  readonly started: Ref.Ref<boolean>
  readonly reason: Ref.Ref<Option.Option<EndReason>>
}

interface SavedState {
  readonly id: string
  /** Path of the workspace in the container. */
  readonly directory: string
  /** The saved session's directory on the host. */
  readonly path: string
  readonly environment: Readonly<Record<string, string>>
  readonly startedAt: number
  readonly resumed: boolean
}

/** Generates the session's id and fills its saved directory: the tool's state lives there while the session runs. */
const openSaved = (request: SessionRequest, { kept, reason, started }: Ending) =>
  Effect.gen(function*() {
    const host = yield* Host
    const history = yield* HistoryStore
    const { identity } = request.workspace
    const { tool } = request.tool
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
    if (resumed) yield* requireIdle(key)
    if (resumed && !request.debug) yield* requireConversation(request, path, { id, directory })

    const credentials = yield* findCredentials(tool)
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

    yield* Effect.acquireRelease(
      history.open({
        ...key,
        since: startedAt,
        remove: removedAtEnd(tool),
        scrub: tool.credentials.scrub
      }),
      (_, exit) =>
        Effect.gen(function*() {
          if (yield* Ref.get(kept)) return
          const ran = yield* Ref.get(started)
          // A session that never began leaves nothing, one that could not be resumed is as it was.
          if (!ran && !resumed) return yield* history.remove(key)
          yield* history.finish(
            key,
            ran
              ? { reason: Option.getOrElse(yield* Ref.get(reason), () => endOf(exit)) }
              : undefined
          )
          if (!ran && Option.isSome(request.resume)) yield* history.save(request.resume.value)
        }).pipe(Effect.catchAll((error) => Effect.logWarning(error.message)))
    )
    yield* provision(
      path,
      tool,
      {
        id,
        directory,
        home: identity.home,
        bypass: request.tool.bypass,
        environment
      },
      identity,
      { fresh: !resumed, credentials: credentials.files }
    )
    return { id, directory, path, environment, startedAt, resumed }
  })

const endOf = (exit: Exit.Exit<unknown, unknown>): EndReason =>
  Exit.isInterrupted(exit) ? "interrupted" : Exit.isFailure(exit) ? "failed" : "detached"

/** A tool that keeps its conversation in a file of a known name can be asked beforehand whether there is one. */
const requireConversation = (
  request: SessionRequest,
  root: string,
  context: { id: string; directory: string }
) =>
  Effect.gen(function*() {
    const { conversation, title } = request.tool.tool
    if (conversation.kind !== "given" || conversation.saved === undefined) return
    if (yield* State.isFile(root, conversation.saved(context))) return
    return yield* new CannotResume({
      reason: `session ${context.id} holds no conversation; nothing was said to ${title} in it`,
      next: "Run 'clincus list --all' to see the others, or 'clincus shell' to start a new one."
    })
  })

/** Allocates the slot by launching the container in it, workspace and state mounted. */
const launch = (request: SessionRequest, saved: SavedState, kept: Ref.Ref<boolean>) =>
  Effect.gen(function*() {
    const slots = yield* SlotService
    const host = yield* Host
    const { tool } = request.tool
    const { workspace } = request
    const labels = (slot: number, persistent: boolean): Labels => ({
      session: saved.id,
      workspace: workspace.path,
      directory: saved.directory,
      tool: tool.name,
      slot,
      persistent: persistent ? "true" : "false",
      user: host.uid,
      uid: workspace.identity.uid,
      gid: workspace.identity.gid,
      home: workspace.identity.home,
      saved: saved.path,
      started: saved.startedAt,
      variables: Object.keys(saved.environment).toSorted().join(",")
    })
    return yield* Effect.acquireRelease(
      slots.claim(workspace, request.slot, (place) =>
        occupy(place, {
          image: request.image,
          devices: devicesOf(workspace, saved.directory, saved.path, tool, request.settings),
          config: limitsOf(request.settings),
          labels,
          persistent: request.persistent,
          // Where any slot will do, a session that goes on does not become persistent by the slot that it gets.
          exact: request.slot === 0 && saved.resumed && !request.persistent
        })),
      (container) =>
        Effect.gen(function*() {
          if (yield* Ref.get(kept)) return
          yield* endContainer(container.container, saved.id, shutdownSeconds)
        }).pipe(Effect.catchAll((error) => Effect.logError(`${error.message}. ${error.hint}`)))
    )
  })

/** Writes what the session is to its saved directory. */
const describe = (request: SessionRequest, saved: SavedState, container: Occupied) =>
  Effect.gen(function*() {
    const history = yield* HistoryStore
    const now = new Date(saved.startedAt)
    const { end: _end, endedAt: _endedAt, ...before } = Option.getOrElse(request.resume, (): Metadata => ({
      version: 1,
      id: saved.id,
      tool: request.tool.tool.name,
      workspace: request.workspace.path,
      containerPath: saved.directory,
      container: container.container,
      slot: container.slot,
      persistent: container.persistent,
      image: request.image,
      startedAt: now,
      lastUsedAt: now
    }))
    yield* history.save({
      ...before,
      container: container.container,
      slot: container.slot,
      persistent: container.persistent,
      lastUsedAt: now
    })
  })

/** Starts the tool in tmux, as the owner of the workspace. */
const startTool = (request: SessionRequest, saved: SavedState, container: Occupied) =>
  Effect.gen(function*() {
    const tmux = yield* TmuxService
    const { tool } = request.tool
    const { identity } = request.workspace
    const guest: Guest = { container: container.container, directory: saved.directory, ...identity }
    const mode = request.debug ? "debug" : saved.resumed ? "resume" : "start"
    yield* tmux.start(guest, {
      user: identity.uid === 0 ? "root" : "code",
      command: commandOf(request.tool, { id: saved.id }, mode),
      environment: saved.environment,
      size: request.size,
      onExit: request.settings.session.on_exit,
      remove: removedAtEnd(tool).map((path) => `${identity.home}/${path}`),
      prelude: becomeOwner(identity, mountParents(tool, identity.home))
    })
    return guest
  })
