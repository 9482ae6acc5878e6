import * as Data from "effect/Data"

/**
 * What probes are tried on could not be made on this machine.
 *
 * @see HealthService
 */
export class GroundNotReady extends Data.TaggedError("GroundNotReady")<{ readonly reason: string }> {
  override get message(): string {
    return `nothing can be tried: ${this.reason}`
  }
}
