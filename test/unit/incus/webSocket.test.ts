import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import { createServer } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Duplex } from "node:stream"
import { type WebSocket as Connection, WebSocketServer } from "ws"
import { IncusTransport, unixSocket } from "../../../src/incus/IncusTransport.ts"
import type { Message } from "../../../src/incus/WebSocket.ts"

/** A server on a Unix socket of its own that does something with each WebSocket as soon as it is there. */
const serverThat = (greet: (connection: Connection, wire: Duplex) => void) =>
  Effect.acquireRelease(
    Effect.async<{ readonly path: string; readonly close: () => void }>((resume) => {
      const directory = Fs.mkdtempSync(join(tmpdir(), "clincus-socket-"))
      const path = join(directory, "socket")
      const sockets = new WebSocketServer({ noServer: true })
      const server = createServer()
      server.on("upgrade", (request, wire, head) => {
        wire.cork()
        sockets.handleUpgrade(request, wire, head, (connection) => greet(connection, wire))
        wire.uncork()
      })
      server.listen(path, () =>
        resume(Effect.succeed({
          path,
          close: () => {
            server.close()
            Fs.rmSync(directory, { recursive: true })
          }
        })))
    }),
    ({ close }) => Effect.sync(close)
  )

/** What is heard by a client that takes its time to listen. */
const heard = (path: string, pause: number) =>
  Effect.gen(function*() {
    const transport = yield* IncusTransport
    const socket = yield* transport.webSocket("/1.0/operations/x/websocket")
    yield* Effect.sleep(pause)
    return yield* Effect.async<ReadonlyArray<Message>>((resume) => {
      const messages: Array<Message> = []
      socket.listen((message) => messages.push(message), () => resume(Effect.succeed(messages)))
    })
  }).pipe(Effect.scoped, Effect.provide(unixSocket(path)))

const bytes = (text: string) => ({ _tag: "Bytes", bytes: Buffer.from(text) })

describe("a WebSocket", () => {
  for (
    const [how, end] of [
      ["closes it in the same packet", (connection: Connection) => connection.close()],
      ["cuts it right after", (_: Connection, wire: Duplex) => wire.end()],
      ["drops it right after", (_: Connection, wire: Duplex) => void setImmediate(() => wire.destroy())]
    ] as const
  ) {
    it.live(`loses nothing of what a server sent that ${how}, however late it is listened to`, () =>
      Effect.scoped(Effect.gen(function*() {
        const { path } = yield* serverThat((connection, wire) => {
          connection.send(Buffer.from("first"))
          connection.send(Buffer.from("second"))
          connection.send("")
          end(connection, wire)
        })
        for (const pause of [0, 1, 100]) {
          expect(yield* heard(path, pause)).toEqual([bytes("first"), bytes("second"), {
            _tag: "Text",
            text: ""
          }])
        }
      })))
  }

  it.live("of a command loses nothing of what is sent after a ping, though the server has hung up by then", () =>
    Effect.scoped(Effect.gen(function*() {
      const lost: Array<number> = []
      for (let round = 0; round < 20; round++) {
        const { path } = yield* serverThat((connection, wire) => {
          connection.ping("keepalive")
          // More than is read at once, and less than the kernel takes.
          for (let piece = 0; piece < 10; piece++) connection.send(Buffer.alloc(15_000, "x"))
          connection.send("")
          wire.end(() => wire.destroy())
        })
        const messages = yield* heard(path, round % 2)
        if (messages.length !== 11) lost.push(messages.length)
      }
      expect(lost).toEqual([])
    })))

  for (const answersPings of [true, false]) {
    it.live(`answers pings: ${answersPings}`, () =>
      Effect.scoped(Effect.gen(function*() {
        const pongs: Array<string> = []
        const { path } = yield* serverThat((connection) => {
          connection.on("pong", (data) => pongs.push(String(data)))
          connection.ping("keepalive")
          setTimeout(() => connection.close(), 100)
        })
        const transport = yield* Effect.provide(IncusTransport, unixSocket(path))
        const socket = yield* transport.webSocket("/1.0/events", { answersPings })
        yield* Effect.async<void>((resume) => socket.listen(() => {}, () => resume(Effect.void)))
        expect(pongs).toEqual(answersPings ? ["keepalive"] : [])
      })))
  }

  it.live("hears what is said later, and sends what it is given", () =>
    Effect.scoped(Effect.gen(function*() {
      const { path } = yield* serverThat((connection) => {
        connection.on("message", (data) => {
          connection.send(Buffer.from(`heard ${String(data)}`))
          connection.close()
        })
      })
      const answer = Effect.gen(function*() {
        const socket = yield* (yield* IncusTransport).webSocket("/")
        return yield* Effect.async<ReadonlyArray<Message>>((resume) => {
          const messages: Array<Message> = []
          socket.listen((message) => messages.push(message), () => resume(Effect.succeed(messages)))
          socket.send(Buffer.from("hello"))
        })
      })
      expect(yield* answer.pipe(Effect.scoped, Effect.provide(unixSocket(path)))).toEqual([
        bytes("heard hello")
      ])
    })))
})
