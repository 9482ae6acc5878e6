import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { End } from "../domain/Metadata.ts"
import { untilStopped } from "./container.ts"
import type { SessionHandle } from "./handle.ts"
import type { Outcome } from "./HistoryStore.ts"
import { settle } from "./reconcile.ts"
import { storeOf } from "./stores.ts"

/**
 * How a session ended.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Option from "effect/Option"
 *
 * export const tell = ({ end, outcome }: Clincus.Ended): string =>
 *   `${Clincus.describeEnd(Option.getOrUndefined(end))}\n${Option.getOrElse(outcome, () => ({ screen: "" })).screen}`
 *
 * export const told = tell({ end: Option.some({ reason: "exited", status: 3 }), outcome: Option.none() })
 * // => "tool exited with 3\n"
 */
export interface Ended {
  /** What its history says; none if nothing is saved of it any more. */
  readonly end: Option.Option<End>
  /** Exit status and last screen of the tool, if it lived to leave them. */
  readonly outcome: Option.Option<Outcome>
}

/** Waits until a session has ended, however long that takes, and its run is finished. */
export const untilEnded = (session: SessionHandle) =>
  Effect.gen(function*() {
    const history = yield* storeOf(session)
    yield* untilStopped(session.container)
    yield* settle(session)
    const metadata = yield* history.get(session)
    return {
      end: Option.flatMapNullable(metadata, ({ end }) => end),
      outcome: yield* history.outcome(session)
    } satisfies Ended
  })
