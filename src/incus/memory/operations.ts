import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { uuid } from "../../host/memory/random.ts"
import { type Refusal, refuse } from "./answers.ts"
import type { Place } from "./model.ts"

/**
 * What an operation does, by the word that phases are named by; see `faults.ts`.
 *
 * @see MemoryTimes
 */
export type Verb =
  | "create"
  | "start"
  | "stop"
  | "freeze"
  | "unfreeze"
  | "delete"
  | "edit"
  | "rename"
  | "exec"
  | "delete image"

const descriptions: Readonly<Record<Verb, string>> = {
  create: "Creating instance",
  start: "Starting instance",
  stop: "Stopping instance",
  freeze: "Freezing instance",
  unfreeze: "Unfreezing instance",
  delete: "Deleting instance",
  edit: "Updating instance",
  rename: "Renaming instance",
  exec: "Executing command",
  "delete image": "Deleting image"
}

type Metadata = Readonly<Record<string, unknown>>

/** An operation that is under way, or has ended not long ago. */
export interface Task {
  readonly id: string
  readonly verb: Verb
  readonly place: Place
  /** Path of what it is about. */
  readonly resource: string
  readonly startedAt: number
  readonly ended: Deferred.Deferred<void>
  metadata: Metadata | null
  outcome: { readonly at: number; readonly refusal: Refusal | undefined } | undefined
}

const notKnown = Effect.fail(refuse(404, "Operation not found"))

/** How long the daemon remembers an operation that has ended (ms). */
const memory = 5000

/** The daemon's operations. */
export interface Operations {
  /** Starts one. What `run` gives is added to its metadata; what it fails with is the operation's failure. */
  readonly begin: (
    verb: Verb,
    place: Place,
    run: (task: Task) => Effect.Effect<Metadata | void, Refusal>,
    metadata?: Metadata
  ) => Effect.Effect<Task>
  readonly get: (id: string) => Effect.Effect<Task, Refusal>
  /** Those of a project, by their state. */
  readonly list: (project: string) => Effect.Effect<Readonly<Record<string, ReadonlyArray<unknown>>>>
  /** Waits for the end of one, for so many seconds; fails as the operation does. */
  readonly wait: (id: string, seconds: number | undefined) => Effect.Effect<Task, Refusal>
  readonly verbOf: (id: string) => Verb | undefined
  readonly forget: (id: string) => void
  /** Forgets all of them, as a restart of the daemon does, and gives what stops them. */
  readonly restart: Effect.Effect<Effect.Effect<void>>
}

const stateOf = ({ outcome }: Task) =>
  outcome === undefined
    ? { status: "Running", status_code: 103, err: "" }
    : outcome.refusal === undefined
    ? { status: "Success", status_code: 200, err: "" }
    : { status: "Failure", status_code: 400, err: outcome.refusal.reason }

/** An operation as the API shows it. */
export const shown = (task: Task) => {
  const { id, metadata, place, resource, startedAt, verb } = task
  const path = place.project === "default" ? resource : `${resource}?project=${place.project}`
  return {
    id,
    class: verb === "exec" ? "websocket" : "task",
    description: descriptions[verb],
    created_at: new Date(startedAt).toISOString(),
    updated_at: new Date(task.outcome?.at ?? startedAt).toISOString(),
    ...stateOf(task),
    resources: { [verb === "delete image" ? "images" : "instances"]: [path] },
    metadata,
    may_cancel: false,
    location: "none"
  }
}

export const makeOperations: Effect.Effect<Operations, never, Scope.Scope> = Effect.gen(function*() {
  const layer = yield* Effect.scope
  const tasks = new Map<string, Task>()
  let life = yield* Scope.fork(layer, ExecutionStrategy.parallel)

  const isKnown = ({ outcome }: Task, now: number) => outcome === undefined || now - outcome.at < memory

  const begin: Operations["begin"] = (verb, place, run, metadata) =>
    Effect.gen(function*() {
      const kind = verb === "delete image" ? "images" : "instances"
      const task: Task = {
        id: yield* uuid,
        verb,
        place,
        resource: `/1.0/${kind}/${encodeURIComponent(place.name)}`,
        startedAt: yield* Clock.currentTimeMillis,
        ended: yield* Deferred.make<void>(),
        metadata: metadata ?? null,
        outcome: undefined
      }
      tasks.set(task.id, task)
      yield* Effect.suspend(() => run(task)).pipe(
        Effect.tap((more) =>
          Effect.sync(() => {
            if (more !== undefined) task.metadata = { ...task.metadata, ...more }
          })
        ),
        Effect.catchAllDefect((defect) =>
          Effect.fail(refuse(500, `the twin in memory broke: ${String(defect)}`))
        ),
        Effect.either,
        Effect.flatMap((end) =>
          Effect.map(Clock.currentTimeMillis, (at) => {
            task.outcome = { at, refusal: end._tag === "Left" ? end.left : undefined }
          })
        ),
        // The daemon goes on with it whatever becomes of the client.
        Effect.interruptible,
        // Also if a restart has stopped it: who waits for it learns that it is not known any more.
        Effect.ensuring(Deferred.succeed(task.ended, undefined)),
        Effect.forkIn(life)
      )
      return task
    })

  const get: Operations["get"] = (id) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const task = tasks.get(id)
      return task !== undefined && isKnown(task, now)
        ? Effect.succeed(task)
        : notKnown
    })

  return {
    begin,
    get,
    list: (project) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const byState: Record<string, Array<unknown>> = {}
        for (const task of tasks.values()) {
          if (task.place.project !== project || !isKnown(task, now)) continue
          const { status } = stateOf(task)
          const all = byState[status.toLowerCase()] ??= []
          all.push(shown(task))
        }
        return byState
      }),
    wait: (id, seconds) =>
      Effect.gen(function*() {
        const task = yield* get(id)
        const end = Deferred.await(task.ended)
        yield* seconds === undefined ? end : Effect.timeoutFail(end, {
          duration: Duration.seconds(seconds),
          onTimeout: () => refuse(500, "context deadline exceeded")
        })
        if (task.outcome === undefined) return yield* notKnown
        return task.outcome.refusal === undefined ? task : yield* task.outcome.refusal
      }),
    verbOf: (id) => tasks.get(id)?.verb,
    forget: (id) => void tasks.delete(id),
    restart: Effect.gen(function*() {
      const next = yield* Scope.fork(layer, ExecutionStrategy.parallel)
      // At once, so that what is begun meanwhile is of the new life.
      const before = life
      life = next
      tasks.clear()
      return Scope.close(before, Exit.void)
    })
  }
})
