import * as Data from "effect/Data"

/**
 * No daemon answers on the socket: it is not installed, not running, or was killed and left a stale socket behind.
 *
 * @see IncusFailure
 */
export class IncusUnavailable extends Data.TaggedError("IncusUnavailable")<{
  readonly socket: string
  readonly cause: unknown
}> {
  override get message(): string {
    return `Incus does not answer on ${this.socket}: the daemon is not installed or not running`
  }
  get hint(): string {
    return "Run 'clincus setup' to install and start it."
  }
}

/**
 * The socket is there, but this user may not use it.
 *
 * @see IncusFailure
 */
export class IncusDenied extends Data.TaggedError("IncusDenied")<{ readonly socket: string }> {
  override get message(): string {
    return `permission denied on ${this.socket}: this user is not in the group that may use Incus`
  }
  get hint(): string {
    return "Run 'clincus setup' to be added to the incus-admin group, then log in again (or: newgrp incus-admin)."
  }
}

/**
 * Incus took longer than `seconds` to accept the connection (`sent` is false) or to say the next part of its answer.
 *
 * @see IncusFailure
 */
export class IncusSilent extends Data.TaggedError("IncusSilent")<{
  readonly method: string
  readonly path: string
  readonly seconds: number
  readonly sent: boolean
}> {
  override get message(): string {
    const what = this.sent ? `answer ${this.method} ${this.path}` : "accept a connection"
    return `Incus did not ${what} within ${this.seconds} s: the daemon hangs, or the machine is overloaded`
  }
  get hint(): string {
    return "Try again. If it stays so, restart the daemon (sudo systemctl restart incus); what runs in containers goes on."
  }
}

/**
 * The connection was cut after it had been accepted: whether Incus did what it was asked is not known.
 *
 * @see IncusFailure
 */
export class IncusConnectionLost extends Data.TaggedError("IncusConnectionLost")<{
  readonly method: string
  readonly path: string
  readonly cause: unknown
}> {
  override get message(): string {
    const why = this.cause instanceof Error ? ` (${this.cause.message})` : ""
    return `the connection to Incus was cut while it worked on ${this.method} ${this.path}${why}`
  }
  get hint(): string {
    return "Is the daemon restarting? Try again in a moment."
  }
}

/**
 * A file of this machine that should be sent to Incus cannot be read.
 *
 * @see IncusFailure
 */
export class LocalFileError extends Data.TaggedError("LocalFileError")<{
  readonly path: string
  readonly reason: string
}> {
  override get message(): string {
    return `cannot read ${this.path}: ${this.reason}`
  }
}

/**
 * Incus accepted a request and then forgot its operation: the daemon was restarted, or the operation ended more than 5 s
 * ago. What became of it is not known; `seen` says what a look at the instance found.
 *
 * @see IncusFailure
 */
export class OperationLost extends Data.TaggedError("OperationLost")<{
  readonly operation: string
  readonly method: string
  readonly path: string
  readonly seen?: string
}> {
  override get message(): string {
    const seen = this.seen === undefined ? "" : `; ${this.seen}`
    return `Incus no longer knows what became of ${this.method} ${this.path} (operation ${this.operation})${seen}`
  }
  get hint(): string {
    return "The daemon was probably restarted. Run 'clincus list' to see what is there, then try again."
  }
}

/**
 * Incus answered a request with an error. `status` is the HTTP status of the answer, `reason` the daemon's own words;
 * see https://linuxcontainers.org/incus/docs/main/rest-api/. If `operation` is given, Incus accepted the request, and the
 * operation of this id failed: a part of it may be done.
 *
 * @see IncusFailure
 */
export class IncusRequestError extends Data.TaggedError("IncusRequestError")<{
  readonly method: string
  readonly path: string
  readonly status: number
  readonly reason: string
  readonly operation?: string
}> {
  override get message(): string {
    return `Incus refused ${this.method} ${this.path}: ${this.reason}`
  }
  get hint(): string | undefined {
    if (/profile/i.test(this.reason) && /not found/i.test(this.reason)) {
      return "Run 'clincus setup': it makes the profile that sessions use."
    }
    return undefined
  }
}

/**
 * What Incus sent is not what its API document says.
 *
 * @see IncusFailure
 */
export class IncusUnexpected extends Data.TaggedError("IncusUnexpected")<{
  readonly method: string
  readonly path: string
  readonly reason: string
}> {
  override get message(): string {
    return `Incus answered ${this.method} ${this.path} with something unexpected: ${this.reason}`
  }
}

/**
 * No instance has this name.
 *
 * @see Instances
 */
export class InstanceNotFound extends Data.TaggedError("InstanceNotFound")<{ readonly name: string }> {
  override get message(): string {
    return `no container is named ${this.name}`
  }
  get hint(): string {
    return "Run 'clincus list' to see the sessions that are live."
  }
}

/**
 * An instance of this name exists already; creating a name is the claim on it, so this is how a race is lost.
 *
 * @see Instances
 */
export class NameTaken extends Data.TaggedError("NameTaken")<{ readonly name: string }> {
  override get message(): string {
    return `a container named ${this.name} exists already`
  }
}

/**
 * Somebody else changed the instance between our reading and our writing.
 *
 * @see Instances
 */
export class InstanceChanged extends Data.TaggedError("InstanceChanged")<{ readonly name: string }> {
  override get message(): string {
    return `${this.name} was changed by somebody else at the same moment`
  }
  get hint(): string {
    return "Try again."
  }
}

/**
 * No image has this alias or fingerprint.
 *
 * @see Instances
 */
export class ImageNotFound extends Data.TaggedError("ImageNotFound")<{ readonly image: string }> {
  override get message(): string {
    return `Incus has no image named ${this.image}`
  }
  get hint(): string {
    return this.image === "clincus"
      ? "Run 'clincus build' to make it (a few minutes, once)."
      : "Run 'clincus images' to see which there are, or 'clincus build' to make the default one."
  }
}

/**
 * What a request to the daemon can fail with, whatever it asks for.
 *
 * @example
 * import * as Incus from "clincus/incus"
 *
 * export const explain = (failure: Incus.IncusFailure): string => {
 *   switch (failure._tag) {
 *     case "IncusUnavailable":
 *       return `nobody listens on ${failure.socket}`
 *     case "IncusDenied":
 *       return `this user may not use ${failure.socket}`
 *     case "IncusSilent":
 *       return `no answer within ${failure.seconds} s`
 *     case "IncusConnectionLost":
 *       return `cut while it worked on ${failure.path}`
 *     case "IncusRequestError":
 *       return `${failure.status}: ${failure.reason}`
 *     case "IncusUnexpected":
 *       return `not what the API document says: ${failure.reason}`
 *     case "LocalFileError":
 *       return `${failure.path} cannot be read`
 *     case "OperationLost":
 *       return `the instance is ${failure.seen ?? "in an unknown state"}`
 *   }
 * }
 */
export type IncusFailure =
  | IncusUnavailable
  | IncusDenied
  | IncusSilent
  | IncusConnectionLost
  | IncusRequestError
  | IncusUnexpected
  | LocalFileError
  | OperationLost

/**
 * What a failure says about the request: `NotSent` and `Refused` mean that nothing was done; `Unknown` that all, a part or
 * nothing of it may be done, and that it is to be looked for.
 *
 * @see requestOutcome
 */
export type RequestOutcome = "NotSent" | "Refused" | "Unknown"

/**
 * What is known of a request that failed so.
 *
 * @example
 * import * as Incus from "clincus/incus"
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 *
 * export const remove = Effect.flatMap(Incus.IncusService, ({ instances }) => instances.remove("job")).pipe(
 *   Effect.catchAll((failure) => {
 *     const outcome: Incus.RequestOutcome = Incus.requestOutcome(failure)
 *     return Console.error(outcome === "Unknown" ? "Perhaps it is gone." : "It is still there.")
 *   })
 * )
 */
export const requestOutcome = (failure: IncusFailure): RequestOutcome => {
  switch (failure._tag) {
    case "IncusUnavailable":
    case "IncusDenied":
    // The daemon discards an upload that is not whole.
    case "LocalFileError":
      return "NotSent"
    case "IncusSilent":
      return failure.sent ? "Unknown" : "NotSent"
    case "IncusRequestError":
      return failure.operation === undefined && failure.status < 500 ? "Refused" : "Unknown"
    case "IncusConnectionLost":
    case "IncusUnexpected":
    case "OperationLost":
      return "Unknown"
  }
}
