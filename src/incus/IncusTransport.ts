import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Http from "node:http"
import type { Readable } from "node:stream"
import { IncusDenied, IncusRequestError, IncusUnavailable } from "./errors.ts"
import { keepAll, type WebSocket } from "./WebSocket.ts"

/** A request of the REST API: `path` begins with `/1.0`, a `json` body or a `stream` of bytes may go with it. */
export interface TransportRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD"
  readonly path: string
  readonly json?: unknown
  readonly bytes?: Uint8Array
  readonly stream?: () => Readable
  readonly headers?: Record<string, string>
}

export interface TransportResponse {
  readonly status: number
  readonly headers: Http.IncomingHttpHeaders
  readonly body: Uint8Array
}

/**
 * The way to an Incus server. Everything above speaks requests and WebSockets; only a transport knows whether the
 * server is behind a Unix socket of this machine or somewhere else.
 */
export class IncusTransport extends Context.Tag("clincus/IncusTransport")<IncusTransport, {
  /** Sends one request and collects the answer. Interrupting it drops the connection. */
  readonly request: (
    request: TransportRequest
  ) => Effect.Effect<TransportResponse, IncusUnavailable | IncusDenied>
  /**
   * Opens a WebSocket that is closed with the scope. Fails with `IncusRequestError` where the server opens none.
   */
  readonly webSocket: (
    path: string
  ) => Effect.Effect<WebSocket, IncusUnavailable | IncusDenied | IncusRequestError, Scope.Scope>
  /** Loads what `webSocket` needs, for whoever has time before it. */
  readonly prepare: Effect.Effect<void>
}>() {}

const codeOf = (cause: unknown): string =>
  cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : ""

const failure = (socket: string, cause: unknown): IncusUnavailable | IncusDenied =>
  codeOf(cause) === "EACCES" || codeOf(cause) === "EPERM"
    ? new IncusDenied({ socket })
    : new IncusUnavailable({ socket, cause })

/** Loaded on first use: most commands never open one, and start-up pays for what is loaded. */
const loadWebSockets = Effect.promise(() => import("ws"))

/**
 * A transport over a Unix socket, connections kept alive. `socket` is the path of the daemon's socket, usually
 * `/var/lib/incus/unix.socket`.
 */
export const unixSocket = (socket: string): Layer.Layer<IncusTransport> =>
  Layer.scoped(
    IncusTransport,
    Effect.gen(function*() {
      const agent = yield* Effect.acquireRelease(
        Effect.sync(() => new Http.Agent({ keepAlive: true, maxSockets: 16 })),
        (agent) => Effect.sync(() => agent.destroy())
      )

      const request = (input: TransportRequest) =>
        Effect.async<TransportResponse, IncusUnavailable | IncusDenied>((resume) => {
          const json = input.json === undefined ? undefined : Buffer.from(JSON.stringify(input.json))
          const bytes = json ?? input.bytes
          const outgoing = Http.request({
            socketPath: socket,
            agent,
            method: input.method,
            path: input.path,
            headers: {
              Host: "incus",
              ...(json === undefined ? {} : { "Content-Type": "application/json" }),
              ...(bytes === undefined ? {} : { "Content-Length": String(bytes.length) }),
              ...input.headers
            }
          })
          const fail = (cause: unknown) => resume(Effect.fail(failure(socket, cause)))
          outgoing.on("error", fail)
          outgoing.on("response", (incoming) => {
            const chunks: Array<Buffer> = []
            incoming.on("data", (chunk: Buffer) => chunks.push(chunk))
            incoming.on("error", fail)
            incoming.on("end", () =>
              resume(Effect.succeed({
                status: incoming.statusCode ?? 0,
                headers: incoming.headers,
                body: Buffer.concat(chunks)
              })))
          })
          if (input.stream !== undefined) {
            const source = input.stream()
            source.on("error", (cause) => outgoing.destroy(cause))
            source.pipe(outgoing)
          } else {
            outgoing.end(bytes)
          }
          return Effect.sync(() => outgoing.destroy())
        })

      const webSocket = (path: string) =>
        Effect.acquireRelease(
          loadWebSockets.pipe(
            Effect.flatMap(({ WebSocket: Socket }) =>
              Effect.async<
                { readonly socket: WebSocket; readonly end: () => void },
                IncusUnavailable | IncusDenied | IncusRequestError
              >((resume) => {
                const opened = new Socket(`ws+unix://${socket}:${path}`, { perMessageDeflate: false })
                opened.on(
                  "open",
                  () => resume(Effect.succeed({ socket: keepAll(opened), end: () => opened.terminate() }))
                )
                opened.on("unexpected-response", (outgoing, { statusCode: status = 0, statusMessage }) => {
                  outgoing.destroy()
                  const reason = `no WebSocket: ${status} ${statusMessage ?? ""}`.trim()
                  resume(
                    new IncusRequestError({ method: "GET", path: path.split("?")[0] ?? "", status, reason })
                  )
                })
                opened.on("error", (cause) => resume(Effect.fail(failure(socket, cause))))
                return Effect.sync(() => opened.terminate())
              })
            ),
            Effect.interruptible
          ),
          ({ end }) => Effect.sync(end)
        ).pipe(Effect.map(({ socket }) => socket))

      return { request, webSocket, prepare: Effect.asVoid(loadWebSockets) }
    })
  )
