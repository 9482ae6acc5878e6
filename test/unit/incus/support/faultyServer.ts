import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Fs from "node:fs"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Incus from "../../../../src/incus/IncusService.ts"

/** A request as the server got it, its body whole. */
export interface Seen {
  readonly method: string
  /** Without the project and other parameters. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingMessage["headers"]
  readonly body: string
}

/** What the server does with a request: an answer of Incus, or a fault. */
export type Reply =
  | { readonly sync: unknown; readonly etag?: string }
  | { readonly operation: string; readonly metadata?: unknown }
  /** Where the answer has `begun`, its status is 200 all the same, as it is while an operation is waited for. */
  | { readonly error: number; readonly text: string; readonly begun?: boolean }
  /** Says nothing. */
  | "hang"
  /** Says the header of an answer, and then nothing. */
  | "hang midway"
  | "cut"
  /** Cuts the connection in the middle of an answer. */
  | "cut midway"
  /** Answers with half a JSON document, framed as a whole one. */
  | "truncate"
  | "garbage"
  | "no HTTP"
  /** Answers, and then cuts the connection when the next request comes over it. */
  | "close when idle"

const text = (reply: unknown) => JSON.stringify(reply)

/** An operation as Incus shows it. */
export const operation = (id: string, extra: Record<string, unknown> = {}) => ({
  id,
  status: "Success",
  status_code: 200,
  err: "",
  description: "",
  metadata: null,
  resources: null,
  ...extra
})

const answer = (response: ServerResponse, code: number, body: string, headers: Record<string, string> = {}) =>
  response.writeHead(code, { "Content-Type": "application/json", ...headers }).end(body)

/** Does with a request what the reply says, however the request was treated so far. */
export const perform = (reply: Reply, response: ServerResponse) => {
  const { socket } = response
  const whole = text({ type: "sync", metadata: { auth: "trusted", environment: { server_version: "6" } } })
  switch (reply) {
    case "hang":
      return
    case "hang midway":
      return void response.writeHead(200, { "Content-Length": "100" }).write("{")
    case "cut":
      return void socket?.destroy()
    case "cut midway":
      response.writeHead(200, { "Content-Length": "1000" }).write(whole)
      return void setTimeout(() => socket?.destroy(), 20)
    case "truncate":
      return void answer(response, 200, whole.slice(0, 20))
    case "garbage":
      return void answer(response, 200, "<html>502 Bad Gateway</html>")
    case "no HTTP":
      return void socket?.end("SSH-2.0-OpenSSH_9.2\r\n")
    case "close when idle":
      return void answer(response, 200, whole)
  }
  if ("sync" in reply) {
    const headers: Record<string, string> = reply.etag === undefined ? {} : { ETag: reply.etag }
    return void answer(response, 200, text({ type: "sync", metadata: reply.sync }), headers)
  }
  if ("operation" in reply) {
    const started = operation(reply.operation, {
      status: "Running",
      status_code: 103,
      metadata: reply.metadata ?? null
    })
    return void answer(response, 202, text({ type: "async", metadata: started }))
  }
  return void answer(
    response,
    reply.begun === true ? 200 : reply.error,
    text({ type: "error", error: reply.text, error_code: reply.error, metadata: null })
  )
}

/**
 * A server on a Unix socket of its own that treats every request as `handle` says. Returns the socket's path and the
 * requests that have come so far.
 */
export const faultyServer = (
  handle: (request: Seen) => Reply
): Effect.Effect<{ readonly socket: string; readonly requests: ReadonlyArray<Seen> }, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async<
      { readonly socket: string; readonly requests: ReadonlyArray<Seen>; readonly close: () => void }
    >((resume) => {
      const directory = Fs.mkdtempSync(join(tmpdir(), "clincus-faulty-"))
      const socket = join(directory, "socket")
      const requests: Array<Seen> = []
      const closing = new WeakSet()
      const server = createServer({ keepAliveTimeout: 60_000 }, (incoming, response) => {
        if (closing.has(incoming.socket)) return void incoming.socket.destroy()
        const chunks: Array<Buffer> = []
        incoming.on("error", () => {})
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk))
        incoming.on("end", () => {
          const url = new URL(incoming.url ?? "/", "http://incus")
          const request = {
            method: incoming.method ?? "",
            path: decodeURIComponent(url.pathname),
            query: url.searchParams,
            headers: incoming.headers,
            body: Buffer.concat(chunks).toString("utf8")
          }
          requests.push(request)
          const reply = handle(request)
          if (reply === "close when idle") closing.add(incoming.socket)
          perform(reply, response)
        })
      })
      const close = () => {
        server.closeAllConnections()
        server.close()
        Fs.rmSync(directory, { recursive: true, force: true })
      }
      server.on("upgrade", () => {})
      server.listen(socket, () => resume(Effect.succeed({ socket, requests, close })))
    }),
    ({ close }) => Effect.sync(close)
  )

/** What a client with little patience does with the server. */
export const withClient =
  (socket: string, patience: Duration.DurationInput = "300 millis") =>
  <A, E, R>(effect: Effect.Effect<A, E, R | Incus.IncusService>) =>
    Effect.provide(effect, Incus.layer({ socket, project: "default", patience }))
