import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { hurriedClock } from "../../../../src/host/memory/clock.ts"
import { MemoryDisk } from "../../../../src/host/memory/MemoryDisk.ts"
import { MemoryIncus } from "../../../../src/incus/memory/MemoryIncus.ts"
import { HistoryStore } from "../../../../src/session/HistoryStore.ts"
import { memorySessions, type MemorySessionsOptions } from "../../../../src/session/memory/memorySessions.ts"
import type { SessionOptions } from "../../../../src/session/plan.ts"
import { Sessions } from "../../../../src/session/Sessions.ts"

export const home = "/home/me"
export const project = `${home}/project`

/** A tool as a user would declare it, with a credential that must not outlive a session. */
const configuration = `
[tool]
name = "fake"

[tool.fake]
title = "The fake tool"
binary = "/workspace/fake"
start = ["start", "{id}"]
resume = ["resume", "{id}"]
credentials = [".fake/credentials.json"]
`

/** What was logged, a line each. */
export class Logged extends Context.Tag("test/Logged")<Logged, Array<string>>() {}

const logging = Layer.unwrapEffect(Effect.sync(() => {
  const lines: Array<string> = []
  const logger = Logger.make(({ message }) =>
    void lines.push(Array.isArray(message) ? message.join(" ") : String(message))
  )
  return Layer.merge(Layer.succeed(Logged, lines), Logger.replace(Logger.defaultLogger, logger))
}))

export type World = Logged | Layer.Layer.Success<ReturnType<typeof memorySessions>>

/** Runs a test in a world in memory of its own, whose time passes when nothing else does. */
export const inWorld = (options: MemorySessionsOptions = {}) =>
<A, E>(
  test: Effect.Effect<A, E, World | Scope.Scope>
): Effect.Effect<A, E | Layer.Layer.Error<ReturnType<typeof memorySessions>>> =>
  Effect.provide(
    Effect.scoped(test),
    memorySessions({
      configuration,
      ...options,
      files: {
        [`${project}/README.md`]: "",
        [`${home}/.fake/credentials.json`]: "secret",
        ...options.files
      }
    }).pipe(Layer.provideMerge(Layer.merge(hurriedClock, logging)))
  )

export const start = (options: SessionOptions = {}) =>
  Effect.flatMap(Sessions, (sessions) => sessions.start({ workspace: project, ...options }))

/** Names of all containers with their statuses. */
export const containers = Effect.flatMap(MemoryIncus, (incus) => incus.all).pipe(
  Effect.map((all) => Object.fromEntries(all.map(({ name, status }) => [name, status])))
)

/** What stands below the directory of saved sessions, but locks. */
export const saved = Effect.map(
  Effect.flatMap(MemoryDisk, (disk) => disk.list(`${home}/.clincus`)),
  (paths) => paths.filter((path) => !path.startsWith("locks/"))
)

/** Whether a credential stands anywhere in what is saved. */
export const credentials = Effect.map(
  saved,
  (paths) => paths.filter((path) => path.endsWith("credentials.json"))
)

/** The records of runs that are not undone. */
export const records = Effect.flatMap(HistoryStore, ({ runs }) => runs.list).pipe(
  Effect.map(({ runs }) => runs)
)

/** How a session ended, by its history. */
export const endOf = (session: { readonly id: string; readonly tool: string }) =>
  Effect.map(
    Effect.flatMap(HistoryStore, (history) => history.get(session)),
    Option.flatMapNullable(({ end }) => end)
  )
