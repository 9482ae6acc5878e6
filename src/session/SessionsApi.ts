import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { NetworkTarget } from "../domain/network.ts"
import type { TmuxFailure } from "../guest/errors.ts"
import type { TmuxStatus } from "../guest/tmuxApi.ts"
import type { Signals } from "../host/Signals.ts"
import type { IncusFailure, InstanceNotFound } from "../incus/errors.ts"
import type { Explanation } from "../policy/explain/Explanation.ts"
import type { GatewayFailed } from "../policy/network/errors.ts"
import type { AfterAttach, AttachedTerminal } from "./attach.ts"
import type { Changes } from "./changes.ts"
import type { Leftover } from "./clean.ts"
import type { Ended } from "./ended.ts"
import type { NotASession } from "./errors.ts"
import type { SessionEvent } from "./events.ts"
import type {
  AttachFailure,
  ChangesFailure,
  EndFailure,
  ExplainFailure,
  FindFailure,
  GetFailure,
  InfoFailure,
  OpenFailure,
  PersistFailure,
  PlanFailure,
  SessionFailure
} from "./failures.ts"
import type { SessionHandle } from "./handle.ts"
import type { Saved } from "./historyApi.ts"
import type { HistoryError } from "./HistoryStore.ts"
import type { SessionInfo } from "./info.ts"
import type { LiveSession, Selection } from "./live.ts"
import type { NetworkEvent } from "./network.ts"
import type { Agree, SessionOptions } from "./plan.ts"
import type { Reconciled } from "./reconciled.ts"
import type { SessionRequest } from "./request.ts"
import type { Session } from "./Session.ts"
import type { Resumable, Wanted } from "./wanted.ts"

/**
 * A session that goes on: it was started again, or it was running.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Effect from "effect/Effect"
 *
 * export const goOn = Effect.gen(function*() {
 *   const sessions = yield* Clincus.Sessions
 *   const resumed: Clincus.Resumed = yield* sessions.resume({ workspace: "/home/ada/project" })
 *   // A session that was running goes on by itself; one that was started here would end with the scope.
 *   if (resumed._tag === "Started") yield* resumed.session.keep
 *   return resumed.session.container
 * }).pipe(Effect.scoped)
 */
export type Resumed =
  | { readonly _tag: "Started"; readonly session: Session }
  | { readonly _tag: "Live"; readonly session: LiveSession }

/**
 * What the service `Sessions` does.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 *
 * export const tidyUp = Effect.gen(function*() {
 *   const sessions = yield* Clincus.Sessions
 *   const { ended, state_bytes } = yield* sessions.info({ container: "clincus-a1b2c3-1" })
 *   yield* Console.log(`${ended ?? "runs"}, ${state_bytes} bytes saved`)
 *   // What nobody has used for a week.
 *   const leftovers = yield* sessions.leftovers({ sessions: true, unusedFor: 7 * 24 * 3_600_000 })
 *   return yield* sessions.removeLeftovers(leftovers)
 * })
 */
export interface SessionsApi {
  /**
   * Starts a session and returns when its tool is up. The session ends with the scope, unless `keep`
   * lets it go. What a workspace's own file asks for without being granted is left out. If the start fails or is
   * interrupted, what was made until then is undone.
   */
  readonly start: (
    options: SessionOptions
  ) => Effect.Effect<Session, PlanFailure | SessionFailure, Scope.Scope>
  /**
   * Decides what a session is to be, for `begin`; makes nothing. `agree` is asked about what the workspace's own file
   * wants; without it nothing is granted.
   */
  readonly plan: <E = never, R = never>(
    options: SessionOptions,
    agree?: Agree<E, R>
  ) => Effect.Effect<SessionRequest, PlanFailure | E, R>
  /** Starts a session that was planned; see `start`. */
  readonly begin: (request: SessionRequest) => Effect.Effect<Session, SessionFailure, Scope.Scope>
  /** What there is to resume: a session that runs, to attach to, or a saved one, to start with `resume`. Starts nothing. */
  readonly find: (wanted: Wanted) => Effect.Effect<Resumable, FindFailure>
  /**
   * Goes on with a saved session, as `start` does, or finds that it runs. A session that runs belongs to the program that
   * started it, and does not end with the scope.
   */
  readonly resume: (
    wanted: Wanted,
    options?: Omit<SessionOptions, "resume">
  ) => Effect.Effect<Resumed, PlanFailure | SessionFailure | FindFailure, Scope.Scope>
  /**
   * Attaches a terminal to a running session and returns when it is detached or the session ends. At a detach, what was
   * decided at the start is done: the session goes on, or it is ended.
   */
  readonly attach: (
    session: SessionHandle,
    terminal: AttachedTerminal
  ) => Effect.Effect<AfterAttach, AttachFailure>
  /** Attaches a terminal to a session that ends with the scope; a detach lets the session go on, as `keep` does. */
  readonly attachOwn: (
    session: Session,
    terminal: AttachedTerminal
  ) => Effect.Effect<AfterAttach, AttachFailure, Signals>
  /** Opens a login shell beside the tool on a terminal, and gives the shell's exit status. */
  readonly shell: (session: SessionHandle, terminal: AttachedTerminal) => Effect.Effect<number, TmuxFailure>
  /**
   * Types into the tool's terminal and returns when tmux has taken it; the tool may not have read it yet. Fails with
   * `NoTmux` if the tool has ended.
   */
  readonly send: (
    session: SessionHandle,
    input: {
      /** Pasted whole, newlines included; press `Enter` by `keys`. */
      readonly text?: string
      /** Pressed after the text, by tmux's names: `Enter`, `C-c`, `Up`. See tmux(1), "KEY BINDINGS". */
      readonly keys?: ReadonlyArray<string>
    }
  ) => Effect.Effect<void, TmuxFailure>
  /** The text on the tool's screen. Fails with `NoTmux` if the tool has ended; `wait` gives its last screen. */
  readonly capture: (
    session: SessionHandle,
    options?: {
      /** So many of the last lines, those that have scrolled away too; the visible screen if undefined. */
      readonly lines?: number
      /** Keeps colours, as escape sequences; they are left out if undefined. */
      readonly ansi?: boolean
    }
  ) => Effect.Effect<string, TmuxFailure>
  /** Returns when the session has ended, its credentials are gone and its history is written, and tells how it ended. */
  readonly wait: (session: SessionHandle) => Effect.Effect<Ended, EndFailure>
  /**
   * The sessions of this user in this project and with this prefix, running or stopped, oldest first; finishes what a
   * crash has left open.
   */
  readonly list: Effect.Effect<ReadonlyArray<LiveSession>, IncusFailure | HistoryError>
  /** What is saved, newest first. */
  readonly saved: Effect.Effect<Saved, HistoryError>
  /**
   * The running session that is meant: by container, by workspace and slot, or the only running one; finishes what a crash
   * has left open.
   */
  readonly get: (selection: Selection) => Effect.Effect<LiveSession, GetFailure>
  /**
   * Ends a session and returns when that is done: `kill` deletes its container at once, a persistent container too;
   * `shutdown` gives its system `seconds` (30), then pulls the plug, and keeps a persistent container. The conversation stays
   * saved.
   */
  readonly end: (
    session: SessionHandle,
    how: { readonly _tag: "kill" } | { readonly _tag: "shutdown"; readonly seconds?: number }
  ) => Effect.Effect<void, EndFailure>
  /**
   * Turns a running ephemeral session persistent. Fails with `InstanceChanged` if another session has the container by
   * now.
   */
  readonly persist: (session: SessionHandle) => Effect.Effect<void, PersistFailure>
  /**
   * Opens a target to a session that runs, until it ends: a service of the host in every network mode, names and presets
   * in mode `allow`. Fails with `CannotOpen` if the session's mode has no way to do it.
   */
  readonly open: (session: SessionHandle, target: NetworkTarget) => Effect.Effect<void, OpenFailure>
  /** What sessions of network mode `allow` have asked for since they were started, oldest first; others have no log. */
  readonly networkLog: (
    sessions: ReadonlyArray<LiveSession>
  ) => Effect.Effect<ReadonlyArray<NetworkEvent>, IncusFailure | GatewayFailed>
  /** The session in a container, running or stopped, by the container's name. */
  readonly named: (
    container: string
  ) => Effect.Effect<LiveSession, IncusFailure | InstanceNotFound | NotASession>
  /** Everything known of one session, live or saved: by container, or by its id or the id's beginning. */
  readonly info: (selection: Selection) => Effect.Effect<SessionInfo, InfoFailure>
  /** What has changed in a session's workspace since it was started last, and what of it runs later on this host. */
  readonly changes: (selection: Selection) => Effect.Effect<Changes, ChangesFailure>
  /** Everything that a session can do whose container is there, by the instance as it is and what was noted at its start. */
  readonly explain: (selection: Selection) => Effect.Effect<Explanation, GetFailure | HistoryError>
  /** Everything that a session could do if it were begun. Changes nothing, on the disk or in Incus. */
  readonly explainPlan: (request: SessionRequest) => Effect.Effect<Explanation, ExplainFailure>
  /** The terminals of running sessions, without those that do not answer within 10 s. */
  readonly terminals: Effect.Effect<
    ReadonlyArray<{ readonly session: LiveSession; readonly status: TmuxStatus }>,
    IncusFailure | HistoryError
  >
  /** What past sessions have left and nothing uses. Removes nothing, but finishes what has ended. */
  readonly leftovers: (options: {
    /** Whether saved sessions that can be resumed count. */
    readonly sessions: boolean
    /** What was used within so many ms does not count. */
    readonly unusedFor: number
  }) => Effect.Effect<ReadonlyArray<Leftover>, IncusFailure | HistoryError>
  /** Removes leftovers for good, and gives those that stay because they are in use again. */
  readonly removeLeftovers: (
    leftovers: ReadonlyArray<Leftover>
  ) => Effect.Effect<ReadonlyArray<Leftover>, EndFailure>
  /** Finishes what has ended or was left by a crash: compares the runs on the disk with what Incus has. */
  readonly reconcile: Effect.Effect<Reconciled, IncusFailure | HistoryError>
  /**
   * What happens to sessions, no matter which program starts and ends them, from the moment on at which the stream is run
   * until the daemon goes away: run it again then. A tool that has written nothing for `restSeconds` (3) is at rest.
   */
  readonly events: (
    options?: { readonly restSeconds?: number }
  ) => Stream.Stream<SessionEvent, IncusFailure | HistoryError>
}
