import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Device } from "../../incus/schemas.ts"
import { sessionDevices } from "./devices.ts"
import { NetworkNotReady } from "./errors.ts"
import { type NetworkFacts, networkOf, type NetworkRequest } from "./prepare.ts"

/**
 * The devices that `prepareNetwork` would give a session, without preparing anything: an address that it would choose is
 * not chosen.
 */
export const plannedDevices = (
  request: Pick<NetworkRequest, "allow" | "mode" | "network">,
  { acl, devices }: NetworkFacts
): Effect.Effect<Readonly<Record<string, Device>>, NetworkNotReady> =>
  Effect.gen(function*() {
    const { mode } = request
    if (mode === "open" || mode === "none") return sessionDevices(request, devices)
    if (Option.isNone(acl)) {
      return yield* new NetworkNotReady({ reason: "Incus has no ACL for it", gateway: mode === "allow" })
    }
    return sessionDevices(request, devices, yield* networkOf(acl.value))
  })
