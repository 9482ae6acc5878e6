import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { ConfigService } from "../config/ConfigService.ts"
import type { Effective, Limits, RequestKey, Settings } from "../config/Settings.ts"
import type { Metadata } from "../domain/Metadata.ts"
import type { NetworkMode } from "../domain/network.ts"
import { plainPath } from "../domain/RelativePath.ts"
import { Host } from "../host/Host.ts"
import type { TerminalSize } from "../incus/execApi.ts"
import { overridden } from "../policy/limits.ts"
import type { Tool } from "../tool/Tool.ts"
import { chooseTool } from "../tool/ToolRegistry.ts"
import { openWorkspace } from "../workspace/Workspace.ts"
import { CannotResume } from "./errors.ts"
import type { SessionRequest } from "./request.ts"
import { slotFor } from "./resume.ts"
import { sourcesOf } from "./sources.ts"
import type { SavedSession } from "./wanted.ts"

/**
 * What a program or a user says of a session. What is left out is decided by the configuration or the saved session.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Effect from "effect/Effect"
 *
 * const options: Clincus.SessionOptions = {
 *   workspace: "/home/ada/project",
 *   tool: "opencode",
 *   persistent: true,
 *   environment: { CI: "1" },
 *   size: { columns: 120, rows: 40 }
 * }
 *
 * export const session = Effect.flatMap(Clincus.Sessions, (sessions) => sessions.start(options))
 */
export interface SessionOptions {
  /** A directory; that of the session that is resumed, else the current directory. */
  readonly workspace?: string | undefined
  /** 1–10, or 0 for the lowest free one, which is the default. */
  readonly slot?: number | undefined
  /** Name of a tool. */
  readonly tool?: string | undefined
  /** Tools that can be named beside those that are built in and configured; see `describeTool`. */
  readonly tools?: ReadonlyArray<Tool> | undefined
  /** Alias of an image. */
  readonly image?: string | undefined
  readonly persistent?: boolean | undefined
  /** Limits over those of the configuration; `"none"` opens one. */
  readonly limits?: Partial<Limits> | undefined
  /** Whether containers may run in it: Docker, for instance. */
  readonly docker?: boolean | undefined
  /** What the session may reach. */
  readonly network?: NetworkMode | undefined
  /** Variables for the tool, over all others. */
  readonly environment?: Readonly<Record<string, string>> | undefined
  /** A profile of the configuration, `[profiles.<name>]`. */
  readonly profile?: string | undefined
  /** The saved session to go on with, as `find` gives it. */
  readonly resume?: SavedSession | undefined
  /** A shell in the place of the tool. */
  readonly debug?: boolean | undefined
  /** Of the tool's terminal; 80×24. */
  readonly size?: TerminalSize | undefined
  /** Allows a workspace that holds the user's home directory. */
  readonly allowHome?: boolean | undefined
  /** False leaves every path of the workspace writable, whatever the configuration protects. */
  readonly protect?: boolean | undefined
  /** How long the tool is watched before it counts as started (ms); 0. */
  readonly moment?: number | undefined
}

/**
 * Settles what the workspace's own file asks for and is not granted: gives the settings to start with.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Effect from "effect/Effect"
 *
 * // Grants what the workspace's own file asks for, for this session only.
 * const trusting: Clincus.Agree<never, never> = ({ settings, withheld }) =>
 *   Effect.succeed(withheld?.granted ?? settings)
 *
 * export const session = Effect.gen(function*() {
 *   const sessions = yield* Clincus.Sessions
 *   return yield* sessions.begin(yield* sessions.plan({ workspace: "." }, trusting))
 * })
 */
export type Agree<E, R> = (
  effective: Effective,
  profile: string | undefined
) => Effect.Effect<Settings, E, R>

/**
 * Leaves what is not granted.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Effect from "effect/Effect"
 *
 * export const request = Effect.flatMap(Clincus.Sessions, (sessions) =>
 *   sessions.plan({ workspace: "." }, Clincus.withoutAsking))
 */
export const withoutAsking: Agree<never, never> = ({ settings }) => Effect.succeed(settings)

/** The directory of a saved session; a directory that is gone may have been moved. */
const workspaceOf = (metadata: Metadata) =>
  openWorkspace(metadata.workspace).pipe(
    Effect.catchTag("BadWorkspace", (bad) =>
      Effect.fail(
        bad.reason !== "missing" ? bad : new CannotResume({
          reason: `${metadata.workspace}, the directory of session ${metadata.id}, is not there any more`,
          next: `If it was moved: clincus shell --resume=${metadata.id} NEW-DIRECTORY`
        })
      ))
  )

/** What the workspace's own file need not be asked about: the options say it, or the session that goes on has it. */
const decidedBy = (options: SessionOptions): ReadonlyArray<RequestKey> => {
  const resumed = options.resume !== undefined
  return [
    ...(options.tool !== undefined || resumed ? ["tool.name" as const] : []),
    ...(options.image !== undefined || resumed ? ["defaults.image" as const] : []),
    ...(options.persistent !== undefined || resumed ? ["defaults.persistent" as const] : []),
    ...(options.docker === undefined ? [] : ["security.docker" as const])
  ]
}

/** The variables that the configuration names, with the values that those to be forwarded have on the host. */
const configuredVariables = ({ forward, set }: Settings["environment"]) =>
  Effect.map(Host, ({ environment }) => ({
    ...set,
    ...Object.fromEntries(forward.flatMap((name) => {
      const value = environment[name]
      return value === undefined ? [] : [[name, value] as const]
    }))
  }))

/**
 * Decides what a session is to be, from what is said of it, the configuration, and the saved session that it goes on
 * with. `agree` settles what the workspace's own file asks for.
 */
export const planSession = <E, R>(options: SessionOptions, agree: Agree<E, R>) =>
  Effect.gen(function*() {
    const config = yield* ConfigService
    const saved = options.resume?.metadata
    const workspace = saved !== undefined && options.workspace === undefined
      ? yield* workspaceOf(saved)
      : yield* openWorkspace(options.workspace ?? ".")
    const profile = options.profile ?? saved?.profile
    const effective = yield* config.load({
      workspace: workspace.path,
      profile,
      decided: decidedBy(options)
    })
    const settings = yield* agree(effective, profile)
    const { defaults, incus, limits, network, paths, security, session } = settings
    return {
      workspace,
      directory: saved?.containerPath ?? (paths.preserve_workspace_path ? workspace.path : "/workspace"),
      slot: options.resume === undefined
        ? options.slot ?? 0
        : yield* slotFor(options.resume, options.slot),
      tool: yield* chooseTool(
        settings,
        saved?.tool ?? options.tool ?? settings.tool.name,
        options.tools
      ),
      image: options.image ?? saved?.image ?? defaults.image,
      persistent: options.persistent ?? saved?.persistent ?? defaults.persistent,
      limits: overridden(limits, options.limits ?? {}),
      docker: options.docker ?? security.docker,
      placement: { pool: incus.pool },
      network: {
        mode: options.network ?? network.mode,
        said: options.network !== undefined
          || effective.origins.some(({ key, source }) => key === "network.mode" && source !== "default"),
        allow: network.allow,
        network: incus.network
      },
      files: {
        hide: security.hide,
        protect: security.protect.map(plainPath),
        writable: options.protect === false ? ["."] : security.writable.map((path) => plainPath(path) || ".")
      },
      mounts: { rootOnMounts: security.root_on_mounts, rootWorkspace: security.root_workspace },
      environment: { ...(yield* configuredVariables(settings.environment)), ...options.environment },
      onExit: session.on_exit,
      onDetach: session.on_detach,
      clipboard: session.clipboard,
      profile,
      sources: sourcesOf(options, effective, settings),
      resume: Option.fromNullable(saved),
      debug: options.debug === true,
      size: options.size ?? { columns: 80, rows: 24 },
      allowHome: options.allowHome === true,
      moment: options.moment ?? 0
    } satisfies SessionRequest
  })
