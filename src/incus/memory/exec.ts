import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Mailbox from "effect/Mailbox"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { hex } from "../../host/memory/random.ts"
import type { TerminalSize } from "../execApi.ts"
import type { TransportResponse } from "../httpRequest.ts"
import { begun, type Refusal, refuse } from "./answers.ts"
import type { Daemon } from "./daemon.ts"
import { CannotRun, type MemoryProcess, type MemoryProgram } from "./guest.ts"
import { type Line, makeLine } from "./line.ts"
import type { Container } from "./model.ts"
import { shown } from "./operations.ts"
import { type Asked, bodyOf } from "./request.ts"

const Request = Schema.Struct({
  command: Schema.Array(Schema.String),
  environment: Schema.optionalWith(Schema.Record({ key: Schema.String, value: Schema.String }), {
    default: () => ({})
  }),
  "wait-for-websocket": Schema.Literal(true),
  interactive: Schema.Boolean,
  width: Schema.optionalWith(Schema.Number, { default: () => 80 }),
  height: Schema.optionalWith(Schema.Number, { default: () => 25 }),
  user: Schema.optionalWith(Schema.Number, { default: () => 0 }),
  group: Schema.optionalWith(Schema.Number, { default: () => 0 }),
  cwd: Schema.optionalWith(Schema.String, { default: () => "/root" })
})
type Request = typeof Request.Type

/** What is said on the control stream. */
const Control = Schema.parseJson(Schema.Union(
  Schema.Struct({
    command: Schema.Literal("window-resize"),
    args: Schema.Struct({ width: Schema.NumberFromString, height: Schema.NumberFromString })
  }),
  Schema.Struct({ command: Schema.Literal("signal"), signal: Schema.Number })
))
const readControl = Schema.decodeUnknownOption(Control)

/** The streams of a command by their descriptors, and what lets the client connect each of them. */
interface Streams {
  readonly secrets: Readonly<Record<string, string>>
  readonly lines: Map<string, Line>
  readonly connected: Deferred.Deferred<void>
  /** Those that a command waits for before it begins. */
  readonly needed: ReadonlyArray<string>
}

/** How long the daemon waits for the streams of a command. */
const connectTime = "5 seconds"
/** Of a command that was killed. */
const killed = 137
const endOfStream = { _tag: "Text", text: "" } as const
const cannotEnter = refuse(500, "Failed to retrieve PID of executing child process")

export interface MemoryExec {
  readonly begin: (asked: Asked, container: Container) => Effect.Effect<TransportResponse, Refusal>
  /** Connects a stream of a command. */
  readonly connect: (id: string, secret: string) => Effect.Effect<Line, Refusal>
}

const nothing: MemoryProgram = () => Effect.fail(new CannotRun({ status: 127 }))

/** What a command says of being run; a shell's own 126 and 127 are told in the same way. */
const reasons: Readonly<Record<number, string>> = { 126: "Command not executable", 127: "Command not found" }

const toBytes = (chunk: string | Uint8Array) => typeof chunk === "string" ? Buffer.from(chunk) : chunk

/** Gives a process its streams. The descriptors of a terminal are `0` and `control`, else `0`, `1`, `2` and `control`. */
const attach = (lines: ReadonlyMap<string, Line>, { interactive }: Request) =>
  Effect.gen(function*() {
    const input = yield* Mailbox.make<Uint8Array>()
    const resizes = yield* Mailbox.make<TerminalSize>()
    const signals = yield* Mailbox.make<number>()
    const noInput = yield* Deferred.make<void>()
    const noControl = yield* Deferred.make<void>()
    const endInput = () => void input.unsafeDone(Exit.void)
    lines.get("0")?.listen((message) => {
      if (message._tag === "Bytes") input.unsafeOffer(message.bytes)
      else if (!interactive) endInput()
    }, () => {
      // What a terminal is at the other end of stays open: it is the control stream by which Incus sees that the client is gone.
      if (!interactive) endInput()
      Deferred.unsafeDone(noInput, Effect.void)
    })
    lines.get("control")?.listen((message) => {
      const text = message._tag === "Text" ? message.text : Buffer.from(message.bytes).toString("utf8")
      const said = readControl(text)
      if (Option.isNone(said)) return
      if (said.value.command === "signal") signals.unsafeOffer(said.value.signal)
      else resizes.unsafeOffer({ columns: said.value.args.width, rows: said.value.args.height })
    }, () => Deferred.unsafeDone(noControl, Effect.void))
    return {
      input: Mailbox.toStream(input),
      resizes: Mailbox.toStream(resizes),
      signals: Mailbox.toStream(signals),
      write: (chunk: string | Uint8Array, descriptor: 1 | 2 = 1) =>
        Effect.sync(() =>
          lines.get(interactive ? "0" : String(descriptor))?.send({ _tag: "Bytes", bytes: toBytes(chunk) })
        ),
      /** The client has hung up the stream that the input comes from. */
      noInput: Deferred.await(noInput),
      noControl: Deferred.await(noControl)
    }
  })

export const makeExec = (daemon: Daemon): MemoryExec => {
  const commands = new Map<string, Streams>()
  const program = daemon.guest.exec ?? nothing

  /** Runs a command from the moment that its streams are there to the moment that all is said. */
  const run = (container: Container, request: Request, { connected, lines }: Streams) =>
    Effect.gen(function*() {
      yield* Effect.timeoutFail(Deferred.await(connected), {
        duration: connectTime,
        onTimeout: () => refuse(500, "Timed out waiting for websockets to connect")
      })
      if (container.status !== "Running") return yield* cannotEnter
      const { noControl, noInput, ...streams } = yield* attach(lines, request)
      const kill = yield* Deferred.make<void>()
      const stop = Effect.asVoid(Deferred.succeed(kill, undefined))
      const process: MemoryProcess = {
        instance: daemon.instanceOf(container),
        command: request.command,
        environment: request.environment,
        user: request.user,
        group: request.group,
        directory: request.cwd,
        terminal: request.interactive
          ? Option.some({ columns: request.width, rows: request.height })
          : Option.none(),
        ...streams
      }
      container.commands.add(stop)
      const status = yield* program(process).pipe(
        Effect.catchAll((cannot) => Effect.succeed(cannot.status)),
        // Incus kills a command whose client is gone, and sees that by the control stream.
        Effect.raceFirst(Effect.as(Effect.race(Deferred.await(kill), noControl), killed)),
        Effect.ensuring(Effect.sync(() => container.commands.delete(stop)))
      )
      for (const descriptor of request.interactive ? ["0"] : ["1", "2"]) {
        lines.get(descriptor)?.send(endOfStream)
      }
      if (request.interactive) {
        lines.get("control")?.end()
        yield* noInput
      }
      const reason = reasons[status]
      return reason === undefined ? { return: status } : yield* refuse(400, reason)
    }).pipe(
      Effect.ensuring(Effect.sync(() => {
        for (const line of lines.values()) line.end()
      }))
    )

  return {
    begin: (asked, container) =>
      Effect.gen(function*() {
        const request = yield* bodyOf(asked, Request)
        if (container.status === "Frozen") return yield* refuse(400, "Instance is frozen")
        if (container.status !== "Running") return yield* refuse(400, "Instance is not running")
        const needed = request.interactive ? ["0", "control"] : ["0", "1", "2"]
        const descriptors = request.interactive ? needed : [...needed, "control"]
        const secrets: Record<string, string> = {}
        for (const descriptor of descriptors) secrets[descriptor] = yield* hex(64)
        const streams: Streams = {
          secrets,
          needed,
          lines: new Map(),
          connected: yield* Deferred.make<void>()
        }
        const task = yield* daemon.operations.begin(
          "exec",
          { project: container.project, name: container.name },
          () => run(container, request, streams),
          {
            command: request.command,
            environment: request.environment,
            interactive: request.interactive,
            fds: secrets
          }
        )
        commands.set(task.id, streams)
        return begun(shown(task))
      }),
    connect: (id, secret) =>
      Effect.gen(function*() {
        const { outcome } = yield* daemon.operations.get(id)
        const streams = commands.get(id)
        if (streams === undefined || outcome !== undefined) {
          return yield* refuse(500, "Only running operations can be connected")
        }
        const [descriptor] = Object.entries(streams.secrets).find(([, one]) => one === secret) ?? []
        if (descriptor === undefined) return yield* refuse(403, "Forbidden")
        const line = makeLine()
        streams.lines.set(descriptor, line)
        if (streams.needed.every((one) => streams.lines.has(one))) {
          Deferred.unsafeDone(streams.connected, Effect.void)
        }
        return line
      })
  }
}
