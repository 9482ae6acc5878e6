/** The values of a machine without any configuration: the source before all others. */
export const defaults = {
  defaults: { image: "clincus", persistent: false },
  tool: { name: "claude" },
  session: { on_exit: "end", on_detach: "keep", clipboard: "off" },
  limits: { memory: "50%", processes: 4096 },
  environment: { forward: [] },
  security: {
    root_on_mounts: false,
    root_workspace: true,
    docker: false,
    protect: [],
    writable: [],
    hide: []
  },
  network: { mode: "restricted", allow: [] },
  paths: { sessions_dir: "~/.clincus", preserve_workspace_path: false },
  incus: { project: "default", socket: "/var/lib/incus/unix.socket" }
}
