import { outcomeDirectory } from "../guest/paths.ts"
import type { Device } from "../incus/schemas.ts"
import type { Tool } from "../tool/Tool.ts"
import type { Identity } from "../workspace/identity.ts"

/**
 * Where Incus puts a session's container: a storage pool, that of its profiles if undefined.
 *
 * @see SessionRequest
 */
export interface SessionPlacement {
  readonly pool: string | undefined
}

/** The disks of a session: workspace, state directories and outcome. */
export const devicesOf = (
  workspace: {
    readonly path: string
    /** What is mounted below it on the host comes along. */
    readonly recursive: boolean
  },
  identity: Pick<Identity, "home" | "mounts">,
  directory: string,
  saved: string,
  tool: Tool
): Record<string, Device> => {
  const disk = (source: string, path: string): Device => ({
    type: "disk",
    source,
    path,
    ...(identity.mounts === "shift" ? { shift: "true" } : {})
  })
  return {
    workspace: {
      ...disk(workspace.path, directory),
      ...(workspace.recursive ? { recursive: "true" } : {})
    },
    outcome: disk(`${saved}/outcome`, outcomeDirectory),
    ...Object.fromEntries(
      tool.state.map((
        path,
        index
      ) => [`state${index}`, disk(`${saved}/${path}`, `${identity.home}/${path}`)])
    )
  }
}
