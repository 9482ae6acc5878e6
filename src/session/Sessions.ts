import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { ConfigService } from "../config/ConfigService.ts"
import type { ConfigError, UnknownProfile } from "../config/errors.ts"
import type { TmuxFailure } from "../guest/errors.ts"
import { TmuxService, type TmuxStatus } from "../guest/TmuxService.ts"
import { Host } from "../host/Host.ts"
import type { Signals } from "../host/Signals.ts"
import { type StateError, StateFiles } from "../host/stateFiles.ts"
import type { IncusFailure, InstanceNotFound } from "../incus/errors.ts"
import { IncusService } from "../incus/IncusService.ts"
import type { ToolMisconfigured, UnknownTool } from "../tool/ToolRegistry.ts"
import type { BadWorkspace } from "../workspace/Workspace.ts"
import { type AfterAttach, type AttachedTerminal, attachOwn, attachSession } from "./attach.ts"
import { findLeftovers, type Leftover, removeLeftovers } from "./clean.ts"
import { killSession, persistSession, shutdownSession } from "./end.ts"
import { type Ended, untilEnded } from "./ended.ts"
import type {
  CannotResume,
  ContainerLeft,
  NoLiveSession,
  NotASession,
  SeveralSessions,
  StillStarting,
  ToolGone
} from "./errors.ts"
import { type SessionEvent, sessionEvents } from "./events.ts"
import type { StateNotOurs } from "./finish.ts"
import { getSession } from "./getSession.ts"
import type { SessionHandle } from "./handle.ts"
import { type HistoryError, HistoryStore, type Saved } from "./HistoryStore.ts"
import { type SessionInfo, sessionInfo } from "./info.ts"
import { listSaved } from "./listSaved.ts"
import { type LiveSession, type Selection, sessionNamed } from "./live.ts"
import { type Agree, planSession, type SessionOptions, withoutAsking } from "./plan.ts"
import { reconcile, type Reconciled } from "./reconcile.ts"
import type { SessionRequest } from "./request.ts"
import { findResumable, type Resumable, type Wanted } from "./resume.ts"
import { type Session, type SessionFailure, startSession } from "./Session.ts"
import { SlotService } from "./SlotService.ts"
import { terminals } from "./terminals.ts"

/** What a session cannot be planned for. */
export type PlanFailure =
  | BadWorkspace
  | ConfigError
  | UnknownProfile
  | UnknownTool
  | ToolMisconfigured
  | CannotResume

/** What can keep a session from ending. */
export type EndFailure =
  | IncusFailure
  | ContainerLeft
  | HistoryError
  | StateError
  | StateNotOurs

/** Why a session to resume cannot be found, or is in no state to be resumed. */
export type FindFailure = CannotResume | BadWorkspace | InstanceNotFound | NotASession | EndFailure

/** A session that goes on: it was started again, or it was running. */
export type Resumed =
  | { readonly _tag: "Started"; readonly session: Session }
  | { readonly _tag: "Live"; readonly session: LiveSession }

/** What can go wrong while a terminal is attached; the session lives on unless it has ended by itself. */
export type AttachFailure = TmuxFailure | ToolGone | StillStarting | EndFailure

/**
 * Sessions, for commands and for other programs: each of these can be done without a terminal, and to several sessions at
 * once. A session that was started by another program is one like any other; `get` and `list` give it.
 */
export class Sessions extends Context.Tag("clincus/Sessions")<Sessions, {
  /**
   * Starts a session and returns when its tool is up. It ends with the scope, unless it is let go with `keep`. What a
   * workspace's own file asks for without being granted is left out.
   */
  readonly start: (
    options: SessionOptions
  ) => Effect.Effect<Session, PlanFailure | SessionFailure, Scope.Scope>
  /**
   * Decides what a session is to be, for `begin`. `agree` is asked about what the workspace's own file wants; without it
   * nothing is granted.
   */
  readonly plan: <E = never, R = never>(
    options: SessionOptions,
    agree?: Agree<E, R>
  ) => Effect.Effect<SessionRequest, PlanFailure | E, R>
  /** Starts a session that was planned; see `start`. */
  readonly begin: (request: SessionRequest) => Effect.Effect<Session, SessionFailure, Scope.Scope>
  /** What there is to resume: a session that runs, to attach to, or a saved one, to start with `resume`. Starts nothing. */
  readonly find: (
    wanted: Wanted
  ) => Effect.Effect<Resumable, FindFailure>
  /**
   * Goes on with a saved session, as `start` does, or finds that it runs: then the program that started it has it, and it
   * does not end with the scope.
   */
  readonly resume: (
    wanted: Wanted,
    options?: Omit<SessionOptions, "resume">
  ) => Effect.Effect<Resumed, PlanFailure | SessionFailure | FindFailure, Scope.Scope>
  /** Attaches a terminal to a running session until it is detached or ended; does at a detach what was decided at the start. */
  readonly attach: (
    session: SessionHandle,
    terminal: AttachedTerminal
  ) => Effect.Effect<AfterAttach, AttachFailure>
  /** The same for a session that ends with the scope; a detach lets it go on. */
  readonly attachOwn: (
    session: Session,
    terminal: AttachedTerminal
  ) => Effect.Effect<AfterAttach, AttachFailure, Signals>
  /** Opens a login shell beside the tool on a terminal, and gives its exit status. */
  readonly shell: (session: SessionHandle, terminal: AttachedTerminal) => Effect.Effect<number, TmuxFailure>
  /** Types text (pasted whole, newlines included), then presses the keys, by tmux's names: `Enter`, `C-c`. See tmux(1). */
  readonly send: (
    session: SessionHandle,
    input: { readonly text?: string; readonly keys?: ReadonlyArray<string> }
  ) => Effect.Effect<void, TmuxFailure>
  /** The screen; with `lines` so many of the last lines, those that have scrolled away too. `ansi` keeps colours. */
  readonly capture: (
    session: SessionHandle,
    options?: { readonly lines?: number; readonly ansi?: boolean }
  ) => Effect.Effect<string, TmuxFailure>
  /** Waits until a session has ended, and tells how. */
  readonly wait: (session: SessionHandle) => Effect.Effect<Ended, EndFailure>
  /** The sessions of this user in this project and with this prefix, oldest first; finishes what a crash has left open. */
  readonly list: Effect.Effect<ReadonlyArray<LiveSession>, IncusFailure | HistoryError>
  /** What is saved, newest first. */
  readonly saved: Effect.Effect<Saved, HistoryError>
  /**
   * The one running session that is meant, by container, or workspace and slot, or because it is the only one; finishes
   * what a crash has left open.
   */
  readonly get: (
    selection: Selection
  ) => Effect.Effect<
    LiveSession,
    IncusFailure | InstanceNotFound | NotASession | NoLiveSession | SeveralSessions
  >
  /**
   * Ends a session and returns when that is done: `kill` deletes its container at once, a persistent one too; `shutdown`
   * gives its system `seconds` (30), then pulls the plug, and keeps a persistent one. The conversation stays saved.
   */
  readonly end: (
    session: SessionHandle,
    how: { readonly _tag: "kill" } | { readonly _tag: "shutdown"; readonly seconds?: number }
  ) => Effect.Effect<void, EndFailure>
  /** Turns a running ephemeral session persistent. Fails with `InstanceChanged` if its container is another's by now. */
  readonly persist: (
    session: SessionHandle
  ) => Effect.Effect<void, Effect.Effect.Error<ReturnType<typeof persistSession>>>
  /** The session in a container, running or stopped, by the container's name. */
  readonly named: (
    container: string
  ) => Effect.Effect<LiveSession, IncusFailure | InstanceNotFound | NotASession>
  /** Everything known of one session, live or saved: by container, id or the beginning of that; times ISO 8601, sizes bytes. */
  readonly info: (
    selection: Selection
  ) => Effect.Effect<SessionInfo, Effect.Effect.Error<ReturnType<typeof sessionInfo>>>
  /** The terminals of running sessions, without those that do not answer. */
  readonly terminals: Effect.Effect<
    ReadonlyArray<{ readonly session: LiveSession; readonly status: TmuxStatus }>,
    IncusFailure | HistoryError
  >
  /** What past sessions have left and nothing uses; see `findLeftovers`. */
  readonly leftovers: (
    options: Parameters<typeof findLeftovers>[0]
  ) => Effect.Effect<ReadonlyArray<Leftover>, IncusFailure | HistoryError>
  /** Removes leftovers for good, and gives those that are in use again, which stay. */
  readonly removeLeftovers: (
    leftovers: ReadonlyArray<Leftover>
  ) => Effect.Effect<ReadonlyArray<Leftover>, EndFailure>
  /** Brings the disk in line with what Incus says; see `reconcile`. */
  readonly reconcile: Effect.Effect<Reconciled, IncusFailure | HistoryError>
  /** What happens to sessions, whoever starts and ends them; `restSeconds` (3) of silence count as rest. */
  readonly events: (
    options?: { readonly restSeconds?: number }
  ) => Stream.Stream<SessionEvent, IncusFailure | HistoryError>
}>() {}

/** What sessions are made from. */
type Needs =
  | ConfigService
  | FileSystem.FileSystem
  | HistoryStore
  | Host
  | IncusService
  | Path.Path
  | SlotService
  | TmuxService

/** Sessions on the services given; see `layer` of the package for all of them at once. */
export const layer: Layer.Layer<Sessions, never, Needs> = Layer.effect(
  Sessions,
  Effect.gen(function*() {
    // Picked one by one: the scope in which this layer is made is not the scope that a session ends with.
    const needs = Context.pick(
      ConfigService,
      FileSystem.FileSystem,
      HistoryStore,
      Host,
      IncusService,
      Path.Path,
      SlotService,
      StateFiles,
      TmuxService
    )(yield* Effect.context<Needs>())
    const tmux = yield* TmuxService
    const provided = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.provide(effect, needs)
    return {
      start: (options) => provided(Effect.flatMap(planSession(options, withoutAsking), startSession)),
      plan: <E, R>(options: SessionOptions, agree?: Agree<E, R>) =>
        provided(planSession<E, R>(options, agree ?? withoutAsking)),
      begin: (request) => provided(startSession(request)),
      find: (wanted) => provided(findResumable(wanted)),
      resume: (wanted, options) =>
        provided(Effect.gen(function*() {
          const found = yield* findResumable(wanted)
          if (found._tag === "Live") return found
          const request = yield* planSession({ ...options, resume: found }, withoutAsking)
          return { _tag: "Started", session: yield* startSession(request) } as const
        })),
      attach: (session, terminal) => provided(attachSession(session, terminal)),
      attachOwn: (session, terminal) => provided(attachOwn(session, terminal)),
      shell: ({ guest }, { kind, lend }) => lend((io) => tmux.shell(guest, kind, io)),
      send: ({ guest }, { keys = [], ...input }) => tmux.send(guest, { ...input, keys }),
      capture: ({ guest }, { ansi = false, ...options } = {}) => tmux.capture(guest, { ...options, ansi }),
      wait: (session) => provided(untilEnded(session)),
      list: provided(Effect.map(reconcile, ({ live }) => live)),
      saved: provided(listSaved),
      get: (selection) => provided(getSession(selection)),
      end: (session, how) =>
        provided(
          how._tag === "kill" ? killSession(session) : shutdownSession(session, how.seconds ?? 30)
        ),
      persist: (session) => provided(persistSession(session)),
      named: (container) => provided(sessionNamed(container)),
      info: (selection) => provided(sessionInfo(selection)),
      terminals: provided(terminals),
      leftovers: (options) => provided(findLeftovers(options)),
      removeLeftovers: (leftovers) => provided(removeLeftovers(leftovers)),
      reconcile: provided(reconcile),
      events: ({ restSeconds = 3 } = {}) => Stream.provideContext(sessionEvents({ restSeconds }), needs)
    }
  })
)
