import * as Effect from "effect/Effect"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { isObject } from "../domain/json.ts"
import { parseTarget } from "../domain/network.ts"
import { ConfigError } from "./errors.ts"
import { wrongValue } from "./expected.ts"
import { keyOf } from "./key.ts"
import { isOpen, limitNames } from "./limits.ts"
import type { Origin, Settings } from "./Settings.ts"
import { isToolKey, Values } from "./values.ts"

/** A file's values, each with its key: `defaults.image`. Lists are values; `environment.set.X` and `tool.X.y` are keys. */
export const flatten = (
  value: object,
  source: string,
  above: ReadonlyArray<string> = []
): ReadonlyArray<Origin> =>
  Object.entries(value).flatMap(([name, inner]: [string, unknown]) => {
    const path = [...above, name]
    const origin = { key: keyOf(path), path, value: inner, source }
    if (inner === undefined) return []
    // An empty table declares a tool that is like its name in everything.
    const declares = above.length === 1 && above[0] === "tool"
    if (!isObject(inner) || (declares && Object.keys(inner).length === 0)) return [origin]
    return flatten(inner, source, path)
  })

/** The last of each key. A binary belongs to the tool that is named with it: a file that names another tool leaves it behind. */
export const merged = (layers: ReadonlyArray<Origin>): ReadonlyArray<Origin> => {
  const last = new Map<string, Origin>()
  for (const origin of layers) {
    const renamed = origin.key === "tool.name" && last.get("tool.name")?.value !== origin.value
    if (renamed && last.get("tool.binary")?.source !== origin.source) last.delete("tool.binary")
    last.set(origin.key, origin)
  }
  return [...last.values()]
}

/** A table that is being put together. A `Map`, so that no name means anything to JavaScript. */
type Table = Map<string, unknown>

const put = (table: Table, [name, ...rest]: ReadonlyArray<string>, value: unknown): void => {
  if (name === undefined) return
  if (rest.length === 0 && !isObject(value)) return void table.set(name, value)
  const there = table.get(name)
  const inner: Table = there instanceof Map ? there : new Map()
  table.set(name, inner)
  put(inner, rest, value)
}

const plain = (value: unknown): unknown =>
  value instanceof Map
    ? Object.fromEntries([...value].map(([name, inner]: [unknown, unknown]) => [String(name), plain(inner)]))
    : value

/** Tools have a table of their own among the settings, where no other key can be taken for one. */
const placeOf = ([first, second, ...rest]: ReadonlyArray<string>): ReadonlyArray<string> =>
  first === "tool" && second !== undefined && !isToolKey(second)
    ? ["tool", "named", second, ...rest]
    : [first, second, ...rest].filter((part) => part !== undefined)

const decode = Schema.decodeUnknown(Values, { onExcessProperty: "error", errors: "all" })

/**
 * The values of the keys in force. `absolute` makes a path of the configuration an absolute one; `taken` are the limits
 * that the workspace's own file has set. Fails if the values, each right by itself, do not make settings.
 */
export const settingsOf = (
  origins: ReadonlyArray<Origin>,
  absolute: (path: string) => string,
  taken: ReadonlyArray<Origin> = []
): Effect.Effect<Settings, ConfigError> =>
  Effect.gen(function*() {
    const table: Table = new Map([["tool", new Map([["named", new Map()]])], ["limits", new Map()], [
      "environment",
      new Map([["set", new Map()]])
    ]])
    for (const { path, value } of origins) put(table, placeOf(path), value)
    const values = yield* decode(plain(table)).pipe(
      Effect.mapError((error) => {
        const path = (ParseResult.ArrayFormatter.formatErrorSync(error)[0]?.path ?? []).map(String)
        const origin = origins.find((one) => placeOf(one.path).every((part, index) => path[index] === part))
        return new ConfigError({
          file: origin?.source ?? "the configuration",
          line: 0,
          column: 0,
          ...wrongValue(Values, path, plain(table))
        })
      })
    )
    const { cpu, disk, memory, processes, time } = values.limits
    const said = (value: string | undefined) => isOpen(value) ? "none" : value
    const namesOf = (isOne: (origin: Origin) => boolean) =>
      limitNames.filter((name) => origins.some((one) => one.key === `limits.${name}` && isOne(one)))
    return {
      ...values,
      tool: { ...values.tool, binary: values.tool.binary },
      limits: {
        cpu: said(cpu?.toString()),
        memory: said(memory),
        processes: typeof processes === "string" ? "none" : processes,
        disk: said(disk),
        time: said(time),
        ofWorkspace: namesOf((origin) => taken.includes(origin)),
        byDefault: namesOf(({ source }) => source === "default")
      },
      network: {
        mode: values.network.mode,
        allow: values.network.allow.flatMap((target) => parseTarget(target) ?? [])
      },
      paths: { ...values.paths, sessions_dir: absolute(values.paths.sessions_dir) },
      incus: {
        project: values.incus.project,
        socket: absolute(values.incus.socket),
        pool: values.incus.pool,
        network: values.incus.network
      }
    }
  })
