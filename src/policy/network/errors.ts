import * as Data from "effect/Data"

/**
 * Incus lacks what restricted sessions need: set-up has not made it, or it was taken away, or this user may not see it.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Effect from "effect/Effect"
 *
 * export const started = (workspace: string) =>
 *   Effect.flatMap(Clincus.Sessions, (sessions) => sessions.start({ workspace })).pipe(
 *     Effect.catchTag("NetworkNotReady", ({ hint, message }) => Effect.logError(`${message}. ${hint}`))
 *   )
 */
export class NetworkNotReady extends Data.TaggedError("NetworkNotReady")<{ readonly reason: string }> {
  override get message(): string {
    return `the network for restricted sessions is not there: ${this.reason}`
  }
  get hint(): string {
    return "Run 'clincus setup', which makes it. --network none goes without any; --network open uses the network of Incus's profiles, on which a session reaches this machine and its neighbours."
  }
}
