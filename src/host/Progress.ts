import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/**
 * Where a long operation says what it is doing. Declared here, so that building an image or setting a machine up can
 * report without knowing of a terminal; `src/cli/progress.ts` paints it.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * export const lines = Layer.succeed(Clincus.Progress, {
 *   step: (name) => Console.error(`== ${name}`),
 *   output: () => Effect.void,
 *   notice: (line) => Console.error(line),
 *   done: Effect.void
 * })
 */
export class Progress extends Context.Tag("clincus/Progress")<Progress, {
  /** A new step begins, and the one before it is done. A short phrase: "Installing packages". */
  readonly step: (name: string) => Effect.Effect<void>
  /** A line of output of the step at hand. Shown while it is the newest; any characters are safe. */
  readonly output: (line: string) => Effect.Effect<void>
  /** A sentence that stays on the screen, whatever comes after it. */
  readonly notice: (line: string) => Effect.Effect<void>
  /** The last step is done. Call it on success; on failure the step at hand is left on the screen as it was. */
  readonly done: Effect.Effect<void>
}>() {}

/**
 * Reports nothing: for programs that use clincus as a library, and for `--format json`.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Effect from "effect/Effect"
 *
 * export const build = Effect.flatMap(Clincus.ImageService, (images) =>
 *   images.build({ alias: "clincus", base: "auto", force: false, logs: "/tmp" })).pipe(
 *     Effect.provide(Clincus.silentProgress)
 *   )
 */
export const silent: Layer.Layer<Progress> = Layer.succeed(Progress, {
  step: () => Effect.void,
  output: () => Effect.void,
  notice: () => Effect.void,
  done: Effect.void
})
