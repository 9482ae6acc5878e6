import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { compareLimit } from "../config/limits.ts"
import type { Limits } from "../config/Settings.ts"
import type { IncusFailure } from "../incus/errors.ts"
import { IncusService } from "../incus/IncusService.ts"

/**
 * Limits, and which of them the workspace's own file has set.
 *
 * @see SessionRequest
 */
export interface RequestedLimits extends Limits {
  /** A limit of an Incus profile that is lower than one of these stays in force. */
  readonly ofWorkspace: ReadonlyArray<keyof Limits>
}

/** Incus's limits; see https://linuxcontainers.org/incus/docs/main/reference/instance_options/#resource-limits. */
export const limitsOf = (limits: Limits): Record<string, string> => ({
  ...(limits.cpu === undefined ? {} : { "limits.cpu": limits.cpu }),
  ...(limits.memory === undefined ? {} : { "limits.memory": limits.memory }),
  ...(limits.processes === undefined ? {} : { "limits.processes": String(limits.processes) })
})

/** A profile's value as the configuration would have it: a number of processes is one. */
const valueOf = (name: string, text: string): unknown => name === "processes" ? Number(text) : text

/**
 * The limits with which a container stays within those of its profiles, of which `profiles` is the merged configuration:
 * a workspace's own file may lower what the machine's administrator has set, and no more. What cannot be compared is not
 * lower. The user's own limits are the user's word, and stay.
 */
export const withinProfiles = (
  limits: RequestedLimits,
  profiles: Readonly<Record<string, string>>
): Limits => {
  const kept = (name: keyof Limits) => {
    const theirs = profiles[`limits.${name}`]
    const asked = limits[name]
    if (theirs === undefined || asked === undefined || !limits.ofWorkspace.includes(name)) {
      return true
    }
    return compareLimit(`limits.${name}`, asked, valueOf(name, theirs)) === "lower"
  }
  return {
    cpu: kept("cpu") ? limits.cpu : undefined,
    memory: kept("memory") ? limits.memory : undefined,
    processes: kept("processes") ? limits.processes : undefined
  }
}

/** The same with the profiles of sessions, which are asked for only if the workspace's file has set a limit. */
export const limitsWithin = (
  limits: RequestedLimits,
  names: ReadonlyArray<string>
): Effect.Effect<Limits, IncusFailure, IncusService> =>
  Effect.gen(function*() {
    if (limits.ofWorkspace.length === 0) return limits
    const { profiles } = yield* IncusService
    const found = yield* Effect.forEach(names, profiles.get, { concurrency: "unbounded" })
    const config = Object.assign({}, ...found.flatMap(Option.toArray).map((profile) => profile.config))
    return withinProfiles(limits, config)
  })
