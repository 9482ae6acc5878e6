import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { IncusConnectionLost, IncusRequestError, IncusSilent } from "./errors.ts"
import {
  httpRequest,
  named,
  notReached,
  type TransportFailure,
  type TransportRequest,
  type TransportResponse
} from "./httpRequest.ts"
import { keepAll } from "./keepAll.ts"
import { untilAccepted } from "./retry.ts"
import type { WebSocket } from "./WebSocket.ts"

/**
 * The way to an Incus server. Everything above speaks requests and WebSockets; only a transport knows whether the
 * server is behind a Unix socket of this machine or somewhere else.
 *
 * @example
 * import * as Incus from "clincus/incus"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * // Another transport with a line in the log for each request.
 * export const logged = Layer.effect(
 *   Incus.IncusTransport,
 *   Effect.map(Incus.IncusTransport, (below) => ({
 *     ...below,
 *     request: (request: Incus.TransportRequest) =>
 *       Effect.tap(below.request(request), ({ status }: Incus.TransportResponse) =>
 *         Effect.logDebug(`${request.method} ${request.path}: ${status}`))
 *   }))
 * )
 */
export class IncusTransport extends Context.Tag("clincus/IncusTransport")<IncusTransport, {
  /** Sends one request and collects the answer. Interrupting it drops the connection. */
  readonly request: (
    request: TransportRequest
  ) => Effect.Effect<TransportResponse, TransportFailure>
  /**
   * Opens a WebSocket that is closed with the scope. Fails with `IncusRequestError` if the server opens none. Incus
   * pings on each: it closes one for events that does not answer for half a minute, and does nothing about one of a command.
   * An answer that is sent when the server has hung up fails, and takes with it what has come and is not read yet.
   */
  readonly webSocket: (
    path: string,
    options?: { readonly answersPings: boolean }
  ) => Effect.Effect<WebSocket, TransportFailure | IncusRequestError, Scope.Scope>
  /** Loads what `webSocket` needs, for a program that has time before it. */
  readonly prepare: Effect.Effect<void>
}>() {}

/** Loaded on first use: most commands never open one, and start-up pays for what is loaded. */
const loadWebSockets = Effect.promise(() => import("ws"))

/** How long a daemon may say nothing that has been asked something. */
export const defaultPatience = Duration.seconds(10)

/**
 * A transport over a Unix socket. `socket` is the path of the daemon's socket, usually `/var/lib/incus/unix.socket`. A
 * daemon that does not accept a connection or says nothing for as long as `patience` fails the request with `IncusSilent`.
 *
 * @example
 * import * as Incus from "clincus/incus"
 * import * as Layer from "effect/Layer"
 *
 * export const service = Incus.layerOnTransport("default").pipe(
 *   Layer.provide(Incus.unixSocket("/run/lab/unix.socket", { patience: "30 seconds" }))
 * )
 */
export const unixSocket = (
  socket: string,
  options: { readonly patience?: Duration.DurationInput } = {}
): Layer.Layer<IncusTransport> => {
  const patience = Duration.decode(options.patience ?? defaultPatience)
  const seconds = Duration.toSeconds(patience)

  const open = (path: string, answersPings: boolean) => {
    const request = { method: "GET" as const, path }
    return Effect.flatMap(loadWebSockets, ({ WebSocket: Socket }) =>
      Effect.suspend(() => {
        let connected = false
        return Effect.async<
          { readonly socket: WebSocket; readonly end: () => void },
          TransportFailure | IncusRequestError
        >((resume) => {
          const opened = new Socket(`ws+unix://${socket}:${path}`, {
            perMessageDeflate: false,
            autoPong: answersPings,
            finishRequest: (outgoing) => {
              outgoing.on("socket", (connection) => {
                connection.once("connect", () => {
                  connected = true
                })
              })
              outgoing.end()
            }
          })
          opened.on(
            "open",
            () => resume(Effect.succeed({ socket: keepAll(opened), end: () => opened.terminate() }))
          )
          opened.on("unexpected-response", (outgoing, { statusCode: status = 0, statusMessage }) => {
            outgoing.destroy()
            const reason = `no WebSocket: ${status} ${statusMessage ?? ""}`.trim()
            resume(new IncusRequestError({ ...named(request), status, reason }))
          })
          opened.on("error", (cause) =>
            resume(Effect.fail(
              connected
                ? new IncusConnectionLost({ ...named(request), cause })
                : notReached(socket, request, seconds, cause)
            )))
          return Effect.sync(() => opened.terminate())
        }).pipe(Effect.timeoutFail({
          duration: patience,
          onTimeout: () => new IncusSilent({ ...named(request), seconds, sent: connected })
        }))
      }).pipe(untilAccepted(patience)))
  }

  return Layer.succeed(IncusTransport, {
    request: (input) => httpRequest(socket, patience, input),
    webSocket: (path, { answersPings } = { answersPings: false }) =>
      Effect.acquireRelease(Effect.interruptible(open(path, answersPings)), ({ end }) => Effect.sync(end))
        .pipe(
          Effect.map((opened) => opened.socket)
        ),
    prepare: Effect.asVoid(loadWebSockets)
  })
}
