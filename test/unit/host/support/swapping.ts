import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { Worker } from "node:worker_threads"

/** What a swapper has done so far, and how it is stopped before its scope closes. */
export interface Swapping {
  readonly rounds: () => number
  readonly stop: Effect.Effect<void>
}

/**
 * Repeats a piece of JavaScript, with `fs` and the words of `data` in it, in a thread of its own and without a pause: some
 * ten thousand times a second for a few renames, which no shell comes near. What fails in it is left out.
 */
export const swapping = (
  data: Readonly<Record<string, string>>,
  round: string
): Effect.Effect<Swapping, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const count = new Int32Array(new SharedArrayBuffer(4))
      const code = `
        const fs = require("node:fs")
        const { count, data: { ${Object.keys(data).join(", ")} } } = require("node:worker_threads").workerData
        const attempt = (change) => { try { change() } catch {} }
        for (;;) { ${round}; Atomics.add(count, 0, 1) }`
      const worker = new Worker(code, { eval: true, workerData: { count, data } })
      return { rounds: () => Atomics.load(count, 0), stop: Effect.promise(() => worker.terminate()) }
    }),
    ({ stop }) => stop
  )
