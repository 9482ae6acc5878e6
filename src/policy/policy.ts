import { limitNames } from "../config/limits.ts"
import type { Limits } from "../config/Settings.ts"
import type { Device } from "../incus/schemas.ts"
import { lxcKey } from "./files/lxc.ts"
import { kernelOf } from "./kernel.ts"
import { limitsOf, type RequestedLimits, rootDisk, withinProfiles } from "./limits.ts"
import type { Inherited } from "./profiles.ts"

/** What is asked for of a session's walls. */
export interface RequestedPolicy {
  readonly limits: RequestedLimits
  /** Whether containers may run in the session. */
  readonly docker: boolean
  /** The storage pool; that of the profiles if undefined. */
  readonly pool: string | undefined
}

/** The walls of a session as its instance has them. */
export interface Policy {
  /** The limits in force, but for those of profiles. */
  readonly limits: Limits
  /** Instance options, limits included. */
  readonly config: Readonly<Record<string, string>>
  /** Those of them that are limits which somebody asked for. */
  readonly asked: Readonly<Record<string, string>>
  /** The root disk, if it is not the profiles' as it is, and `none` in the place of each device that is left out. */
  readonly devices: Readonly<Record<string, Device>>
}

/** The root disk of a session, if it differs from that of its profiles. */
const rootOf = (pool: string | undefined, { disk }: Limits, inherited: Inherited): Record<string, Device> => {
  const size = disk === "none" ? undefined : disk
  if (pool === undefined && size === undefined) return {}
  const [name, device] = rootDisk(inherited) ?? ["root", { type: "disk", path: "/" }]
  return {
    [name]: { ...device, ...(pool === undefined ? {} : { pool }), ...(size === undefined ? {} : { size }) }
  }
}

/** Instance options of several walls; what they say in LXC's own words stands below each other. */
export const together = (
  ...walls: ReadonlyArray<Readonly<Record<string, string>>>
): Record<string, string> => {
  const words = walls.flatMap((config) => config[lxcKey] ?? [])
  return { ...Object.assign({}, ...walls), ...(words.length === 0 ? {} : { [lxcKey]: words.join("\n") }) }
}

/** Decides the walls of a session in these profiles, on a machine with so much memory (bytes). */
export const policyOf = (
  { docker, limits: asked, pool }: RequestedPolicy,
  inherited: Inherited,
  memory: number
): Policy => {
  const limits = withinProfiles(asked, inherited, memory)
  const config = limitsOf(limits, inherited)
  return {
    limits,
    config: { ...config, ...kernelOf(docker, inherited) },
    asked: Object.fromEntries(
      limitNames.filter((name) => !asked.byDefault.includes(name)).flatMap((name) => {
        const value = config[`limits.${name}`]
        return value === undefined ? [] : [[`limits.${name}`, value]]
      })
    ),
    devices: {
      ...Object.fromEntries(
        inherited.leftOut.flatMap(({ kind, name }) => kind === "device" ? [[name, { type: "none" }]] : [])
      ),
      ...rootOf(pool, limits, inherited)
    }
  }
}
