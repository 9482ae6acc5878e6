import { compareLimit, limitNames, secondsOf } from "../config/limits.ts"
import type { Limits } from "../config/Settings.ts"
import type { Device } from "../incus/schemas.ts"
import type { Inherited } from "./profiles.ts"

/**
 * Limits, which of them the workspace's own file has set, and which nobody has.
 *
 * @see SessionRequest
 */
export interface RequestedLimits extends Limits {
  /** A limit of an Incus profile that is lower than one of these stays in force. */
  readonly ofWorkspace: ReadonlyArray<keyof Limits>
  /** An Incus profile's limit stays in force before one of these. */
  readonly byDefault: ReadonlyArray<keyof Limits>
}

/** Limits that are said anew, by a command line or a program; what is undefined stays as it is. */
export const overridden = (limits: RequestedLimits, given: Partial<Limits>): RequestedLimits => {
  const isKept = (name: keyof Limits) => given[name] === undefined
  return {
    cpu: given.cpu ?? limits.cpu,
    memory: given.memory ?? limits.memory,
    processes: given.processes ?? limits.processes,
    disk: given.disk ?? limits.disk,
    time: given.time ?? limits.time,
    ofWorkspace: limits.ofWorkspace.filter(isKept),
    byDefault: limits.byDefault.filter(isKept)
  }
}

/** The root disk of a session and its name, as its profiles have it. */
export const rootDisk = (
  { devices }: Pick<Inherited, "devices">
): readonly [name: string, device: Device] | undefined =>
  Object.entries(devices).find(([, { path, type }]) => type === "disk" && path === "/")

/** What the profiles say of a limit; of a number of processes as a number. */
const theirs = (name: keyof Limits, inherited: Pick<Inherited, "config" | "devices">) =>
  name === "disk"
    ? rootDisk(inherited)?.[1]["size"]
    : name === "time"
    ? undefined
    : inherited.config[`limits.${name}`]

/**
 * The limits with which a container stays within those of its profiles: a workspace's own file may lower what the
 * machine's administrator has set, and no more, and what is there by default yields to that. What cannot be compared is
 * not lower. The user's own limits are the user's word, and stay. `machine` is its memory (bytes).
 */
export const withinProfiles = (
  limits: RequestedLimits,
  inherited: Pick<Inherited, "config" | "devices">,
  machine: number
): Limits => {
  const kept = (name: keyof Limits) => {
    const present = theirs(name, inherited)
    const asked = limits[name]
    if (present === undefined || asked === undefined) return true
    if (limits.byDefault.includes(name)) return false
    return !limits.ofWorkspace.includes(name)
      || compareLimit(`limits.${name}`, asked, present, machine) === "lower"
  }
  const nothing: Limits = {
    cpu: undefined,
    memory: undefined,
    processes: undefined,
    disk: undefined,
    time: undefined
  }
  return Object.assign(nothing, ...limitNames.filter(kept).map((name) => ({ [name]: limits[name] })))
}

/** When the time of a session is over that began then (ms since the epoch); never if undefined. */
export const deadlineOf = ({ time }: Pick<Limits, "time">, started: number): number | undefined => {
  const seconds = time === undefined ? undefined : secondsOf(time)
  return seconds === undefined ? undefined : started + seconds * 1000
}

/** The share of the processors that a session has when others want them too: half of what a program of the host has. */
const share = "50%"

/**
 * Incus's options; see https://linuxcontainers.org/incus/docs/main/reference/instance_options/#resource-limits. Memory is
 * memory with swap: one that swaps would take the host along. How processors and swap are shared is left to profiles
 * that say it.
 */
export const limitsOf = (
  { cpu, memory, processes }: Limits,
  { config }: Pick<Inherited, "config">
): Record<string, string> => {
  const isSet = <A>(limit: A | "none" | undefined): limit is A => limit !== undefined && limit !== "none"
  const unlessSaid = (key: string, value: string) => config[key] === undefined ? { [key]: value } : {}
  return {
    ...(cpu === "none" ? {} : unlessSaid("limits.cpu.allowance", share)),
    ...(isSet(cpu) ? { "limits.cpu": cpu } : {}),
    ...(isSet(memory) ? { "limits.memory": memory } : {}),
    ...(isSet(memory) || config["limits.memory"] !== undefined
      ? unlessSaid("limits.memory.swap", "false")
      : {}),
    ...(isSet(processes) ? { "limits.processes": String(processes) } : {})
  }
}
