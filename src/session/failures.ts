import type { ConfigError, UnknownProfile } from "../config/errors.ts"
import type { TmuxFailure } from "../guest/errors.ts"
import type { StateError } from "../host/stateFiles.ts"
import type { ImageNotFound, IncusFailure, InstanceChanged, InstanceNotFound } from "../incus/errors.ts"
import type { ProtectedLink } from "../policy/files/errors.ts"
import type { CannotHide } from "../policy/files/hidden.ts"
import type { GatewayFailed, NetworkNotReady } from "../policy/network/errors.ts"
import type { ProfileRefused } from "../policy/profiles.ts"
import type { ToolMisconfigured, UnknownTool } from "../tool/ToolRegistry.ts"
import type { WorkspaceTooWide } from "../workspace/apart.ts"
import type { RootWorkspace } from "../workspace/identity.ts"
import type { BadWorkspace } from "../workspace/Workspace.ts"
import type { ChangesUnknown } from "./changes.ts"
import type {
  CannotResume,
  ContainerLeft,
  NoFreeSlot,
  NoLiveSession,
  NotASession,
  SeveralSessions,
  SlotInUse,
  SlotOutOfRange,
  StillStarting,
  ToolEnded,
  ToolGone
} from "./errors.ts"
import type { StateNotOurs } from "./finish.ts"
import type { HistoryError } from "./HistoryStore.ts"
import type { CannotOpen } from "./network.ts"
import type { TooManyContainers } from "./room.ts"
import type { StartFailure } from "./startFailure.ts"

/**
 * Why a session cannot be planned: what was asked for does not exist, or a configuration file cannot be used.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 *
 * export const planned = Effect.flatMap(Clincus.Sessions, (sessions) => sessions.plan({ tool: "cluade" })).pipe(
 *   Effect.catchTag("UnknownTool", ({ known }) => Console.error(`There are ${known.join(", ")}.`)),
 *   Effect.catchAll(({ message }: Clincus.PlanFailure) => Console.error(message))
 * )
 */
export type PlanFailure =
  | BadWorkspace
  | ConfigError
  | UnknownProfile
  | UnknownTool
  | ToolMisconfigured
  | CannotResume

/**
 * What can keep a session from ending.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 *
 * export const kill = (session: Clincus.SessionHandle) =>
 *   Effect.gen(function*() {
 *     const sessions = yield* Clincus.Sessions
 *     yield* sessions.end(session, { _tag: "kill" })
 *   }).pipe(Effect.catchTags({
 *     ContainerLeft: ({ container }) => Console.error(`${container} is still there`),
 *     HistoryError: ({ message }) => Console.error(`ended, but not noted: ${message}`),
 *     StateError: ({ path }) => Console.error(`ended, but left ${path}`),
 *     StateNotOurs: ({ directory }) => Console.error(`ended, but left files of another user in ${directory}`)
 *   }))
 */
export type EndFailure =
  | IncusFailure
  | ContainerLeft
  | HistoryError
  | StateError
  | StateNotOurs

/**
 * Why a session to resume cannot be found, or is in no state to be resumed.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 *
 * export const last = Effect.flatMap(Clincus.Sessions, (sessions) => sessions.find({ workspace: "." })).pipe(
 *   Effect.catchTag("CannotResume", ({ next, reason }) => Effect.as(Console.error(`${reason}. ${next}`), undefined))
 * )
 */
export type FindFailure = CannotResume | BadWorkspace | InstanceNotFound | NotASession | EndFailure

/**
 * Why no live session is found, or not a single one.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 * import * as Option from "effect/Option"
 *
 * export const only = Effect.flatMap(Clincus.Sessions, (sessions) => sessions.get({})).pipe(
 *   Effect.asSome,
 *   Effect.catchTags({
 *     NoLiveSession: () => Effect.succeedNone,
 *     NotASession: ({ container }) => Effect.as(Console.error(`${container} is not of clincus`), Option.none()),
 *     SeveralSessions: ({ containers }) => Effect.as(Console.error(`Which? ${containers.join(", ")}`), Option.none())
 *   })
 * )
 */
export type GetFailure =
  | IncusFailure
  | InstanceNotFound
  | NotASession
  | NoLiveSession
  | SeveralSessions

/**
 * Why it cannot be told what a planned session could do: it would not start either.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 * import * as Option from "effect/Option"
 *
 * export const explain = (request: Clincus.SessionRequest) =>
 *   Effect.flatMap(Clincus.Sessions, (sessions) => sessions.explainPlan(request)).pipe(
 *     Effect.asSome,
 *     Effect.catchAll(({ message }: Clincus.ExplainFailure) => Effect.as(Console.error(message), Option.none()))
 *   )
 */
export type ExplainFailure =
  | CannotHide
  | HistoryError
  | IncusFailure
  | NetworkNotReady
  | ProfileRefused
  | ProtectedLink
  | RootWorkspace
  | StateError

/**
 * Why nothing can be told of a session: `CannotResume` if no saved session has the id, or several have its beginning.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 *
 * export const sizeOf = (id: string) =>
 *   Effect.flatMap(Clincus.Sessions, (sessions) => sessions.info({ container: id })).pipe(
 *     Effect.map(({ state_bytes }) => state_bytes),
 *     Effect.catchAll(({ message }: Clincus.InfoFailure) => Effect.as(Console.error(message), 0))
 *   )
 */
export type InfoFailure = GetFailure | CannotResume | HistoryError

/**
 * Why it cannot be told what a session has changed.
 *
 * @see Changes
 */
export type ChangesFailure = InfoFailure | ChangesUnknown | StateError

/**
 * Why a session cannot be made persistent.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 *
 * export const persist = (session: Clincus.SessionHandle) =>
 *   Effect.flatMap(Clincus.Sessions, (sessions) => sessions.persist(session)).pipe(
 *     Effect.catchTag("InstanceNotFound", "InstanceChanged", () => Console.error("That session has ended."))
 *   )
 */
export type PersistFailure = IncusFailure | InstanceNotFound | InstanceChanged | HistoryError

/**
 * Why nothing can be opened to a session.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 *
 * const pypi: Clincus.NetworkTarget = { _tag: "Preset", name: "pypi" satisfies Clincus.PresetName }
 *
 * export const openPypi = (session: Clincus.SessionHandle) =>
 *   Effect.flatMap(Clincus.Sessions, (sessions) => sessions.open(session, pypi)).pipe(
 *     Effect.catchAll((failure: Clincus.OpenFailure) =>
 *       Console.error(failure instanceof Clincus.CannotOpen ? failure.hint : failure.message)
 *     )
 *   )
 */
export type OpenFailure = IncusFailure | InstanceNotFound | InstanceChanged | GatewayFailed | CannotOpen

/**
 * What can go wrong while a terminal is attached; the session lives on unless it has ended by itself.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 *
 * export const look = (session: Clincus.SessionHandle, terminal: Clincus.AttachedTerminal) =>
 *   Effect.flatMap(Clincus.Sessions, (sessions) => sessions.attach(session, terminal)).pipe(
 *     Effect.catchTags({
 *       StillStarting: () => Console.error("Try again in a moment."),
 *       ToolGone: ({ container }) => Console.error(`${container} runs without its tool.`)
 *     })
 *   )
 */
export type AttachFailure = TmuxFailure | ToolGone | StillStarting | EndFailure

/**
 * What can keep a session from starting. What was made until then is undone.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 *
 * export const start = Effect.gen(function*() {
 *   const sessions = yield* Clincus.Sessions
 *   return yield* sessions.start({ workspace: ".", slot: 3 })
 * }).pipe(Effect.catchTags({
 *   NoFreeSlot: ({ workspace }) => Console.error(`ten sessions work on ${workspace}`),
 *   ProfileRefused: ({ key, profile }) => Console.error(`the profile ${profile} sets ${key}`),
 *   ProtectedGone: ({ path }) => Console.error(`${path} is gone`),
 *   ProtectedLink: ({ link, workspace }) => Console.error(`${link} in ${workspace} is a link`),
 *   RootWorkspace: ({ path }) => Console.error(`${path} is root's`),
 *   SlotInUse: ({ container }) => Console.error(`${container} has the slot`),
 *   SlotOutOfRange: ({ slot }) => Console.error(`there is no slot ${slot}`),
 *   ToolEnded: ({ screen, status }) => Console.error(`the tool ended at once with ${status}:\n${screen}`),
 *   TooManyContainers: ({ limit }) => Console.error(`fs.inotify.max_user_instances is ${limit}`),
 *   WorkspaceTooWide: ({ path }) => Console.error(`the workspace would hold ${path}`)
 * }))
 */
export type SessionFailure =
  | IncusFailure
  | ImageNotFound
  | StartFailure
  | SlotOutOfRange
  | SlotInUse
  | NoFreeSlot
  | HistoryError
  | StateError
  | TmuxFailure
  | CannotResume
  | ToolEnded
  | StateNotOurs
  | TooManyContainers
  | ProtectedLink
  | GatewayFailed
  | CannotHide
  | RootWorkspace
  | ProfileRefused
  | NetworkNotReady
  | WorkspaceTooWide
