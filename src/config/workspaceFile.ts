import { networkModes } from "../domain/network.ts"
import { keyOf } from "./key.ts"
import { compareLimit, type Comparison } from "./limits.ts"
import type { FileRequest, Origin, RefusedLimit, RequestKey } from "./Settings.ts"

/** What a workspace's own file says, sorted by what becomes of it. */
interface Sorted {
  /** In force: limits that are lower than the user's, and paths that are protected beside those of the user. */
  readonly taken: ReadonlyArray<Origin>
  /** In force once it is granted, with the request that stands for it. */
  readonly asked: ReadonlyArray<{ readonly origin: Origin; readonly request: FileRequest }>
  readonly refused: ReadonlyArray<RefusedLimit>
}

const scalar = (value: unknown): string | number => typeof value === "number" ? value : String(value)

const listOf = (value: unknown): ReadonlyArray<unknown> => Array.isArray(value) ? value : []

const isRequestKey = (key: string): key is RequestKey =>
  key === "defaults.image" || key === "defaults.persistent" || key === "tool.name" ||
  key === "security.docker"

/** Compares network modes: a narrower one is lower. */
const compareMode = (asked: unknown, own: unknown): Comparison => {
  const [wanted, present] = [asked, own].map((value) => networkModes.findIndex((mode) => mode === value))
  if (wanted === undefined || present === undefined || wanted < 0 || present < 0) return "unknown"
  return wanted === present ? "same" : wanted > present ? "lower" : "higher"
}

/**
 * Sorts the values of the workspace's own file. `own` is what the user has without it, profile included; `profile` are
 * the keys that the profile sets, and `decided` those that the command line does: both are the user's own word, before
 * which the file's does not count. Nor does a value count that is the user's already.
 */
export const sort = (
  file: ReadonlyArray<Origin>,
  user: {
    readonly own: ReadonlyArray<Origin>
    readonly profile: ReadonlySet<string>
    readonly decided: ReadonlyArray<RequestKey>
    /** The machine's memory (bytes). */
    readonly memory: number
  }
): Sorted => {
  const own = new Map(user.own.map((origin) => [origin.key, origin]))
  const asks = (tool: unknown) => own.get(keyOf(["tool", String(tool), "permission"]))?.value === "ask"
  const taken: Array<Origin> = []
  const asked: Array<{ origin: Origin; request: FileRequest }> = []
  const refused: Array<RefusedLimit> = []
  for (const origin of file) {
    const { key, value } = origin
    const present = own.get(key)
    if (isRequestKey(key)) {
      if (user.profile.has(key) || user.decided.includes(key) || value === present?.value) continue
      asked.push({
        origin,
        request: {
          key,
          asked: typeof value === "boolean" ? value : String(value),
          own: typeof present?.value === "boolean" ? present.value : String(present?.value),
          unasked: key === "tool.name" && asks(present?.value) && !asks(value)
        }
      })
      continue
    }
    if (key === "security.protect" || key === "security.hide") {
      taken.push({ ...origin, value: [...new Set([...listOf(present?.value), ...listOf(value)])] })
      continue
    }
    const comparison = key === "network.mode"
      ? compareMode(value, present?.value)
      : compareLimit(key, value, present?.value, user.memory)
    if (comparison === "lower" && !user.profile.has(key)) taken.push(origin)
    else if (comparison !== "same") {
      refused.push({
        key,
        asked: scalar(value),
        own: present === undefined ? undefined : scalar(present.value),
        reason: comparison === "lower" ? "profile" : comparison
      })
    }
  }
  return { taken, asked, refused }
}
