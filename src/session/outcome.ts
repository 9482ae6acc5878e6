import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { SessionRef } from "../domain/SessionRef.ts"
import * as State from "../host/stateFiles.ts"

/**
 * What a tool left behind when it ended: its exit status and the last lines of its screen.
 *
 * @see Ended
 */
export interface Outcome {
  readonly status: number
  readonly screen: string
  /** It was ended because the session's time was over. */
  readonly overtime: boolean
}

/** What the container of a session writes when its tool ends, in the session's directory. */
export const outcomesIn = (directory: (session: SessionRef) => string) => {
  const isOvertime = (session: SessionRef) =>
    Effect.map(State.read(directory(session), "outcome/reason", 16), (reason) => reason === "time")

  const outcome = (session: SessionRef) =>
    Effect.gen(function*() {
      const status = yield* State.read(directory(session), "outcome/status", 16)
      if (status === undefined || !/^\d{1,3}\n$/.test(status)) return Option.none()
      const screen = yield* State.read(directory(session), "outcome/screen", 256 * 1024)
      return Option.some({
        status: Number(status),
        screen: (screen ?? "").replace(/\n+$/, ""),
        overtime: yield* isOvertime(session)
      })
    })

  /** When a tool left its outcome. */
  const outcomeAt = (session: SessionRef) => State.writtenAt(directory(session), "outcome/status")

  return { isOvertime, outcome, outcomeAt }
}
