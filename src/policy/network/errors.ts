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
 *     Effect.catchTag("NetworkNotReady", ({ hint, message }) => Effect.logError(`${message}. ${hint}`)),
 *     Effect.catchTag("GatewayFailed", (failed: Clincus.GatewayFailed) => Effect.logError(failed.message))
 *   )
 */
export class NetworkNotReady extends Data.TaggedError("NetworkNotReady")<{
  readonly reason: string
  /** Whether it is the gateway of mode `allow` that is not there. */
  readonly gateway?: boolean
}> {
  override get message(): string {
    return `${
      this.gateway === true ? "the gateway for --network allow" : "the network for restricted sessions"
    } is not there: ${this.reason}`
  }
  get hint(): string {
    if (this.gateway === true) {
      return "Run 'clincus setup --gateway', which makes it, once for all sessions."
    }
    return "Run 'clincus setup', which makes it. --network none goes without any; --network open uses the network of Incus's profiles, on which a session reaches this machine and its neighbours."
  }
}

/**
 * The gateway of sessions of mode `allow` does not do what it is asked for.
 *
 * @see NetworkNotReady
 */
export class GatewayFailed extends Data.TaggedError("GatewayFailed")<{
  readonly container: string
  readonly reason: string
}> {
  override get message(): string {
    return `the gateway ${this.container} does not do what it is asked for: ${this.reason}`
  }
  get hint(): string {
    return `Restart it with 'incus restart ${this.container}', or make it anew: incus delete -f ${this.container}, then 'clincus setup --gateway'.`
  }
}
