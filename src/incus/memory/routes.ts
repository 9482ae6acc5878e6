import * as Effect from "effect/Effect"
import { done, refuse } from "./answers.ts"
import type { Daemon } from "./daemon.ts"
import { makeImages } from "./images.ts"
import type { makeInstances } from "./instances.ts"
import { makeNetworks } from "./networks.ts"
import { shown } from "./operations.ts"
import { type Handler, notKnown } from "./request.ts"

/** The REST API of the twin. */
export const makeRoutes = (daemon: Daemon, instances: ReturnType<typeof makeInstances>): Handler => {
  const images = makeImages(daemon)
  const networks = makeNetworks(daemon)

  const server: Handler = () =>
    Effect.succeed(done({
      auth: "trusted",
      auth_user_method: "unix",
      api_version: "1.0",
      api_extensions: [],
      config: {},
      environment: {
        server: "incus",
        server_version: "6.0.4",
        server_name: "memory",
        certificate_fingerprint: daemon.fingerprint,
        kernel_features: {},
        storage_supported_drivers: []
      }
    }))

  const project: Handler = ({ segments: [, name = ""] }) =>
    daemon.project(name) === undefined
      ? Effect.fail(refuse(404, "Project not found"))
      : Effect.succeed(done({ name, description: "", config: {} }))

  const profile: Handler = ({ segments: [, name = ""] }) => {
    const found = daemon.profiles.get(name)
    return found === undefined
      ? Effect.fail(refuse(404, "Fetch profile: Profile not found"))
      : Effect.succeed(
        done({ name, description: "", config: found.config ?? {}, devices: found.devices ?? {} })
      )
  }

  const operations: Handler = (asked) =>
    Effect.gen(function*() {
      const { method, project, query, segments: [, id, part] } = asked
      if (id === undefined) return done(yield* daemon.operations.list(project))
      if (part === "wait") {
        const seconds = query.get("timeout")
        const task = yield* daemon.operations.wait(id, seconds === null ? undefined : Number(seconds))
        return done(shown(task))
      }
      const task = yield* daemon.operations.get(id)
      if (method === "GET") return done(shown(task))
      return yield* task.outcome === undefined
        ? refuse(400, "This operation can't be cancelled")
        : refuse(400, "Only running operations can be cancelled")
    })

  return (asked) => {
    const { method, segments: [kind] } = asked
    switch (kind) {
      case "instances":
        return instances.handle(asked)
      case "operations":
        return operations(asked)
      case "images":
        return images(asked)
      case "networks":
        return networks.networks(asked)
      case "network-acls":
        return networks.acls(asked)
      case undefined:
        return method === "GET" ? server(asked) : notKnown(asked)
      case "projects":
        return method === "GET" ? project(asked) : notKnown(asked)
      case "profiles":
        return method === "GET" ? profile(asked) : notKnown(asked)
      default:
        return notKnown(asked)
    }
  }
}
