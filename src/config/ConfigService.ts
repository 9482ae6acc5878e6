import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Host } from "../domain/Host.ts"
import { ConfigError, UnknownProfile } from "./errors.ts"
import { parse } from "./parse.ts"
import { ConfigFile, ToolSettings, WorkspaceFile } from "./schema.ts"
import type { Effective, Origin } from "./Settings.ts"

/**
 * Configuration: `/etc/clincus/config.toml`, then the user's file (`CLINCUS_CONFIG`, else
 * `$XDG_CONFIG_HOME/clincus/config.toml`), then `.clincus.toml` of the workspace, then the profile; the later wins,
 * key by key. Command-line options come last and are not known here.
 */
export class ConfigService extends Context.Tag("clincus/ConfigService")<ConfigService, {
  readonly load: (request: {
    /** Absolute path of the workspace whose `.clincus.toml` counts. */
    readonly workspace?: string | undefined
    readonly profile?: string | undefined
  }) => Effect.Effect<Effective, ConfigError | UnknownProfile>
}>() {}

const decodeNamed = Schema.decodeUnknownOption(Schema.Record({ key: Schema.String, value: ToolSettings }))

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** The largest file of a workspace that is read (bytes). */
const fileLimit = 1024 * 1024

/** A file's values with dots in the keys: `defaults.image`. Lists are values; `environment.set.X` and `tool.X.y` are keys. */
const flatten = (value: object, source: string, prefix = ""): ReadonlyArray<Origin> =>
  Object.entries(value).flatMap(([name, inner]: [string, unknown]) => {
    const key = prefix === "" ? name : `${prefix}.${name}`
    if (inner === undefined) return []
    // An empty table declares a tool that is like its name in everything.
    if (prefix === "tool" && isObject(inner) && Object.keys(inner).length === 0) {
      return [{ key, value: inner, source }]
    }
    return isObject(inner)
      ? flatten(inner, source, key)
      : [{ key, value: inner, source }]
  })

/** The last of each key. A binary is that of the tool named with it: whoever names another one leaves it behind. */
const merged = (layers: ReadonlyArray<Origin>): ReadonlyArray<Origin> => {
  const last = new Map<string, Origin>()
  for (const origin of layers) {
    const renamed = origin.key === "tool.name" && last.get("tool.name")?.value !== origin.value
    if (renamed && last.get("tool.binary")?.source !== origin.source) last.delete("tool.binary")
    last.set(origin.key, origin)
  }
  return [...last.values()]
}

export const layer: Layer.Layer<ConfigService, never, FileSystem.FileSystem | Path.Path | Host> = Layer
  .effect(
    ConfigService,
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const host = yield* Host

      const read = (file: string, required: boolean) =>
        fs.readFileString(file).pipe(
          Effect.map(Option.some),
          Effect.catchTag("SystemError", (error) => {
            if (error.reason === "NotFound" && !required) return Effect.succeed(Option.none<string>())
            const reason = error.reason === "NotFound"
              ? "the file does not exist"
              : `cannot be read (${error.reason})`
            return Effect.fail(new ConfigError({ file, line: 0, column: 0, reason, suggestion: undefined }))
          }),
          Effect.catchTag("BadArgument", (error) =>
            Effect.fail(
              new ConfigError({ file, line: 0, column: 0, reason: error.message, suggestion: undefined })
            ))
        )

      /** A pipe or a device in the place of a workspace's file would hold us for ever; an agent can make one. */
      const readHostile = (file: string) =>
        fs.stat(file).pipe(
          Effect.option,
          Effect.filterOrFail(
            Option.match({
              onNone: () => true,
              onSome: ({ size, type }) => type === "File" && size <= fileLimit
            }),
            () =>
              new ConfigError({
                file,
                line: 0,
                column: 0,
                reason: "not a file, or too large for a configuration",
                suggestion: undefined
              })
          ),
          Effect.zipRight(read(file, false))
        )

      const configFile = (file: string, required: boolean) =>
        read(file, required).pipe(
          Effect.flatMap(Option.match({
            onNone: () => Effect.succeed<ConfigFile>({}),
            onSome: (text) => parse(file, text, ConfigFile, "")
          })),
          Effect.map((config) => ({ file, config }))
        )

      const defaults = flatten({
        defaults: { image: "clincus", persistent: false },
        tool: { name: "claude" },
        session: { on_exit: "end", on_detach: "keep" },
        environment: { forward: [] },
        security: { root_on_mounts: false, root_workspace: true },
        paths: { sessions_dir: path.join(host.home, ".clincus"), preserve_workspace_path: false },
        incus: { project: "default", socket: "/var/lib/incus/unix.socket" }
      }, "default")

      const environment: ReadonlyArray<Origin> = [
        { key: "incus.socket", name: "INCUS_SOCKET" },
        { key: "incus.project", name: "INCUS_PROJECT" }
      ].flatMap(({ key, name }) => {
        const value = host.environment[name]
        return value === undefined || value === "" ? [] : [{ key, value, source: name }]
      })

      const settingsOf = (origins: ReadonlyArray<Origin>): Effective => {
        const values = new Map(origins.map((origin) => [origin.key, origin.value]))
        const text = (key: string) => {
          const value = values.get(key)
          return value === undefined ? undefined : String(value)
        }
        const below = (prefix: string) =>
          [...values].filter(([key]) => key.startsWith(`${prefix}.`)).map(([key, value]) =>
            [key.slice(prefix.length + 1), value] as const
          )
        const named: Record<string, Record<string, unknown>> = {}
        for (const [rest, value] of below("tool")) {
          if (isObject(value)) named[rest] = { ...named[rest] }
          const dot = rest.lastIndexOf(".")
          if (dot > 0) {
            named[rest.slice(0, dot)] = { ...named[rest.slice(0, dot)], [rest.slice(dot + 1)]: value }
          }
        }
        const processes = values.get("limits.processes")
        const forward = values.get("environment.forward")
        const home = text("paths.sessions_dir") ?? ""
        return {
          origins,
          settings: {
            defaults: {
              image: text("defaults.image") ?? "",
              persistent: values.get("defaults.persistent") === true
            },
            tool: {
              name: text("tool.name") ?? "",
              binary: text("tool.binary"),
              named: Option.getOrElse(decodeNamed(named), () => ({}))
            },
            session: {
              on_exit: values.get("session.on_exit") === "shell" ? "shell" : "end",
              on_detach: values.get("session.on_detach") === "end" ? "end" : "keep"
            },
            limits: {
              cpu: text("limits.cpu"),
              memory: text("limits.memory"),
              processes: typeof processes === "number" ? processes : undefined
            },
            environment: {
              forward: Array.isArray(forward) ? forward.map(String) : [],
              set: Object.fromEntries(below("environment.set").map(([name, value]) => [name, String(value)]))
            },
            security: {
              root_on_mounts: values.get("security.root_on_mounts") === true,
              root_workspace: values.get("security.root_workspace") === true
            },
            paths: {
              sessions_dir: path.resolve(home.startsWith("~/") ? path.join(host.home, home.slice(2)) : home),
              preserve_workspace_path: values.get("paths.preserve_workspace_path") === true
            },
            incus: {
              project: text("incus.project") ?? "default",
              socket: text("incus.socket") ?? "",
              pool: text("incus.pool"),
              network: text("incus.network")
            }
          }
        }
      }

      return {
        load: ({ profile, workspace }) =>
          Effect.gen(function*() {
            const chosen = host.environment["CLINCUS_CONFIG"]
            const base = host.environment["XDG_CONFIG_HOME"] || path.join(host.home, ".config")
            const [system, user] = yield* Effect.all([
              configFile("/etc/clincus/config.toml", false),
              chosen === undefined || chosen === ""
                ? configFile(path.join(base, "clincus", "config.toml"), false)
                : configFile(path.resolve(host.directory, chosen), true)
            ], { concurrency: "unbounded" })

            const own = workspace === undefined ? undefined : path.join(workspace, ".clincus.toml")
            const ownText = own === undefined ? Option.none<string>() : yield* readHostile(own)
            const project = own === undefined || Option.isNone(ownText)
              ? []
              : flatten(
                yield* parse(own, ownText.value, WorkspaceFile, ": a workspace's own file may not set it"),
                own
              )

            const profiles = [system, user].flatMap(({ config, file }) =>
              Object.entries(config.profiles ?? {}).map(([name, value]) => ({ name, value, file }))
            )
            const matching = profiles.filter(({ name }) => name === profile)
            if (profile !== undefined && matching.length === 0) {
              return yield* new UnknownProfile({ profile, known: profiles.map(({ name }) => name) })
            }

            const layers = [
              ...defaults,
              ...[system, user].flatMap(({ config, file }) =>
                flatten({ ...config, profiles: undefined }, file)
              ),
              ...environment,
              ...project,
              ...matching.flatMap(({ file, name, value }) => flatten(value, `${file} [profiles.${name}]`))
            ]
            return settingsOf(merged(layers))
          })
      }
    })
  )
