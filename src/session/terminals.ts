import * as Effect from "effect/Effect"
import { TmuxService } from "../guest/TmuxService.ts"
import { reconcile } from "./reconcile.ts"

/** The terminals of running sessions: how many are attached to each, and their size. */
export const terminals = Effect.gen(function*() {
  const tmux = yield* TmuxService
  const { live } = yield* reconcile
  const found = yield* Effect.forEach(
    live.filter(({ running }) => running),
    (session) =>
      tmux.status(session.guest).pipe(
        // A session that does not answer does not keep the others.
        Effect.timeout("10 seconds"),
        Effect.map((status) => [{ session, status }]),
        // A container whose tool is just ending has no tmux to speak of.
        Effect.orElseSucceed(() => [])
      ),
    { concurrency: 8 }
  )
  return found.flat()
})
