import { afterAll, beforeAll, describe, test } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import type * as Scope from "effect/Scope"

/** Defines a test whose scope is closed at its end. */
export interface OnGround<R> {
  readonly scoped: <A, E>(
    name: string,
    run: () => Effect.Effect<A, E, R | Scope.Scope>,
    /** ms; the project's own if not given. */
    timeout?: number
  ) => void
}

/**
 * Tests that share one ground, which is made before the first and taken down after the last. `layer` of `@effect/vitest`
 * does the same, but leaves its `it` behind for the files that the process runs next.
 */
export const onGround = <R, E>(
  ground: Layer.Layer<R, E>,
  name: string,
  define: (it: OnGround<R>) => void
): void => {
  describe(name, () => {
    let runtime: ManagedRuntime.ManagedRuntime<R, E>
    beforeAll(async () => {
      runtime = ManagedRuntime.make(ground)
      await runtime.runtime()
    })
    afterAll(() => runtime.dispose())
    define({
      scoped: (title, run, timeout) => test(title, () => runtime.runPromise(Effect.scoped(run())), timeout)
    })
  })
}
