import type { Device } from "../incus/schemas.ts"
import { devicesOf } from "../policy/devices.ts"
import type { Shape } from "../policy/explain/Fact.ts"
import { type Policy, together } from "../policy/policy.ts"
import { type Identity, idmapOf } from "../workspace/identity.ts"
import type { Held } from "./protection.ts"
import type { SessionRequest } from "./request.ts"

/** What was decided about a session, each part by the module that it is the business of. */
interface Decided {
  readonly request: SessionRequest
  readonly identity: Identity
  /** The saved session's directory. */
  readonly saved: string
  readonly walls: Policy
  /** What it has of the network. */
  readonly network: Readonly<Record<string, Device>>
  /** What holds and hides paths of the workspace. */
  readonly held: Held
}

/**
 * The instance of a session, as one request makes it, but for its labels: `explain` shows it before it is made, so what is
 * not in here is in no session.
 */
export const shapeOf = ({ held, identity, network, request, saved, walls }: Decided): Shape => ({
  devices: {
    ...walls.devices,
    ...held.devices,
    ...network,
    ...devicesOf(
      { ...request.workspace, recursive: held.recursive },
      identity,
      request.directory,
      saved,
      request.tool.tool
    )
  },
  config: { ...together(walls.config, held.config), ...idmapOf(identity) }
})
