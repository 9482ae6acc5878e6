import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { ToolSettings } from "./schema.ts"
import type { Origin, Settings } from "./Settings.ts"

const decodeNamed = Schema.decodeUnknownOption(Schema.Record({ key: Schema.String, value: ToolSettings }))

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** A file's values with dots in the keys: `defaults.image`. Lists are values; `environment.set.X` and `tool.X.y` are keys. */
export const flatten = (value: object, source: string, prefix = ""): ReadonlyArray<Origin> =>
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
export const merged = (layers: ReadonlyArray<Origin>): ReadonlyArray<Origin> => {
  const last = new Map<string, Origin>()
  for (const origin of layers) {
    const renamed = origin.key === "tool.name" && last.get("tool.name")?.value !== origin.value
    if (renamed && last.get("tool.binary")?.source !== origin.source) last.delete("tool.binary")
    last.set(origin.key, origin)
  }
  return [...last.values()]
}

/**
 * The values of the keys in force. `absolute` makes a path of the configuration an absolute one; `taken` are the limits
 * that the workspace's own file has set.
 */
export const settingsOf = (
  origins: ReadonlyArray<Origin>,
  absolute: (path: string) => string,
  taken: ReadonlyArray<Origin> = []
): Settings => {
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
  return {
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
      processes: typeof processes === "number" ? processes : undefined,
      ofWorkspace: (["cpu", "memory", "processes"] as const).filter((name) =>
        origins.some((origin) => origin.key === `limits.${name}` && taken.includes(origin))
      )
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
      sessions_dir: absolute(text("paths.sessions_dir") ?? ""),
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
