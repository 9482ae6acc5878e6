/**
 * A client of Incus for TypeScript: the REST API of one project of a server as an Effect service, over its Unix socket or
 * over a transport of your own. It needs nothing else of clincus.
 *
 * Follows https://linuxcontainers.org/incus/docs/main/rest-api/.
 *
 * @example
 * import * as Incus from "clincus/incus"
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 *
 * const program = Effect.gen(function*() {
 *   const incus = yield* Incus.IncusService
 *   const { stdout } = yield* incus.exec.run("web", { command: ["uname", "-a"] })
 *   yield* Console.log(stdout)
 * })
 *
 * const live = Incus.layer({ socket: "/var/lib/incus/unix.socket", project: "default" })
 * await Effect.runPromise(Effect.provide(program, live))
 *
 * @module
 */
export type { AclContent, Acls } from "./acls.ts"
export * from "./errors.ts"
export type { Events } from "./events.ts"
export type { Exec, ExecRequest, ExecResult, TerminalIO, TerminalSize } from "./execApi.ts"
export type { FileOwner, Files } from "./files.ts"
export type { TransportFailure, TransportRequest, TransportResponse } from "./httpRequest.ts"
export type { Images } from "./images.ts"
export { type IncusOptions, IncusService, layer, layerOnTransport } from "./IncusService.ts"
export { IncusTransport, unixSocket } from "./IncusTransport.ts"
export type { Networks, Profiles, Storage } from "./infrastructure.ts"
export { AclRule, Network, NetworkAcl, PoolSpace, Profile, StoragePool } from "./infrastructureSchemas.ts"
export type { InstancePatch, Instances, InstanceSpec } from "./instancesApi.ts"
export { mayPass } from "./retry.ts"
export {
  Device,
  Image,
  IncusEvent,
  Instance,
  InstanceState,
  isUp,
  LifecycleEvent,
  Operation,
  ServerInfo
} from "./schemas.ts"
export type { Message, WebSocket } from "./WebSocket.ts"
