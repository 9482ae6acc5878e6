import * as Path from "@effect/platform/Path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { createHash } from "node:crypto"
import { Host } from "../host/Host.ts"
import { readUntrusted } from "../host/stateFiles.ts"
import type { FileRefused } from "../host/untrusted/file.ts"
import { defaults } from "./defaults.ts"
import { flatten, merged, settingsOf } from "./effective.ts"
import { ConfigError, UnknownProfile } from "./errors.ts"
import { keyOf } from "./key.ts"
import { parse } from "./parse.ts"
import { ConfigFile, WorkspaceFile } from "./schema.ts"
import type { Effective, Origin, RequestKey } from "./Settings.ts"
import { isGranted, readGrants } from "./trust.ts"
import { userFile } from "./userFile.ts"
import { sort } from "./workspaceFile.ts"

/**
 * Configuration: `/etc/clincus/config.toml`, then the user's file (`CLINCUS_CONFIG`, else
 * `$XDG_CONFIG_HOME/clincus/config.toml`), then `.clincus.toml` of the workspace, then the profile; the later wins,
 * key by key. Command-line options come last and are not known here.
 *
 * Of `.clincus.toml`, which the agent may have written, only limits that are lower are in force at once. All else is a
 * request that the user grants (`grantRequests`); `withheld` has what is not granted.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Effect from "effect/Effect"
 *
 * export const image = Effect.gen(function*() {
 *   const { load } = yield* Clincus.ConfigService
 *   const { settings } = yield* load({ workspace: "/home/ada/project", profile: "big" })
 *   return settings.defaults.image
 * }).pipe(Effect.catchTags({
 *   ConfigError: ({ file, line, reason }) => Effect.fail(`${file}:${line}: ${reason}`),
 *   UnknownProfile: ({ known }) => Effect.fail(`there are ${known.join(", ")}`)
 * }))
 */
export class ConfigService extends Context.Tag("clincus/ConfigService")<ConfigService, {
  /**
   * Reads the files anew and gives the values in force, each with the file that it comes from. Fails with `ConfigError`
   * (file, line and column) if a file does not decode, with `UnknownProfile` if no file has the profile.
   */
  readonly load: (request: {
    /** Absolute, real path of the workspace whose `.clincus.toml` counts. */
    readonly workspace?: string | undefined
    readonly profile?: string | undefined
    /** Keys that the command line decides, so that the workspace's file is not asked about them. */
    readonly decided?: ReadonlyArray<RequestKey> | undefined
  }) => Effect.Effect<Effective, ConfigError | UnknownProfile>
}>() {}

/** The largest file that is read (bytes). */
const fileLimit = 1024 * 1024

const unusable = (file: string, reason: string, suggestion?: string) =>
  new ConfigError({ file, line: 0, column: 0, reason, suggestion })

const advice: Readonly<Record<FileRefused["kind"], string>> = {
  other: "Put a plain file in its place, or remove it.",
  content: "A configuration is a short text: mend the file, or remove it.",
  unreadable: "Let this user read it, or remove it."
}

const refused = ({ kind, path, reason }: FileRefused) => unusable(path, reason, advice[kind])

/** The user's file or the administrator's, which may be a link: many keep theirs elsewhere. */
const configFile = (file: string, required: boolean) =>
  readUntrusted(file, fileLimit, { links: "follow" }).pipe(
    Effect.catchTag("FileRefused", refused),
    Effect.filterOrFail(
      (text) => text !== undefined || !required,
      () => unusable(file, "the file does not exist")
    ),
    Effect.flatMap((text) =>
      text === undefined ? Effect.succeed<ConfigFile>({}) : parse(file, text, ConfigFile, "")
    ),
    Effect.map((config) => ({ file, config }))
  )

/** `.clincus.toml`: its values, and the hash of the bytes that they were read from. */
const workspaceFile = (file: string) =>
  Effect.gen(function*() {
    const text = yield* readUntrusted(file, fileLimit).pipe(Effect.catchTag("FileRefused", refused))
    if (text === undefined) return undefined
    const values = yield* parse(file, text, WorkspaceFile, ": a workspace's own file may not set it")
    return { values: flatten(values, file), sha256: createHash("sha256").update(text).digest("hex") }
  })

/**
 * Configuration of the user and the machine that `Host` tells of. Reads nothing before `load` is run.
 *
 * @example
 * import * as NodePath from "@effect/platform-node-shared/NodePath"
 * import * as Clincus from "clincus"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * export const settings = Effect.flatMap(Clincus.ConfigService, ({ load }) => load({})).pipe(
 *   Effect.provide(Layer.provide(Clincus.configLayer, [Clincus.hostLayer, NodePath.layer]))
 * )
 */
export const layer: Layer.Layer<ConfigService, never, Path.Path | Host> = Layer
  .effect(
    ConfigService,
    Effect.gen(function*() {
      const path = yield* Path.Path
      const host = yield* Host

      const users = yield* userFile

      const absolute = (given: string) =>
        path.resolve(given.startsWith("~/") ? path.join(host.home, given.slice(2)) : given)

      const { paths } = defaults
      const builtIn = flatten(
        { ...defaults, paths: { ...paths, sessions_dir: absolute(paths.sessions_dir) } },
        "default"
      )

      const environment: ReadonlyArray<Origin> = [
        { path: ["incus", "socket"], name: "INCUS_SOCKET" },
        { path: ["incus", "project"], name: "INCUS_PROJECT" }
      ].flatMap(({ name, path }) => {
        const value = host.environment[name]
        return value === undefined || value === "" ? [] : [{ key: keyOf(path), path, value, source: name }]
      })

      const load: Context.Tag.Service<ConfigService>["load"] = ({ decided = [], profile, workspace }) =>
        Effect.gen(function*() {
          const [system, user] = yield* Effect.all([
            configFile("/etc/clincus/config.toml", false),
            configFile(users.path, users.required)
          ], { concurrency: "unbounded" })

          const profiles = [system, user].flatMap(({ config, file }) =>
            Object.entries(config.profiles ?? {}).map(([name, value]) => ({ name, value, file }))
          )
          const matching = profiles.filter(({ name }) => name === profile)
          if (profile !== undefined && matching.length === 0) {
            return yield* new UnknownProfile({ profile, known: profiles.map(({ name }) => name) })
          }

          const below = [
            ...builtIn,
            ...[system, user].flatMap(({ config, file }) =>
              flatten({ ...config, profiles: undefined }, file)
            ),
            ...environment
          ]
          const above = matching.flatMap(({ file, name, value }) =>
            flatten(value, `${file} [${keyOf(["profiles", name])}]`)
          )
          const own = merged([...below, ...above])
          const file = workspace === undefined ? undefined : path.join(workspace, ".clincus.toml")
          const found = file === undefined ? undefined : yield* workspaceFile(file)
          if (workspace === undefined || file === undefined || found === undefined) {
            return { settings: yield* settingsOf(own, absolute), origins: own, withheld: undefined }
          }

          const { asked, refused: limits, taken } = sort(found.values, {
            own,
            profile: new Set(above.map(({ key }) => key)),
            decided,
            memory: host.memory
          })
          const grants = asked.length === 0
            ? []
            : yield* settingsOf(own, absolute).pipe(
              Effect.flatMap(({ paths }) => readGrants(paths.sessions_dir)),
              Effect.provideService(Path.Path, path)
            )
          const granted = asked.filter(({ request }) =>
            isGranted(grants, { workspace, sha256: found.sha256 }, request)
          )
          const open = asked.filter((one) => !granted.includes(one))
          const originsWith = (requests: typeof asked) =>
            merged([...below, ...taken, ...requests.map(({ origin }) => origin), ...above])
          const origins = originsWith(granted)
          return {
            settings: yield* settingsOf(origins, absolute, taken),
            origins,
            withheld: open.length === 0 && limits.length === 0 ? undefined : {
              workspace,
              file,
              sha256: found.sha256,
              requests: open.map(({ request }) => request),
              limits,
              granted: yield* settingsOf(originsWith(asked), absolute, taken)
            }
          }
        }).pipe(Effect.withSpan("ConfigService.load"))
      return { load }
    })
  )
