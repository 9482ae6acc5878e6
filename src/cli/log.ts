import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as HashMap from "effect/HashMap"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import { Host } from "../host/Host.ts"
import type { About } from "./About.ts"
import { escape } from "./escape.ts"

const levels: Readonly<Record<string, LogLevel.LogLevel>> = {
  none: LogLevel.None,
  error: LogLevel.Error,
  warning: LogLevel.Warning,
  info: LogLevel.Info,
  debug: LogLevel.Debug,
  trace: LogLevel.Trace,
  all: LogLevel.All
}

const word = (value: unknown): string =>
  typeof value === "string" ? value : JSON.stringify(value) ?? String(value)

const loggerOf = (name: string) =>
  Logger.make<unknown, void>(({ annotations, cause, logLevel, message }) => {
    const parts = [
      ...(Array.isArray(message) ? message : [message]).map(word),
      ...Array.from(HashMap.entries(annotations), ([key, value]) => `${key}=${word(value)}`),
      ...(Cause.isEmpty(cause) ? [] : [Cause.pretty(cause, { renderErrorCause: true })])
    ]
    process.stderr.write(
      `${name}: ${logLevel._tag.toLowerCase()}: ${escape(parts.join(" "), { lines: true })}\n`
    )
  })

/**
 * Logs go to stderr, one line each, from the level on that the program's `logVariable` names (none, error, warning, info,
 * debug, trace, all); warnings and errors without it.
 */
export const layer = ({ logVariable, name }: About): Layer.Layer<never, never, Host> =>
  Layer.unwrapEffect(Effect.map(Host, ({ environment }) => {
    const chosen = environment[logVariable]?.toLowerCase() ?? ""
    const level = levels[chosen]
    const complaint = level !== undefined || chosen === ""
      ? Effect.void
      : Effect.logWarning(
        `${logVariable} is '${chosen}', which is not one of ${Object.keys(levels).join(", ")}`
      )
    return Layer.effectDiscard(complaint).pipe(
      Layer.provideMerge(Layer.mergeAll(
        Logger.replace(Logger.defaultLogger, loggerOf(name)),
        Logger.minimumLogLevel(level ?? LogLevel.Warning)
      ))
    )
  }))
