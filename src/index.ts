/**
 * What other Effect programs import. Every service is a tag with a layer; `Sessions` is the one that a program needs, the
 * others are what it is made from. `clincus` itself is such a program, see `main.ts`.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Effect from "effect/Effect"
 *
 * export const program = Effect.scoped(Effect.gen(function*() {
 *   const sessions = yield* Clincus.Sessions
 *   const session = yield* sessions.start({ workspace: ".", tool: "claude" })
 *   yield* sessions.send(session, { text: "fix the tests", keys: ["Enter"] })
 *   return yield* sessions.wait(session)
 * }))
 *
 * @module
 */
export { ConfigService, layer as configLayer } from "./config/ConfigService.ts"
export { ConfigError, TrustNotSaved, UnknownProfile } from "./config/errors.ts"
export type {
  Effective,
  FileRequest,
  Limits,
  Origin,
  RefusedLimit,
  RequestKey,
  Settings,
  Withheld
} from "./config/Settings.ts"
export { type Grant, grantRequests, readGrants, revokeGrants } from "./config/trust.ts"
export type { ToolSettings } from "./config/values.ts"
export { type Failure, isFailure } from "./domain/Failure.ts"
export type { AddressRange, Subnet } from "./domain/ipv4.ts"
export type { JsonObject } from "./domain/json.ts"
export { describeEnd, type End, type EndReason, Metadata } from "./domain/Metadata.ts"
export type { NetworkMode, NetworkTarget, PresetName } from "./domain/network.ts"
export type { Place } from "./domain/Place.ts"
export type { RunPhase, RunRecord } from "./domain/Run.ts"
export type { SessionRef } from "./domain/SessionRef.ts"
export { version } from "./domain/version.ts"
export { NoTmux, TmuxError, type TmuxFailure } from "./guest/errors.ts"
export type { Guest } from "./guest/Guest.ts"
export type { Attached, TmuxStart, TmuxStatus } from "./guest/tmuxApi.ts"
export { layer as tmuxLayer, TmuxService } from "./guest/TmuxService.ts"
export type { Finding, HealthState } from "./health/Finding.ts"
export {
  type HealthNeeds,
  HealthReport,
  HealthService,
  layer as healthLayer
} from "./health/HealthService.ts"
export type { ProbeReport } from "./health/probes/report.ts"
export { Host, layer as hostLayer } from "./host/Host.ts"
export { Progress, silent as silentProgress } from "./host/Progress.ts"
export { none as noSignals, type SignalName, Signals } from "./host/Signals.ts"
export type { HostIds } from "./host/subids.ts"
export { type Owner, StateError } from "./host/untrusted/StateDirectory.ts"
export type { Placement as BuildPlacement } from "./image/BuildContainer.ts"
export { BuildFailed, type BuildFailure, NoBase, UnknownBase } from "./image/errors.ts"
export {
  type BuildOptions,
  type BuildResult,
  ImageService,
  layer as imageLayer
} from "./image/ImageService.ts"
export type { ImageSummary } from "./image/ImageSummary.ts"
export * from "./incus/errors.ts"
export type { TerminalIO, TerminalSize } from "./incus/execApi.ts"
export { type IncusOptions, IncusService, layer as incusLayer } from "./incus/IncusService.ts"
export type { SessionPlacement } from "./policy/devices.ts"
export { Explanation, type LeftOut } from "./policy/explain/Explanation.ts"
export type { Fact, FactKind } from "./policy/explain/Fact.ts"
export { ProtectedGone, ProtectedLink } from "./policy/files/errors.ts"
export { CannotHide } from "./policy/files/hidden.ts"
export type { FileRules } from "./policy/files/plan.ts"
export type { Stand } from "./policy/files/trees.ts"
export type { RequestedLimits } from "./policy/limits.ts"
export { GatewayFailed, NetworkNotReady } from "./policy/network/errors.ts"
export type { NetworkRequest } from "./policy/network/prepare.ts"
export { ProfileRefused } from "./policy/profiles.ts"
export type { Risk, RiskKind } from "./policy/risks.ts"
export type { AfterAttach, AttachedTerminal } from "./session/attach.ts"
export { type Changes, ChangesUnknown } from "./session/changes.ts"
export type { Leftover } from "./session/clean.ts"
export { type Configured, layer, layerOfHost } from "./session/configured.ts"
export type { Ended } from "./session/ended.ts"
export {
  CannotResume,
  ContainerLeft,
  HistoryError,
  NoFreeSlot,
  NoLiveSession,
  NotASession,
  SeveralSessions,
  SlotInUse,
  SlotOutOfRange,
  StillStarting,
  ToolEnded,
  ToolGone
} from "./session/errors.ts"
export type { SessionEvent } from "./session/events.ts"
export type { SessionFailure } from "./session/failures.ts"
export type {
  AttachFailure,
  ChangesFailure,
  EndFailure,
  ExplainFailure,
  FindFailure,
  GetFailure,
  InfoFailure,
  OpenFailure,
  PersistFailure,
  PlanFailure
} from "./session/failures.ts"
export { StateNotOurs } from "./session/finish.ts"
export type { SessionHandle } from "./session/handle.ts"
export type { History, Saved } from "./session/historyApi.ts"
export { HistoryStore, layer as historyLayer, type Outcome } from "./session/HistoryStore.ts"
export type { SessionInfo } from "./session/info.ts"
export type { Labels } from "./session/labels.ts"
export type { LiveSession, Selection } from "./session/live.ts"
export { CannotOpen, type NetworkEvent } from "./session/network.ts"
export { type Agree, type SessionOptions, withoutAsking } from "./session/plan.ts"
export type { Reconciled } from "./session/reconciled.ts"
export type { SessionRequest } from "./session/request.ts"
export { TooManyContainers } from "./session/room.ts"
export type { RunStore } from "./session/RunStore.ts"
export type { Session } from "./session/Session.ts"
export { layer as sessionsLayer, Sessions } from "./session/Sessions.ts"
export type { Resumed, SessionsApi } from "./session/SessionsApi.ts"
export { layer as slotLayer, type SlotCandidate, SlotService } from "./session/SlotService.ts"
export type { Recorded } from "./session/sources.ts"
export { IdsNotMapped, LimitsTooLow, MountsNotShifted, type StartFailure } from "./session/startFailure.ts"
export type { Resumable, SavedSession, Wanted } from "./session/wanted.ts"
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
export type {
  ConfigCopy,
  Conversation,
  Conversations,
  Databases,
  HostPlace,
  JsonDocument,
  Tool,
  ToolContext,
  Trace,
  Transcripts
} from "./tool/Tool.ts"
export {
  builtIn as builtInTools,
  chooseTool,
  type ChosenTool,
  describeTool,
  ToolMisconfigured,
  UnknownTool
} from "./tool/ToolRegistry.ts"
export { WorkspaceTooWide } from "./workspace/apart.ts"
export { type MountPolicy, RootWorkspace } from "./workspace/identity.ts"
export { BadWorkspace, openWorkspace, type Workspace } from "./workspace/Workspace.ts"
