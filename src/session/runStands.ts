import * as Effect from "effect/Effect"
import type { RunRecord } from "../domain/Run.ts"
import type * as State from "../host/stateFiles.ts"
import { makeStands, removeStands } from "../policy/files/stands.ts"
import type { Stand } from "../policy/files/trees.ts"
import type { HistoryError } from "./errors.ts"
import type { RunStore } from "./RunStore.ts"

/** Runs an effect while nobody else does so. */
type Alone = <A>(
  effect: Effect.Effect<A, HistoryError | State.StateError>
) => Effect.Effect<A, HistoryError | State.StateError>

/** What all runs have made, or have found made and need: by it that can be told from what the user has made. */
export const standsOf = (runs: RunStore): Effect.Effect<ReadonlyArray<Stand>, HistoryError> =>
  Effect.map(runs.list, (all) => all.runs.flatMap(({ stands }) => stands?.made ?? []))

/**
 * What stands in for protected paths during runs, of which several may be on one directory or one repository. Each record
 * has all that its run needs, whoever has made it, and is written before anything is made: so whoever removes something sees
 * who needs it.
 */
export const makeRunStands = (runs: RunStore, alone: Alone) => {
  const othersThan = (run: RunRecord) =>
    Effect.map(runs.list, (all) => all.runs.filter((one) => one.run !== run.run && one.stands !== undefined))

  return {
    make: (run: RunRecord, owner: State.Owner) =>
      Effect.gen(function*() {
        if (run.stands === undefined) return []
        const make = makeStands(run.stands.made, run.stands.exclude, owner)
        // Whoever ends may be about to remove it.
        return yield* (yield* othersThan(run)).length === 0 ? make : alone(make)
      }),
    /** Removes what no other run needs, and does `then` before another run is asked what it needs. */
    clear: (run: RunRecord, then: Effect.Effect<void, HistoryError | State.StateError>) =>
      Effect.gen(function*() {
        if (run.stands === undefined) return yield* then
        const { exclude, made } = run.stands
        yield* alone(
          Effect.flatMap(othersThan(run), (others) =>
            removeStands(
              made.filter(({ path, root }) =>
                !others.some(({ stands }) =>
                  stands?.made.some((one) => one.root === root && one.path === path) === true
                )
              ),
              others.some(({ stands }) => stands?.exclude === exclude) ? undefined : exclude
            )).pipe(Effect.zipRight(then))
        )
      })
  }
}
