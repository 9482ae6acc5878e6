import { operation, type Reply, type Seen } from "./faultyServer.ts"

/** An instance of the small daemon. */
export interface Small {
  status: string
  config: Record<string, string>
  devices: Record<string, Record<string, string>>
  ephemeral: boolean
}

/**
 * As much of Incus as one instance's life needs, in memory: each request is done at once, its operation is known afterwards
 * until it is taken out of `operations`.
 */
export const smallDaemon = () => {
  const instances = new Map<string, Small>()
  const operations = new Map<string, Record<string, unknown>>()
  let count = 0

  const begun = (path: string, failure?: string): Reply => {
    const id = `operation-${++count}`
    operations.set(id, {
      resources: { instances: [path] },
      ...(failure === undefined ? {} : { status: "Failure", status_code: 400, err: failure })
    })
    return { operation: id }
  }

  const shown = (name: string, { config, devices, ephemeral, status }: Small) => ({
    name,
    status,
    config,
    devices,
    ephemeral,
    type: "container",
    architecture: "x86_64",
    profiles: [],
    created_at: "2026-01-01T00:00:00Z",
    last_used_at: "2026-01-01T00:00:00Z"
  })

  const missing: Reply = { error: 404, text: "Instance not found" }

  const handle = ({ body, method, path }: Seen): Reply => {
    const json = body === "" ? {} : JSON.parse(body)
    const [, id, wait] = /^\/1\.0\/operations\/([^/]+)(\/wait)?$/.exec(path) ?? []
    if (id !== undefined) {
      const found = operations.get(id)
      if (found === undefined) return { error: 404, text: "not found" }
      // Whoever waits is told of a failure by an error.
      return wait !== undefined && typeof found["err"] === "string"
        ? { error: 500, text: found["err"], begun: true }
        : { sync: operation(id, found) }
    }
    if (path === "/1.0/operations") {
      return { sync: { success: [...operations].map(([id, extra]) => operation(id, extra)), running: null } }
    }
    if (path === "/1.0/instances" && method === "POST") {
      if (instances.has(json.name)) return begun(path, `Instance "${json.name}" already exists`)
      instances.set(json.name, {
        status: "Running",
        config: json.config,
        devices: json.devices,
        ephemeral: json.ephemeral
      })
      return begun(`/1.0/instances/${json.name}`)
    }
    const [, name, rest] = /^\/1\.0\/instances\/([^/]+)(\/state)?$/.exec(path) ?? []
    if (name === undefined) return { error: 404, text: "not found" }
    const instance = instances.get(name)
    if (instance === undefined) return missing
    if (method === "GET") return { sync: shown(name, instance), etag: "one" }
    if (method === "DELETE") instances.delete(name)
    if (method === "POST") {
      instances.delete(name)
      instances.set(json.name, instance)
    }
    if (method === "PUT" && rest === undefined) {
      Object.assign(instance, {
        config: json.config,
        devices: json.devices,
        ephemeral: json.ephemeral
      })
    }
    if (method === "PUT" && rest !== undefined) {
      instance.status = json.action === "stop"
        ? "Stopped"
        : "Running"
    }
    return begun(path)
  }

  return { instances, operations, handle }
}

/** A stopped instance. */
export const stopped = (): Small => ({ status: "Stopped", config: {}, devices: {}, ephemeral: false })

/** An instance that runs. */
export const running = (): Small => ({ ...stopped(), status: "Running" })
