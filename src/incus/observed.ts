import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import { named, type TransportRequest } from "./httpRequest.ts"
import type { IncusTransport } from "./IncusTransport.ts"

type Request = Pick<TransportRequest, "method" | "path">

/** What became of a request: its status, the tag of what it failed with, or that it was interrupted. */
const outcome = <A, E extends { readonly _tag: string }>(
  exit: Exit.Exit<A, E>,
  statusOf: (answer: A) => string
): string =>
  Exit.match(exit, {
    onSuccess: statusOf,
    onFailure: (cause) =>
      Option.match(Cause.failureOption(cause), {
        onNone: () => Cause.isInterrupted(cause) ? "interrupted" : "a defect",
        onSome: ({ _tag }) => _tag
      })
  })

/** One request as a span, and as a line of the log at level debug. Nothing of it is shown but its method and path. */
const watch = <A, E extends { readonly _tag: string }, R>(
  request: Request,
  sent: Effect.Effect<A, E, R>,
  statusOf: (answer: A) => string
): Effect.Effect<A, E, R> => {
  const { method, path } = named(request)
  return Effect.flatMap(
    Clock.currentTimeNanos,
    (since) =>
      Effect.onExit(sent, (exit) =>
        Effect.flatMap(Clock.currentTimeNanos, (now) => {
          const milliseconds = (Number(now - since) / 1e6).toFixed(1)
          return Effect.logDebug(`${method} ${path}: ${outcome(exit, statusOf)} in ${milliseconds} ms`)
        }).pipe(Effect.whenLogLevel(LogLevel.Debug)))
  ).pipe(
    Effect.withSpan(`${method} ${path}`, { captureStackTrace: false })
  )
}

/**
 * A transport whose requests can be seen: each is a span, and a line of the log at level debug with its status and its
 * time. Parameters, headers and bodies may hold secrets and are left out.
 */
export const observed = (
  transport: Context.Tag.Service<IncusTransport>
): Context.Tag.Service<IncusTransport> => ({
  ...transport,
  request: (request) => watch(request, transport.request(request), ({ status }) => String(status)),
  webSocket: (path, options) =>
    watch({ method: "GET", path }, transport.webSocket(path, options), () => "a WebSocket")
})
