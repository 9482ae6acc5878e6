import * as Array from "effect/Array"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { UsageError } from "../cli/errors.ts"
import { notice } from "../cli/output.ts"
import type { LiveSession } from "../session/live.ts"
import { Sessions } from "../session/Sessions.ts"
import { NothingEnded } from "./errors.ts"

/** The sessions that `kill` and `shutdown` are to end. All names are looked up before anything is ended. */
export const sessionsToEnd = (
  command: string,
  given: { readonly all: boolean; readonly containers: ReadonlyArray<string> }
) =>
  Effect.gen(function*() {
    if (given.all === given.containers.length > 0) {
      return yield* new UsageError({
        command: `clincus ${command}`,
        reason: given.all ? "--all goes without names of containers" : "no container is named",
        advice: given.all ? undefined : `Name containers ('clincus list' shows them), or say --all.`
      })
    }
    const { list, named, reconcile } = yield* Sessions
    if (given.all) return yield* list
    const [refused, sessions] = yield* Effect.forEach(
      [...new Set(given.containers)],
      (name) =>
        named(name).pipe(
          Effect.map(Either.right),
          Effect.catchTags({
            InstanceNotFound: (error) => Effect.succeed(Either.left(error)),
            NotASession: (error) => Effect.succeed(Either.left(error))
          })
        ),
      { concurrency: "unbounded" }
    ).pipe(Effect.map(Array.separate))
    const [first, ...others] = refused
    if (first === undefined) return sessions
    // A container that is not there any more may have left something open.
    yield* Effect.ignoreLogged(reconcile)
    return yield* (others.length === 0 ? Effect.fail(first) : new NothingEnded({ failures: refused }))
  })

/** Ends sessions a few at a time; a session that cannot be ended does not keep the others. Fails with the first failure. */
export const endEach = <E extends { readonly message: string }, R>(
  sessions: ReadonlyArray<LiveSession>,
  done: string,
  end: (session: LiveSession) => Effect.Effect<void, E, R>
) =>
  Effect.gen(function*() {
    const { reconcile } = yield* Sessions
    if (sessions.length === 0) yield* notice("No session is running.")
    const results = yield* Effect.forEach(
      sessions,
      (session) =>
        end(session).pipe(
          Effect.tap(() => notice(`${done} ${session.container}.`)),
          Effect.either
        ),
      { concurrency: 4 }
    )
    yield* Effect.ignoreLogged(reconcile)
    const failures = results.filter(Either.isLeft)
    yield* Effect.forEach(failures.slice(1), ({ left }) => notice(`clincus: ${left.message}`))
    if (failures[0] !== undefined) yield* Effect.fail(failures[0].left)
  })
