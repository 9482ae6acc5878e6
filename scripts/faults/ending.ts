import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { statusOf } from "../../test/daemon/support/look.ts"
import { Bench } from "./Bench.ts"

/** A container that is off for so long does not come up again by itself (ms). */
const still = 1500

/** Waits until a container has ended by itself: an ephemeral one is gone, a persistent one is off and stays so. */
export const endsByItself = (container: string) =>
  Effect.gen(function*() {
    const { wrong } = yield* Bench
    const began = yield* Clock.currentTimeMillis
    let off: number | undefined
    for (;;) {
      const now = yield* Clock.currentTimeMillis
      const status = yield* statusOf(container)
      if (status === "Gone") return
      off = status === "Stopped" ? off ?? now : undefined
      if (off !== undefined && now - off > still) return
      if (now - began > 30_000) return yield* wrong("does not end", `${container} is ${status} after 30 s`)
      yield* Effect.sleep("100 millis")
    }
  })
