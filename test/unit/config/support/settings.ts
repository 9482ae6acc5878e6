import type { Settings } from "../../../../src/config/Settings.ts"

/** Settings of a user who has set nothing, with `/saved` for what is saved. */
export const plainSettings: Settings = {
  defaults: { image: "clincus", persistent: false },
  tool: { name: "claude", binary: undefined, named: {} },
  session: { on_exit: "end", on_detach: "keep", clipboard: "off" },
  limits: {
    cpu: undefined,
    memory: undefined,
    processes: undefined,
    disk: undefined,
    time: undefined,
    ofWorkspace: [],
    byDefault: []
  },
  environment: { forward: [], set: {} },
  security: {
    root_on_mounts: false,
    root_workspace: true,
    docker: false,
    protect: [],
    writable: [],
    hide: []
  },
  network: { mode: "restricted", allow: [] },
  paths: { sessions_dir: "/saved", preserve_workspace_path: false },
  incus: { project: "default", socket: "/socket", pool: undefined, network: undefined }
}
