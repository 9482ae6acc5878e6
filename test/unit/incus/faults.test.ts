import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { spawn } from "node:child_process"
import * as Fs from "node:fs"
import { connect } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type IncusFailure, requestOutcome } from "../../../src/incus/errors.ts"
import { IncusService } from "../../../src/incus/IncusService.ts"
import { IncusTransport, unixSocket } from "../../../src/incus/IncusTransport.ts"
import { faultyServer, type Reply, withClient } from "./support/faultyServer.ts"

/** Asks a server that treats the request so: one that answers has the time that a busy machine needs. */
const asking = (reply: Reply) =>
  Effect.gen(function*() {
    const { socket } = yield* faultyServer(() => reply)
    const patience = reply === "hang" || reply === "hang midway" ? "300 millis" : "10 seconds"
    return yield* Effect.flatMap(IncusService, ({ server }) => server).pipe(withClient(socket, patience))
  }).pipe(Effect.scoped)

/** Takes a name and gives nothing to it. */
const freePath = Effect.acquireRelease(
  Effect.sync(() => Fs.mkdtempSync(join(tmpdir(), "clincus-faulty-"))),
  (directory) => Effect.sync(() => Fs.rmSync(directory, { recursive: true, force: true }))
).pipe(Effect.map((directory) => join(directory, "socket")))

/**
 * A program that listens and then does nothing for so long (ms), for ever unless said, with a short queue of connections.
 * Then it answers every request, and opens every WebSocket.
 */
const deafFor = (milliseconds = "Infinity") =>
  Effect.gen(function*() {
    const path = yield* freePath
    const child = yield* Effect.acquireRelease(
      Effect.sync(() =>
        spawn(process.execPath, [
          "-e",
          `const server = require("http").createServer((_, response) => response.end("{}"))
        server.on("upgrade", ({ headers }, socket) => {
          const accept = require("crypto").createHash("sha1")
            .update(headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest("base64")
          socket.write(["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade",
            "Sec-WebSocket-Accept: " + accept, "", ""].join("\\r\\n"))
        })
        server.listen({ path: ${JSON.stringify(path)}, backlog: 1 }, () => {
          require("fs").writeSync(1, "listens")
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${milliseconds})
        })`
        ], { stdio: ["ignore", "pipe", "inherit"] })
      ),
      (child) => Effect.sync(() => child.kill("SIGKILL"))
    )
    yield* Effect.async<void>((resume) => void child.stdout.once("data", () => resume(Effect.void)))
    return path
  })

/** Fills the queue of a program that accepts no connection. */
const fill = (path: string) =>
  Effect.acquireRelease(
    Effect.sync(() => Array.from({ length: 5 }, () => connect(path).on("error", () => {}))),
    (all) => Effect.sync(() => all.forEach((one) => one.destroy()))
  )

describe.concurrent("a request", () => {
  it.live("is answered by a server that works", () =>
    Effect.gen(function*() {
      expect(yield* asking({ sync: { auth: "trusted", environment: { server_version: "6.0" } } }))
        .toMatchObject({ auth: "trusted" })
    }))

  for (
    const [reply, error] of [
      ["hang", { _tag: "IncusSilent", sent: true }],
      ["hang midway", { _tag: "IncusSilent", sent: true }],
      ["cut", { _tag: "IncusConnectionLost", method: "GET", path: "/1.0" }],
      ["cut midway", { _tag: "IncusConnectionLost" }],
      ["truncate", { _tag: "IncusUnexpected" }],
      ["garbage", { _tag: "IncusUnexpected", reason: expect.stringMatching(/status 200: <html>/) }],
      [{ sync: { auth: 1 } }, {
        _tag: "IncusUnexpected",
        reason: expect.stringMatching(/^(auth|environment): /)
      }],
      ["no HTTP", { _tag: "IncusUnexpected" }],
      [{ error: 500, text: "oh" }, { _tag: "IncusRequestError", status: 500 }]
    ] as const
  ) {
    it.live(`fails by its name where the server does this: ${JSON.stringify(reply)}`, () =>
      Effect.gen(function*() {
        const failure = yield* Effect.flip(asking(reply))
        expect(failure).toMatchObject(error)
        expect(requestOutcome(failure)).toBe("Unknown")
      }))
  }

  it.live("says what to do where nobody listens, and where the connection was cut", () =>
    Effect.scoped(Effect.gen(function*() {
      const path = yield* freePath
      const server = Effect.flatMap(IncusService, (incus) => incus.server)
      const absent: IncusFailure = yield* Effect.flip(server.pipe(withClient(path)))
      expect(absent).toMatchObject({ _tag: "IncusUnavailable", hint: expect.stringContaining("setup") })
      Fs.writeFileSync(path, "")
      const stale = yield* Effect.flip(server.pipe(withClient(path)))
      expect(stale).toMatchObject({ _tag: "IncusUnavailable" })
      expect([absent, stale].map(requestOutcome)).toEqual(["NotSent", "NotSent"])
      const cut = yield* Effect.flip(asking("cut"))
      expect(cut.message).toMatch(/^the connection to Incus was cut while it worked on GET \/1\.0/)
      expect(cut).toMatchObject({ hint: expect.stringContaining("restarting") })
    })))

  it.live("fails where no connection is accepted, and was not sent", () =>
    Effect.scoped(Effect.gen(function*() {
      const path = yield* deafFor()
      const server = Effect.flatMap(IncusService, (incus) => incus.server).pipe(withClient(path))
      // The first ones are accepted by the queue.
      const failures = yield* Effect.all(Array.from({ length: 5 }, () => Effect.flip(server)), {
        concurrency: "unbounded"
      })
      expect(failures.map(({ _tag }) => _tag)).toEqual(Array.from({ length: 5 }, () => "IncusSilent"))
      expect(failures.map(requestOutcome)).toContain("NotSent")
    })))

  it.live("waits until a busy server accepts a connection, for a WebSocket as well", () =>
    Effect.scoped(Effect.gen(function*() {
      const path = yield* deafFor("400")
      yield* fill(path)
      const transport = yield* IncusTransport.pipe(Effect.provide(unixSocket(path)))
      const [answer] = yield* Effect.all([
        transport.request({ method: "GET", path: "/1.0" }),
        transport.webSocket("/1.0/events")
      ], { concurrency: "unbounded" })
      expect(answer.status).toBe(200)
    })))

  it.live("opens no WebSocket where no connection is accepted, and sent nothing", () =>
    Effect.scoped(Effect.gen(function*() {
      const path = yield* deafFor()
      yield* fill(path)
      const transport = yield* IncusTransport.pipe(
        Effect.provide(unixSocket(path, { patience: "300 millis" }))
      )
      expect(yield* Effect.flip(transport.webSocket("/1.0/events"))).toMatchObject({
        _tag: "IncusSilent",
        sent: false
      })
    })))

  it.live("can be interrupted at once where the server hangs", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const { requests, socket } = yield* faultyServer(() => "hang")
        const { exec, files, images, instances } = yield* IncusService.pipe(withClient(socket, "1 second"))
        const spec = { name: "one", image: "i", ephemeral: true, config: {}, devices: {}, profiles: [] }
        const all: ReadonlyArray<Effect.Effect<unknown, unknown>> = [
          instances.get("one"),
          instances.stop("one", { force: true }),
          instances.createAndStart(spec),
          exec.run("one", { command: ["true"] }),
          files.write("one", "/x", "x", { uid: 0, gid: 0, mode: 0o644 }),
          images.list
        ]
        const started = yield* Effect.forEach(all, Effect.fork)
        while (requests.length < all.length) yield* Effect.sleep("10 millis")
        const before = Date.now()
        const exits = yield* Effect.forEach(started, Fiber.interrupt, { concurrency: "unbounded" })
        expect(exits.every(Exit.isInterrupted)).toBe(true)
        // The creation looks at what became of it, for three times as long as a daemon may be silent.
        expect(Date.now() - before).toBeLessThan(4000)
      }).pipe(Effect.scoped)
    ))

  it.live("is not hurt by a server that closes a connection between two requests", () =>
    Effect.scoped(Effect.gen(function*() {
      const { requests, socket } = yield* faultyServer(() => "close when idle")
      const transport = yield* IncusTransport.pipe(Effect.provide(unixSocket(socket)))
      const methods = ["GET", "POST", "PUT", "DELETE", "GET"] as const
      for (const method of methods) {
        expect(yield* transport.request({ method, path: "/1.0" })).toMatchObject({ status: 200 })
      }
      // Nothing was sent twice.
      expect(requests.map(({ method }) => method)).toEqual(methods)
    })))

  it.live("does not wait for twenty others that take long", () =>
    Effect.scoped(Effect.gen(function*() {
      const { requests, socket } = yield* faultyServer(({ path }) =>
        path.endsWith("/wait") ? "hang" : { sync: {} }
      )
      const transport = yield* IncusTransport.pipe(Effect.provide(unixSocket(socket)))
      yield* Effect.forEach(
        Array.from({ length: 20 }),
        () => Effect.fork(transport.request({ method: "GET", path: "/1.0/operations/x/wait" }))
      )
      while (requests.length < 20) yield* Effect.sleep("10 millis")
      const answer = yield* transport.request({ method: "GET", path: "/1.0" }).pipe(
        Effect.timeout("2 seconds")
      )
      expect(answer.status).toBe(200)
    })))

  it.live("opens no WebSocket where the server hangs", () =>
    Effect.scoped(Effect.gen(function*() {
      const { socket } = yield* faultyServer(() => "hang")
      const transport = yield* IncusTransport.pipe(
        Effect.provide(unixSocket(socket, { patience: "300 millis" }))
      )
      expect(yield* Effect.flip(transport.webSocket("/1.0/events"))).toMatchObject({
        _tag: "IncusSilent",
        sent: true
      })
    })))
})
