import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Fs from "node:fs"
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http"
import { createConnection, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { codeOf } from "../../src/host/codeOf.ts"
import { socket as daemon } from "../../test/daemon/support/World.ts"
import { perform, type Reply } from "../../test/unit/incus/support/faultyServer.ts"

/** Requests by what they are for. */
export type Named = "creation" | "wait" | "exec" | "stream" | "delete" | "state" | "look"

const kinds: ReadonlyArray<readonly [Named, method: string, path: RegExp]> = [
  ["creation", "POST", /^\/1\.0\/instances$/],
  ["wait", "GET", /^\/1\.0\/operations\/[^/]+\/wait$/],
  ["stream", "GET", /^\/1\.0\/operations\/[^/]+\/websocket$/],
  ["exec", "POST", /^\/1\.0\/instances\/[^/]+\/exec$/],
  ["delete", "DELETE", /^\/1\.0\/instances\/[^/]+$/],
  ["state", "PUT", /^\/1\.0\/instances\/[^/]+\/state$/],
  ["look", "GET", /^\/1\.0\/instances(\/[^/]+)?$/]
]

const named = ({ method, url }: IncomingMessage): Named | undefined =>
  kinds.find(([, verb, path]) => verb === method && path.test((url ?? "").split("?")[0] ?? ""))?.[0]

/** What goes wrong between clincus and the daemon. */
export interface Trouble {
  readonly on: Named
  /** What clincus gets in the place of the answer. */
  readonly reply: Reply
  /** Whether the daemon gets the request, and does what it says. */
  readonly reaches: boolean
  /** Each time, not only the first. */
  readonly again: boolean
}

export interface Proxy {
  readonly socket: string
  /** Requests in their order; those that the trouble was with end in `!`. */
  readonly seen: ReadonlyArray<string>
  /** From now on nothing gets through in either direction, and nothing is cut. */
  readonly freeze: Effect.Effect<void>
}

const close = (...sockets: ReadonlyArray<Socket>) => sockets.forEach((one) => one.destroy())

/** A socket that leads to the daemon, but for the trouble that it makes. */
export const proxy = (trouble?: Trouble): Effect.Effect<Proxy, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async<Proxy & { readonly end: () => void }>((resume) => {
      const directory = Fs.mkdtempSync(join(tmpdir(), "clincus-proxy-"))
      const path = join(directory, "socket")
      const seen: Array<string> = []
      const sockets = new Set<Socket>()
      let frozen = false
      let troubled = false

      const keep = (one: Socket) => {
        sockets.add(one)
        one.on("error", () => {}).on("close", () => sockets.delete(one))
      }
      const isTrouble = (incoming: IncomingMessage): boolean => {
        const strikes = trouble !== undefined && named(incoming) === trouble.on &&
          (trouble.again || !troubled)
        if (strikes) troubled = true
        seen.push(`${incoming.method} ${(incoming.url ?? "").split("?")[0]}${strikes ? " !" : ""}`)
        return strikes
      }

      /** A connection to the daemon. Its queue is full at times; that is not the trouble that is meant here. */
      const reach = (connected: (upstream: Socket) => void, failed: () => void) => {
        const upstream = createConnection(daemon)
        keep(upstream)
        const refused = (cause: unknown) =>
          codeOf(cause) === "EAGAIN" ? setTimeout(() => reach(connected, failed), 20) : failed()
        upstream.once("error", refused).once("connect", () => {
          upstream.off("error", refused)
          connected(upstream)
        })
      }
      /** Hands a request on; the answer is the daemon's, or what there is in its place. */
      const handOn = (
        incoming: IncomingMessage,
        answered: (answer: IncomingMessage) => void,
        failed: () => void
      ) => {
        const { headers, method, url } = incoming
        reach((upstream) => {
          const outgoing = request({ createConnection: () => upstream, method, path: url, headers }, answered)
          incoming.pipe(outgoing.on("error", failed))
        }, failed)
      }
      const treat = (incoming: IncomingMessage, response: ServerResponse) => {
        if (frozen) return
        const cut = () => response.socket?.destroy()
        if (!isTrouble(incoming) || trouble === undefined) {
          return handOn(incoming, (answer) => {
            if (frozen) return
            response.writeHead(answer.statusCode ?? 500, answer.headers)
            answer.pipe(response)
          }, cut)
        }
        if (!trouble.reaches) return incoming.on("end", () => perform(trouble.reply, response)).resume()
        handOn(incoming, (answer) => answer.on("end", () => perform(trouble.reply, response)).resume(), cut)
      }

      const server = createServer({ keepAliveTimeout: 60_000 }, treat)
      server.on("connection", keep)
      server.on("upgrade", (incoming: IncomingMessage, client: Socket) => {
        if (frozen) return
        if (isTrouble(incoming) && trouble !== undefined) {
          if (trouble.reply === "hang") return
          if (!trouble.reaches) return close(client)
          // Cut a moment after it was opened.
          setTimeout(() => close(client), 20)
        }
        const head = incoming.rawHeaders.reduce(
          (text, word, index) => text + (index % 2 === 0 ? `${word}: ` : `${word}\r\n`),
          `${incoming.method} ${incoming.url} HTTP/1.1\r\n`
        )
        reach((upstream) => {
          upstream.write(`${head}\r\n`)
          for (const [from, to] of [[client, upstream], [upstream, client]] as const) {
            from.on("close", () => to.destroy()).pipe(to)
          }
        }, () => close(client))
      })
      const end = () => {
        server.close()
        close(...sockets)
        Fs.rmSync(directory, { recursive: true, force: true })
      }
      const freeze = Effect.sync(() => {
        frozen = true
        for (const one of sockets) one.unpipe().pause()
      })
      server.listen(path, () => resume(Effect.succeed({ socket: path, seen, freeze, end })))
    }),
    ({ end }) => Effect.sync(end)
  )
