import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Profile } from "../incus/infrastructureSchemas.ts"
import type { Device } from "../incus/schemas.ts"
import { ownProfile } from "../policy/profiles.ts"
import type { Machine } from "./machine.ts"
import { chooseNetwork, newBridge } from "./network.ts"
import { type IncusServer, unasked, whenReached } from "./server.ts"
import { type Action, done, needed, type Step } from "./Step.ts"
import { choosePool, newPool } from "./storage.ts"

type Devices = Readonly<Record<string, Device>>

const isRoot = (device: Device) => device["type"] === "disk" && device["path"] === "/"
const isNic = (device: Device) => device["type"] === "nic"

/**
 * The devices that sessions need and the default profile lacks, by name. What is asked for by name overrides the default
 * profile's device, which is why it takes that device's name.
 */
export const profileDevices = (facts: {
  readonly defaults: Devices
  readonly pool: string
  readonly network: string
  /** Asked for by the configuration, so that the default profile's own does not do. */
  readonly ownPool: boolean
  readonly ownNetwork: boolean
}): Record<string, Device> => {
  const nameOf = (test: (device: Device) => boolean) =>
    Object.entries(facts.defaults).find(([, device]) => test(device))?.[0]
  const root = nameOf(isRoot)
  const nic = nameOf(isNic)
  return {
    ...(root === undefined || facts.ownPool
      ? { [root ?? "root"]: { type: "disk", path: "/", pool: facts.pool } }
      : {}),
    ...(nic === undefined || facts.ownNetwork
      ? { [nic ?? "eth0"]: { type: "nic", name: "eth0", network: facts.network } }
      : {})
  }
}

/**
 * True if a profile does what these devices are for. A root disk or an interface of the user's own making does, unless
 * the configuration names a pool or a network.
 */
export const carries = (
  profile: Profile,
  devices: Devices,
  asked: { readonly ownPool: boolean; readonly ownNetwork: boolean }
): boolean =>
  Object.entries(devices).every(([name, device]) => {
    const [alike, key, exact] = isRoot(device)
      ? [isRoot, "pool", asked.ownPool] as const
      : [isNic, "network", asked.ownNetwork] as const
    return exact
      ? profile.devices[name]?.[key] === device[key]
      : Object.values(profile.devices).some(alike)
  })

const shownDevices = (devices: Devices): string =>
  Object.entries(devices).map(([name, device]) =>
    `  ${name}: {${Object.entries(device).map(([key, value]) => `${key}: ${value}`).join(", ")}}`
  ).join("\n")

const asYaml = (devices: Devices): string =>
  Object.keys(devices).length === 0 ? "devices: {}" : `devices:\n${shownDevices(devices)}`

const description = "What sessions of clincus need and the default profile lacks"

/** The profile `clincus` carries what the default profile lacks; the default profile itself is never touched. */
export const profileStep = (
  machine: Machine,
  server: IncusServer,
  options: {
    readonly pool: string | undefined
    readonly network: string | undefined
  }
): Step => {
  const asked = { ownPool: options.pool !== undefined, ownNetwork: options.network !== undefined }
  const inProject = server.project === "default" ? "" : `--project ${server.project} `
  const create = (devices: Record<string, Device>): Action => ({
    shown: `incus ${inProject}profile create ${ownProfile} <<'END'\n${asYaml(devices)}\nEND`,
    run: server.api.profiles.create({ name: ownProfile, description, config: {}, devices })
  })
  const complete = (profile: Profile, devices: Record<string, Device>): Action => ({
    shown: `incus ${inProject}profile edit ${ownProfile}    # add:\n${shownDevices(devices)}`,
    run: server.api.profiles.update({ ...profile, devices: { ...profile.devices, ...devices } })
  })

  return {
    name: "profile",
    title: "Profile",
    check: whenReached(
      server,
      Effect.map(machine.list("/sys/class/net"), (interfaces) =>
        needed(unasked, [
          create(profileDevices({
            defaults: {},
            pool: options.pool ?? newPool,
            network: options.network ?? newBridge(interfaces),
            ...asked
          }))
        ])),
      ({ defaults }) =>
        Effect.gen(function*() {
          const [pools, networks, found] = yield* Effect.all([
            server.api.storage.list,
            server.api.networks.list,
            server.api.profiles.get(ownProfile)
          ])
          const devices = profileDevices({
            defaults,
            pool: choosePool(pools, defaults, options.pool)?.name ?? newPool,
            network: chooseNetwork(networks, defaults, options.network) ??
              newBridge(networks.map(({ name }) => name)),
            ...asked
          })
          if (Option.isNone(found)) return needed(`there is no profile ${ownProfile}`, [create(devices)])
          return carries(found.value, devices, asked)
            ? done(ownProfile)
            : needed(`the profile ${ownProfile} lacks devices that sessions need`, [
              complete(found.value, devices)
            ])
        })
    )
  }
}
