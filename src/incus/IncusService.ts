import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { type Acls, makeAcls } from "./acls.ts"
import { makeClient } from "./client.ts"
import type { IncusFailure } from "./errors.ts"
import { type Events, makeEvents } from "./events.ts"
import { makeExec } from "./exec.ts"
import type { Exec } from "./execApi.ts"
import { type Files, makeFiles } from "./files.ts"
import { type Images, makeImages } from "./images.ts"
import { defaultPatience, IncusTransport, unixSocket } from "./IncusTransport.ts"
import {
  makeNetworks,
  makeProfiles,
  makeStorage,
  type Networks,
  type Profiles,
  type Storage
} from "./infrastructure.ts"
import { makeInstances } from "./instances.ts"
import type { Instances } from "./instancesApi.ts"
import { observed } from "./observed.ts"
import { ProjectInfo, ServerInfo } from "./schemas.ts"

/**
 * An Incus server by its REST API, one project of it. Each group of endpoints is a field; operations are waited for
 * inside, so that a request has ended when its effect has.
 *
 * Follows https://linuxcontainers.org/incus/docs/main/rest-api/.
 *
 * @example
 * import * as Incus from "clincus/incus"
 * import * as Effect from "effect/Effect"
 *
 * export const restart = Effect.gen(function*() {
 *   const { instances } = yield* Incus.IncusService
 *   yield* instances.stop("web", { force: false, timeoutSeconds: 30 })
 *   yield* instances.start("web")
 * })
 */
export class IncusService extends Context.Tag("clincus/IncusService")<IncusService, {
  /** The version, the extensions and the certificate of the server, and how it has let this user in. */
  readonly server: Effect.Effect<ServerInfo, IncusFailure>
  /** The server's clock (ms since the epoch), to the second; none if its answers have no date. */
  readonly clock: Effect.Effect<Option.Option<number>, IncusFailure>
  /** The project that `instances` and the other groups are of. */
  readonly project: string
  readonly instances: Instances
  /** The instances of another project of the same server. */
  readonly instancesOf: (project: string) => Instances
  /** True if the server has a project of this name and this user may see it. */
  readonly hasProject: (project: string) => Effect.Effect<boolean, IncusFailure>
  readonly exec: Exec
  readonly files: Files
  readonly images: Images
  readonly storage: Storage
  readonly networks: Networks
  readonly acls: Acls
  readonly profiles: Profiles
  readonly events: Events
}>() {}

/**
 * Where an Incus server is and which of its projects to use.
 *
 * @see layer
 */
export interface IncusOptions {
  /** Path of the daemon's Unix socket. */
  readonly socket: string
  readonly project: string
  /** How long the daemon may say nothing to a request, and be away while an operation is waited for; 10 s. */
  readonly patience?: Duration.DurationInput
}

/**
 * The service on whatever transport is given. Builds nothing and asks nothing until it is used. `patience` is that of
 * `IncusOptions`.
 *
 * @example
 * import * as Incus from "clincus/incus"
 * import * as Testing from "clincus/testing"
 * import * as Effect from "effect/Effect"
 *
 * export const names = Effect.gen(function*() {
 *   const { instances } = yield* Incus.IncusService
 *   return (yield* instances.list).length
 * }).pipe(
 *   Effect.provide(Incus.layerOnTransport("default")),
 *   Effect.provide(Testing.memoryTransport())
 * )
 * // => 0
 */
export const layerOnTransport = (
  project: string,
  patience: Duration.DurationInput = defaultPatience
): Layer.Layer<IncusService, never, IncusTransport> =>
  Layer.effect(
    IncusService,
    Effect.map(IncusTransport, (given) => {
      const transport = observed(given)
      const client = makeClient(transport, project, Duration.decode(patience))
      return {
        server: client.get("/1.0", ServerInfo),
        clock: client.raw({ method: "GET", path: "/1.0" }).pipe(
          Effect.map(({ headers }) =>
            Option.filter(Option.some(Date.parse(headers["date"] ?? "")), (time) => !Number.isNaN(time))
          )
        ),
        project,
        instances: makeInstances(client),
        instancesOf: (other) => makeInstances(makeClient(transport, other, client.patience)),
        hasProject: (other) =>
          client.get(`/1.0/projects/${encodeURIComponent(other)}`, ProjectInfo).pipe(
            Effect.as(true),
            Effect.catchTag(
              "IncusRequestError",
              (error) =>
                error.status === 404 || error.status === 403 ? Effect.succeed(false) : Effect.fail(error)
            )
          ),
        exec: makeExec(client),
        files: makeFiles(client),
        images: makeImages(client),
        storage: makeStorage(client),
        networks: makeNetworks(client),
        acls: makeAcls(client),
        profiles: makeProfiles(client),
        events: makeEvents(client)
      }
    })
  )

/**
 * The service over a Unix socket of this machine.
 *
 * @example
 * import * as Incus from "clincus/incus"
 * import * as Effect from "effect/Effect"
 *
 * const lab = Incus.layer({ socket: "/var/lib/incus/unix.socket", project: "lab", patience: "1 minute" })
 *
 * export const names = Effect.gen(function*() {
 *   const { instances } = yield* Incus.IncusService
 *   return (yield* instances.list).map(({ name }) => name)
 * }).pipe(Effect.provide(lab))
 */
export const layer = (
  { patience = defaultPatience, project, socket }: IncusOptions
): Layer.Layer<IncusService> =>
  layerOnTransport(project, patience).pipe(Layer.provide(unixSocket(socket, { patience })))
