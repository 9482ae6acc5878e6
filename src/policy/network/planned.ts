import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Device } from "../../incus/schemas.ts"
import { hostDevices, noDevices, openDevices, restrictedDevices } from "./devices.ts"
import { NetworkNotReady } from "./errors.ts"
import { type NetworkFacts, networkOf, type NetworkRequest } from "./prepare.ts"

/**
 * The devices that `prepareNetwork` would give a session, without preparing anything: an address that it would choose is
 * not chosen.
 */
export const plannedDevices = (
  { allow, mode, network }: Pick<NetworkRequest, "allow" | "mode" | "network">,
  { acl, devices }: NetworkFacts
): Effect.Effect<Readonly<Record<string, Device>>, NetworkNotReady> =>
  Effect.gen(function*() {
    const host = hostDevices(allow.flatMap((target) => target._tag === "Host" ? [target.port] : []))
    if (mode === "open") return { ...openDevices(network), ...host }
    if (mode === "none") return { ...noDevices(devices), ...host }
    if (Option.isNone(acl)) {
      return yield* new NetworkNotReady({ reason: "Incus has no ACL for it", gateway: mode === "allow" })
    }
    const restricted = yield* networkOf(acl.value)
    return { ...restrictedDevices(devices, restricted.network, undefined), ...host }
  })
