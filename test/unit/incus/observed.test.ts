import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import { makeTrace } from "../../../src/cli/trace.ts"
import { IncusService } from "../../../src/incus/IncusService.ts"
import { faultyServer, type Reply, type Seen, withClient } from "./support/faultyServer.ts"

/** What is logged, and which spans there are, while the server is asked. */
const watching = <A, E>(
  level: LogLevel.LogLevel,
  handle: (seen: Seen) => Reply,
  ask: Effect.Effect<A, E, IncusService>
) =>
  Effect.gen(function*() {
    const logged: Array<string> = []
    const { lines, tracer } = makeTrace()
    const { socket } = yield* faultyServer(handle)
    yield* ask.pipe(
      withClient(socket),
      Effect.ignore,
      Effect.provide(Layer.mergeAll(
        Logger.replace(
          Logger.defaultLogger,
          Logger.make(({ logLevel, message }) => void logged.push(`${logLevel.label} ${String(message)}`))
        ),
        Logger.minimumLogLevel(level),
        Layer.setTracer(tracer)
      ))
    )
    return { logged, spans: lines(0n, 0n).map((line) => line.trim().replace(/^[\d. -]+ /, "")) }
  }).pipe(Effect.scoped)

const server = Effect.flatMap(IncusService, (incus) => incus.server)

describe("each request", () => {
  it.live("is one line at level debug, with its status and its time, and a span", () =>
    Effect.gen(function*() {
      const answer = { sync: { auth: "trusted", environment: { server_version: "6" } } }
      const { logged, spans } = yield* watching(LogLevel.Debug, () => answer, server)
      expect(logged).toEqual([expect.stringMatching(/^DEBUG GET \/1\.0: 200 in \d+\.\d ms$/)])
      expect(spans).toEqual(["GET /1.0"])
    }))

  it.live("is not logged at the usual level", () =>
    Effect.gen(function*() {
      const { logged } = yield* watching(LogLevel.Info, () => ({ error: 500, text: "broken" }), server)
      expect(logged).toEqual([])
    }))

  for (
    const [what, reply, said] of [
      ["that is refused has the daemon's status", { error: 403, text: "not you" }, /: 403 in /],
      ["without an answer has the name of the failure", "cut", /: IncusConnectionLost in /],
      ["that is silent has the name of the failure", "hang", /: IncusSilent in 3\d\d\.\d ms/]
    ] as const
  ) {
    it.live(what, () =>
      Effect.gen(function*() {
        const { logged } = yield* watching(LogLevel.Debug, () => reply, server)
        expect(logged).toEqual([expect.stringMatching(said)])
      }))
  }

  it.live("that is interrupted says so", () =>
    Effect.gen(function*() {
      const { logged, spans } = yield* watching(LogLevel.Debug, () =>
        "hang", Effect.timeout(server, "50 millis"))
      expect(logged).toEqual([expect.stringMatching(/: interrupted in /)])
      expect(spans).toEqual(["GET /1.0  (interrupted)"])
    }))

  it.live("shows nothing but its method and path: no variable, no input and no secret of a stream", () =>
    Effect.gen(function*() {
      const { logged, spans } = yield* watching(
        LogLevel.All,
        ({ path }) =>
          path.endsWith("/exec")
            ? {
              operation: "begun",
              metadata: { fds: { "0": "secret0", "1": "secret1", "2": "secret2", control: "secret3" } }
            }
            : { error: 404, text: "no WebSocket" },
        Effect.flatMap(IncusService, ({ exec }) =>
          exec.run("c1", {
            command: ["cat", "secret-argument"],
            environment: { TOKEN: "secret-variable" },
            input: "secret-input"
          }))
      )
      expect(logged[0]).toMatch(/^DEBUG POST \/1\.0\/instances\/c1\/exec: 202 in /)
      expect(logged.some((line) => line.includes("GET /1.0/operations/begun/websocket: IncusSilent")))
        .toBe(true)
      expect([...logged, ...spans].join("\n")).not.toContain("secret")
    }))
})
