import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

/**
 * Live names for completion. It is called with what the help calls a value, in capitals (`ALIAS`), and gives the words that
 * fit there now. Without a layer of its own it knows no names. To plug names in:
 *
 * ```ts
 * Layer.succeed(Completer, (kind) => kind === "ALIAS" ? aliases.pipe(Effect.provide(StoreLive)) : none)
 * ```
 *
 * Services are provided inside, so that nothing is made for a completion that needs no live names. It may fail or take
 * its time: the completion then goes without.
 */
export class Completer extends Context.Reference<Completer>()("clincus/Completer", {
  defaultValue: (): (kind: string) => Effect.Effect<ReadonlyArray<string>, unknown> => () =>
    Effect.succeed([])
}) {}
