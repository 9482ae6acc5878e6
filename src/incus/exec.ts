import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { inOrder } from "../host/inOrder.ts"
import { type Client, instanceNamed } from "./client.ts"
import { IncusConnectionLost, IncusRequestError } from "./errors.ts"
import type { Exec, ExecRequest, TerminalIO } from "./execApi.ts"
import type { TransportRequest } from "./httpRequest.ts"
import { passing } from "./retry.ts"
import { ExecMetadata, ExecResultMetadata, type Operation } from "./schemas.ts"
import type { WebSocket } from "./WebSocket.ts"

/** What a command says beyond this is not kept (bytes): whatever runs in the container must not fill our memory. */
const outputLimit = 64 * 1024 * 1024

/** Incus reads and writes a text frame as end-of-stream. */
const endOfStream = ""

/**
 * Hands each chunk to `onChunk`, and completes with true when the other side has sent its end, with false when it is gone
 * without that.
 */
const listen = (socket: WebSocket, onChunk: (chunk: Uint8Array) => void) =>
  Effect.gen(function*() {
    const ended = yield* Deferred.make<boolean>()
    const end = (whole: boolean) => Deferred.unsafeDone(ended, Effect.succeed(whole))
    socket.listen(
      (message) => message._tag === "Bytes" ? onChunk(message.bytes) : end(true),
      () => end(false)
    )
    return Deferred.await(ended)
  })

/**
 * Two seconds, in steps: a program that was held up for longer reads what has come meanwhile after the first of them,
 * and has not given it up before.
 */
const linger = Effect.repeatN(Effect.sleep("100 millis"), 19)

/** On a busy machine Incus now and then fails to enter a container; the command has not run then, and may be tried again. */
const neverBegan = (error: { readonly _tag: string }): boolean =>
  error instanceof IncusRequestError &&
  /Failed to retrieve PID of executing child process/i.test(error.reason)

export const makeExec = (client: Client): Exec => {
  const begin = (name: string, request: ExecRequest, extra: Record<string, unknown>) => {
    const post: TransportRequest = {
      method: "POST",
      path: client.path(["instances", name, "exec"]),
      json: {
        command: request.command,
        environment: request.environment ?? {},
        "wait-for-websocket": true,
        ...(request.user === undefined ? {} : { user: request.user }),
        ...(request.group === undefined ? {} : { group: request.group }),
        ...(request.directory === undefined ? {} : { cwd: request.directory }),
        ...extra
      }
    }
    // An operation whose client has gone would wait for its WebSockets; to delete an ended operation is refused, which is fine.
    const cancel = (operation: Operation) =>
      client.send({ method: "DELETE", path: client.path(["operations", operation.id]) }).pipe(
        Effect.interruptible,
        Effect.timeout("2 seconds"),
        Effect.ignore
      )
    return Effect.uninterruptibleMask((restore) =>
      // One that is interrupted before its answer is here ends by itself: Incus waits 5 s for its WebSockets.
      restore(client.start(post)).pipe(
        Effect.tap((operation) =>
          Effect.addFinalizer((exit) => exit._tag === "Success" ? Effect.void : cancel(operation))
        )
      )
    ).pipe(
      Effect.flatMap((operation) =>
        Effect.map(
          client.decode(post, ExecMetadata)(operation.metadata),
          ({ fds }) => ({ operation, post, fds })
        )
      ),
      Effect.mapError(instanceNamed(name))
    )
  }

  const open = (operation: Operation, secret: string | undefined) =>
    client.transport.webSocket(
      client.path(["operations", operation.id, "websocket"], { secret: secret ?? "" })
    )

  /** A command that could not begin has no streams any more when they are opened; its operation tells why. */
  const connect = (operation: Operation, post: TransportRequest, secret: string | undefined) =>
    open(operation, secret).pipe(
      Effect.catchTag("IncusRequestError", (refused) =>
        client.wait(operation, post).pipe(
          Effect.timeoutFail({ duration: "5 seconds", onTimeout: () => refused }),
          Effect.zipRight(refused)
        ))
    )

  /** A command does not wait for its control stream and may have ended before that is opened. */
  const connectControl = (operation: Operation, secret: string | undefined) =>
    open(operation, secret).pipe(
      Effect.tap((control) => Effect.sync(() => control.listen(() => {}, () => {}))),
      Effect.map(Option.some),
      Effect.catchTag("IncusRequestError", () => Effect.succeed(Option.none()))
    )

  const status = (operation: Operation, post: TransportRequest) =>
    client.wait(operation, post).pipe(
      Effect.flatMap(({ metadata }) => client.decode(post, ExecResultMetadata)(metadata)),
      Effect.map((metadata) => metadata.return)
    )

  /** The status that a shell gives to a command that cannot be run. */
  const notRun = (error: IncusRequestError): Effect.Effect<number, IncusRequestError> =>
    /command not executable/i.test(error.reason)
      ? Effect.succeed(126)
      : /command not found/i.test(error.reason)
      ? Effect.succeed(127)
      : Effect.fail(error)

  const patience = { schedule: passing("2 seconds"), while: neverBegan }

  const run: Exec["run"] = (name, request) =>
    attempt(name, request).pipe(
      Effect.retry(patience),
      Effect.catchTag("IncusRequestError", (error) =>
        Effect.map(notRun(error), (status) => ({ status, stdout: "", stderr: "" }))),
      Effect.withSpan("Exec.run")
    )

  const attempt: Exec["run"] = (name, request) =>
    Effect.scoped(Effect.gen(function*() {
      const { fds, operation, post } = yield* begin(name, request, { interactive: false })
      const [stdin, stdout, stderr] = yield* Effect.all([
        connect(operation, post, fds["0"]),
        connect(operation, post, fds["1"]),
        connect(operation, post, fds["2"]),
        connectControl(operation, fds["control"])
      ], { concurrency: "unbounded" })
      const chunks: Record<"out" | "err", Array<Uint8Array>> = { out: [], err: [] }
      let room = outputLimit
      const keep = (kind: "out" | "err", chunk: Uint8Array) => {
        room -= chunk.length
        if (room >= 0) chunks[kind].push(chunk)
      }
      const told = yield* inOrder(([chunk, descriptor]: readonly [Uint8Array, 1 | 2]) =>
        request.onOutput?.(chunk, descriptor) ?? Effect.void
      )
      const outEnded = yield* listen(stdout, (chunk) => {
        keep("out", chunk)
        told.tell([chunk, 1])
      })
      const errEnded = yield* listen(stderr, (chunk) => {
        keep("err", chunk)
        told.tell([chunk, 2])
      })
      if (request.input !== undefined) stdin.send(Buffer.from(request.input))
      stdin.send(endOfStream)
      const code = yield* status(operation, post)
      // A process that the command left behind may hold its output open; what it says later is not part of the answer.
      const ends = yield* Effect.raceFirst(Effect.all([outEnded, errEnded]), Effect.as(linger, [true]))
      if (ends.includes(false)) {
        const cause = new Error("the connection was closed before the end of the command's output")
        return yield* new IncusConnectionLost({ method: post.method, path: post.path, cause })
      }
      yield* told.seen
      return {
        status: code,
        stdout: Buffer.concat(chunks.out).toString("utf8"),
        stderr: Buffer.concat(chunks.err).toString("utf8")
      }
    }))

  const pump = (socket: WebSocket, io: TerminalIO): Effect.Effect<void, never, Scope.Scope> =>
    io.input.pipe(
      Stream.runForEachChunk((chunks) =>
        Effect.sync(() => {
          const bytes = Buffer.concat(Chunk.toReadonlyArray(chunks))
          socket.send(bytes)
        })
      ),
      Effect.forkScoped,
      Effect.asVoid
    )

  const terminal: Exec["terminal"] = (name, request, io) =>
    Effect.scoped(Effect.gen(function*() {
      const { fds, operation, post } = yield* begin(name, request, {
        interactive: true,
        width: io.size.columns,
        height: io.size.rows
      })
      const data = yield* connect(operation, post, fds["0"])
      const control = yield* connectControl(operation, fds["control"])
      const runtime = yield* Effect.runtime()
      const show = Runtime.runSync(runtime)
      const ended = yield* listen(data, (chunk) => show(io.output(chunk)))
      const resizing = yield* io.resizes.pipe(
        Stream.runForEach((size) =>
          Effect.sync(() => {
            if (Option.isNone(control)) return
            control.value.send(Buffer.from(JSON.stringify({
              command: "window-resize",
              args: { width: String(size.columns), height: String(size.rows) }
            })))
          })
        ),
        Effect.fork
      )
      yield* pump(data, io)
      yield* ended
      yield* Fiber.interrupt(resizing)
      // Incus waits for us to hang up before it calls the command ended.
      data.close()
      if (Option.isSome(control)) control.value.close()
      return yield* status(operation, post)
    })).pipe(
      Effect.retry(patience),
      Effect.catchTag("IncusRequestError", notRun),
      Effect.withSpan("Exec.terminal")
    )

  return { run, terminal, prepare: client.transport.prepare }
}
