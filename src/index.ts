/**
 * What other Effect programs import. Every service is a tag with a layer; `clincus` itself is such a program, see
 * `main.ts`.
 *
 * @example
 * const program = Effect.scoped(Effect.gen(function*() {
 *   const { settings } = yield* (yield* ConfigService).load({})
 *   const session = yield* startSession({
 *     workspace: yield* openWorkspace("."),
 *     tool: yield* chooseTool(settings, "claude"),
 *     settings,
 *     slot: 0,
 *     image: settings.defaults.image,
 *     persistent: false,
 *     environment: {},
 *     resume: Option.none(),
 *     debug: false,
 *     size: { columns: 120, rows: 40 }
 *   })
 *   const tmux = yield* TmuxService
 *   yield* tmux.send(session.guest, { text: "fix the tests", keys: ["Enter"] })
 * }))
 */
export { ConfigService, layer as configLayer } from "./config/ConfigService.ts"
export { ConfigError, TrustNotSaved, UnknownProfile } from "./config/errors.ts"
export type {
  Effective,
  FileRequest,
  Origin,
  RefusedLimit,
  RequestKey,
  Settings,
  Withheld
} from "./config/Settings.ts"
export { type Grant, grantRequests, readGrants, revokeGrants } from "./config/trust.ts"
export { type Failure, isFailure } from "./domain/Failure.ts"
export { describeEnd, type End, Metadata } from "./domain/Metadata.ts"
export type { RunRecord } from "./domain/Run.ts"
export {
  type Attached,
  type Guest,
  layer as tmuxLayer,
  NoTmux,
  TmuxError,
  TmuxService,
  type TmuxStart,
  type TmuxStatus
} from "./guest/TmuxService.ts"
export { Host, layer as hostLayer } from "./host/Host.ts"
export { Progress, silent as silentProgress } from "./host/Progress.ts"
export * from "./incus/errors.ts"
export type { ExecRequest, ExecResult, TerminalIO, TerminalSize } from "./incus/exec.ts"
export type { TransportFailure, TransportRequest, TransportResponse } from "./incus/httpRequest.ts"
export {
  type IncusOptions,
  IncusService,
  layer as incusLayer,
  layerOnTransport
} from "./incus/IncusService.ts"
export { IncusTransport, unixSocket } from "./incus/IncusTransport.ts"
export type { InstancePatch, InstanceSpec } from "./incus/instances.ts"
export { mayPass } from "./incus/retry.ts"
export * from "./incus/schemas.ts"
export { findLeftovers, type Leftover, removeLeftovers } from "./session/clean.ts"
export { killSession, persistSession, shutdownSession } from "./session/end.ts"
export * from "./session/errors.ts"
export { StateNotOurs } from "./session/finish.ts"
export {
  HistoryError,
  HistoryStore,
  layer as historyLayer,
  type Outcome,
  type Saved
} from "./session/HistoryStore.ts"
export { sessionInfo } from "./session/info.ts"
export {
  guestOf,
  type LiveSession,
  liveSessions,
  type Selection,
  selectSession,
  sessionNamed
} from "./session/live.ts"
export { reconcile } from "./session/reconcile.ts"
export type { SessionRequest } from "./session/request.ts"
export { findResumable, findSaved, type Resumable, slotFor } from "./session/resume.ts"
export { TooManyContainers } from "./session/room.ts"
export type { RunStore, SessionKey } from "./session/RunStore.ts"
export { type Session, type SessionFailure, startSession } from "./session/Session.ts"
export { layer as slotLayer, type Place, SlotService } from "./session/SlotService.ts"
export { IdsNotMapped, LimitsTooLow, MountsNotShifted, type StartFailure } from "./session/startFailure.ts"
export {
  CommandFailed,
  LoginNeeded,
  PrivilegeMissing,
  StepHadNoEffect,
  StepIsManual
} from "./setup/errors.ts"
export { Privileged, type RootCommand } from "./setup/Privileged.ts"
export {
  layer as setupLayer,
  type SetupOptions,
  SetupService,
  type StepReport
} from "./setup/SetupService.ts"
export type { Action, SetupFailure, Status, StepName } from "./setup/Step.ts"
export type { Conversation, Tool, ToolContext } from "./tool/Tool.ts"
export {
  builtIn as builtInTools,
  chooseTool,
  type ChosenTool,
  ToolMisconfigured,
  UnknownTool
} from "./tool/ToolRegistry.ts"
export { WorkspaceTooWide } from "./workspace/apart.ts"
export { type Identity, RootWorkspace } from "./workspace/identity.ts"
export { BadWorkspace, openWorkspace, type Workspace } from "./workspace/Workspace.ts"
