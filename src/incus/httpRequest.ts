import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Http from "node:http"
import { Readable } from "node:stream"
import { codeOf } from "../host/codeOf.ts"
import {
  IncusConnectionLost,
  IncusDenied,
  IncusSilent,
  IncusUnavailable,
  IncusUnexpected,
  LocalFileError
} from "./errors.ts"
import { untilAccepted } from "./retry.ts"

/**
 * A request of the REST API: `path` begins with `/1.0`, a `json` body, `bytes` or a `stream` of them may go with it.
 *
 * @see IncusTransport
 */
export interface TransportRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD"
  readonly path: string
  readonly json?: unknown
  readonly bytes?: Uint8Array
  /** Opens what is to be uploaded. It may fail with a `LocalFileError`; what else it fails with becomes one. */
  readonly stream?: () => AsyncIterable<Uint8Array>
  readonly headers?: Record<string, string>
  /** How long the daemon may say nothing, if it needs longer than usual. Uploads of a `stream` may take any time. */
  readonly patience?: Duration.DurationInput
}

/**
 * An answer of the server, whatever its status, with the body whole.
 *
 * @see IncusTransport
 */
export interface TransportResponse {
  readonly status: number
  /** By their names in lower case; several of one name are joined by `, `. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/**
 * What stands between us and an answer.
 *
 * @see IncusTransport
 */
export type TransportFailure =
  | IncusUnavailable
  | IncusDenied
  | IncusSilent
  | IncusConnectionLost
  | IncusUnexpected
  | LocalFileError

/** A request as errors name it: its parameters may hold secrets. */
export const named = (
  request: Pick<TransportRequest, "method" | "path">
): { readonly method: string; readonly path: string } => ({
  method: request.method,
  path: request.path.split("?")[0] ?? ""
})

/** A socket that was not reached: nothing was sent. */
export const notReached = (
  socket: string,
  request: Pick<TransportRequest, "method" | "path">,
  seconds: number,
  cause: unknown
): IncusUnavailable | IncusDenied | IncusSilent => {
  switch (codeOf(cause)) {
    case "EACCES":
    case "EPERM":
      return new IncusDenied({ socket })
    // Somebody listens, and the queue of connections to be accepted is full.
    case "EAGAIN":
      return new IncusSilent({ ...named(request), seconds, sent: false })
    default:
      return new IncusUnavailable({ socket, cause })
  }
}

const interrupted = (request: TransportRequest, cause: unknown) =>
  // The parser's own errors: what came is not HTTP. One of them says that the answer has no end.
  codeOf(cause).startsWith("HPE_") && codeOf(cause) !== "HPE_INVALID_EOF_STATE"
    ? new IncusUnexpected({ ...named(request), reason: "no HTTP" })
    : new IncusConnectionLost({ ...named(request), cause })

/** Of Node's timers, in ms. */
const longest = 2 ** 31 - 1

const localFailure = (cause: Error) =>
  cause instanceof LocalFileError
    ? cause
    : new LocalFileError({ path: "a local file", reason: cause.message })

/**
 * Sends one request over a connection of its own and collects the answer. A connection costs 0.2 ms on a Unix socket, and
 * a connection that is used twice may be closed by the daemon at that moment; a request could have been received then or not.
 */
export const httpRequest = (
  socket: string,
  usualPatience: Duration.Duration,
  input: TransportRequest
): Effect.Effect<TransportResponse, TransportFailure> => {
  const patience = Duration.decode(input.patience ?? usualPatience)
  const seconds = Duration.toSeconds(patience)

  return Effect.async<TransportResponse, TransportFailure>((resume) => {
    const json = input.json === undefined ? undefined : Buffer.from(JSON.stringify(input.json))
    const bytes = json ?? input.bytes
    let connected = false
    const outgoing = Http.request({
      socketPath: socket,
      agent: false,
      method: input.method,
      path: input.path,
      // Without anything said by either side, connecting included.
      timeout: Math.min(Duration.toMillis(patience), longest),
      headers: {
        Host: "incus",
        ...(json === undefined ? {} : { "Content-Type": "application/json" }),
        ...(bytes === undefined ? {} : { "Content-Length": String(bytes.length) }),
        ...input.headers
      }
    })
    const source = input.stream === undefined ? undefined : Readable.from(input.stream())
    const drop = () => {
      outgoing.destroy()
      source?.destroy()
    }
    const fail = (failure: TransportFailure) => {
      resume(Effect.fail(failure))
      drop()
    }
    const cut = (cause: unknown) =>
      fail(connected ? interrupted(input, cause) : notReached(socket, input, seconds, cause))
    outgoing.on("socket", (connection) =>
      connection.once("connect", () => {
        connected = true
        if (source !== undefined) connection.setTimeout(0)
      }))
    outgoing.on("timeout", () => fail(new IncusSilent({ ...named(input), seconds, sent: connected })))
    outgoing.on("error", cut)
    outgoing.on("response", (incoming) => {
      const chunks: Array<Buffer> = []
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk))
      incoming.on("error", cut)
      incoming.on("end", () => {
        resume(Effect.succeed({
          status: incoming.statusCode ?? 0,
          headers: Object.fromEntries(
            Object.entries(incoming.headers).map(([name, value]) => [name, [value].flat().join(", ")])
          ),
          body: Buffer.concat(chunks)
        }))
        source?.destroy()
      })
    })
    if (source === undefined) {
      outgoing.end(bytes)
    } else {
      source.on("error", (cause) => fail(localFailure(cause)))
      source.pipe(outgoing)
    }
    return Effect.sync(drop)
  }).pipe(untilAccepted(patience))
}
