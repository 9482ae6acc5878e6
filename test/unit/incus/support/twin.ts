import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { hurriedClock } from "../../../../src/host/memory/clock.ts"
import type { IncusService } from "../../../../src/incus/IncusService.ts"
import type { MemoryOptions } from "../../../../src/incus/memory/daemon.ts"
import type { Phase, Trouble } from "../../../../src/incus/memory/faults.ts"
import { MemoryIncus, memoryIncus } from "../../../../src/incus/memory/MemoryIncus.ts"

/** Runs a test on a twin of its own, whose time passes when nothing else does. */
export const onTwin = (options: MemoryOptions = {}) =>
<A, E>(
  test: Effect.Effect<A, E, IncusService | MemoryIncus | Scope.Scope>
): Effect.Effect<A, E> =>
  Effect.provide(Effect.scoped(test), Layer.provideMerge(memoryIncus(options), hurriedClock))

/** How often the client was at this phase. */
export const times = (phase: Phase) =>
  Effect.gen(function*() {
    const incus = yield* MemoryIncus
    return (yield* incus.requests).filter(({ phases }) => phases.includes(phase)).length
  })

/** What can become of an answer. */
export const troubles: ReadonlyArray<Trouble> = ["cut", "hang", "truncated", "garbage", {
  status: 500,
  error: "oh"
}]
