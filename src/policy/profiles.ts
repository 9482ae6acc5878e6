import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { IncusFailure } from "../incus/errors.ts"
import { IncusService } from "../incus/IncusService.ts"
import type { Profile } from "../incus/infrastructureSchemas.ts"
import type { Device } from "../incus/schemas.ts"

/** The profile that set-up makes for containers of clincus. */
export const ownProfile = "clincus"

/** The profiles of a container of clincus: the machine's default one, then ours. */
export const profiles: ReadonlyArray<string> = ["default", ownProfile]

/**
 * A profile of sessions says something that weakens them and that a container cannot take back.
 *
 * @see SessionFailure
 */
export class ProfileRefused extends Data.TaggedError("ProfileRefused")<{
  readonly profile: string
  readonly key: string
}> {
  override get message(): string {
    return `the Incus profile '${this.profile}' sets ${this.key}: a session in it would be kept from the host by other rules than clincus promises`
  }
  get hint(): string {
    return `Give it to the containers that need it by a profile of their own: incus profile unset ${this.profile} ${this.key}`
  }
}

/** Something of a profile that a session does not get. */
export interface LeftOut {
  readonly profile: string
  readonly kind: "key" | "device"
  readonly name: string
}

/** What the profiles of sessions say, the later over the earlier. */
export interface Inherited {
  readonly config: Readonly<Record<string, string>>
  readonly devices: Readonly<Record<string, Device>>
  /** What sessions do not get of it. */
  readonly leftOut: ReadonlyArray<LeftOut>
}

/** They replace the rules of the kernel's filters as a whole, or add to them; a container's own empty one counts as absent. */
const refused: ReadonlyArray<string> = ["raw.apparmor", "raw.seccomp", "security.syscalls.allow"]

/** True for an option that weakens a container; all are off in a session, or have a value of clincus's own. */
export const weakens = (key: string): boolean =>
  key === "security.privileged" || key === "security.nesting" || key === "security.guestapi.images"
  || key === "nvidia.runtime" || key === "raw.lxc" || key === "security.syscalls.deny_default"
  || /^security\.syscalls\.intercept\.[a-z_]+$/.test(key)

/** What each container needs, and what is the default profile's to choose. */
const isPlain = ({ path, type }: Device): boolean => type === "nic" || (type === "disk" && path === "/")

const isOn = (value: string): boolean => !/^(false|0|no|off|)$/i.test(value)

/**
 * What sessions get of these profiles, and what not. The default profile is for all containers of a machine, so of its
 * devices a session gets the root disk and the network only; the profile of clincus is for sessions alone, and its
 * devices are the administrator's word.
 */
export const inheritedFrom = (found: ReadonlyArray<Profile>): Inherited => {
  const own = new Set(
    found.filter(({ name }) => name === ownProfile).flatMap(({ devices }) => Object.keys(devices))
  )
  return {
    config: Object.assign({}, ...found.map(({ config }) => config)),
    devices: Object.assign({}, ...found.map(({ devices }) => devices)),
    leftOut: found.flatMap(({ config, devices, name: profile }) => [
      ...Object.entries(config).flatMap(([name, value]) =>
        weakens(name) && (name === "security.syscalls.deny_default" ? !isOn(value) : isOn(value))
          ? [{ profile, kind: "key" as const, name }]
          : []
      ),
      ...Object.entries(devices).flatMap(([name, device]) =>
        profile === ownProfile || own.has(name) || isPlain(device)
          ? []
          : [{ profile, kind: "device" as const, name }]
      )
    ])
  }
}

/** The profiles of sessions as they are on the server. Fails if one of them says what may not be. */
export const sessionProfiles: Effect.Effect<
  ReadonlyArray<Profile>,
  IncusFailure | ProfileRefused,
  IncusService
> = Effect.gen(function*() {
  const incus = yield* IncusService
  const all = yield* Effect.forEach(profiles, incus.profiles.get, { concurrency: "unbounded" })
  const found = all.flatMap(Option.toArray)
  for (const { config, name } of found) {
    const key = refused.find((one) => config[one] !== undefined && config[one] !== "")
    if (key !== undefined) return yield* new ProfileRefused({ profile: name, key })
  }
  return found
}).pipe(Effect.withSpan("Policy.profiles"))
