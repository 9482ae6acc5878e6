import * as Data from "effect/Data"

/** No daemon answers on the socket: it is not installed, not running, or was killed and left a stale socket behind. */
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

/** The socket is there, but this user may not use it. */
export class IncusDenied extends Data.TaggedError("IncusDenied")<{ readonly socket: string }> {
  override get message(): string {
    return `permission denied on ${this.socket}: this user is not in the group that may use Incus`
  }
  get hint(): string {
    return "Run 'clincus setup' to be added to the incus-admin group, then log in again (or: newgrp incus-admin)."
  }
}

/**
 * Incus answered a request with an error. `status` is the HTTP status of the answer, `reason` the daemon's own words;
 * see https://linuxcontainers.org/incus/docs/main/rest-api/.
 */
export class IncusRequestError extends Data.TaggedError("IncusRequestError")<{
  readonly method: string
  readonly path: string
  readonly status: number
  readonly reason: string
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

/** What Incus sent is not what its API document says. */
export class IncusUnexpected extends Data.TaggedError("IncusUnexpected")<{
  readonly method: string
  readonly path: string
  readonly reason: string
}> {
  override get message(): string {
    return `Incus answered ${this.method} ${this.path} with something unexpected: ${this.reason}`
  }
}

/** No instance has this name. */
export class InstanceNotFound extends Data.TaggedError("InstanceNotFound")<{ readonly name: string }> {
  override get message(): string {
    return `no container is named ${this.name}`
  }
  get hint(): string {
    return "Run 'clincus list' to see the sessions that are live."
  }
}

/** An instance of this name exists already; creating a name is the claim on it, so this is how a race is lost. */
export class NameTaken extends Data.TaggedError("NameTaken")<{ readonly name: string }> {
  override get message(): string {
    return `a container named ${this.name} exists already`
  }
}

/** Somebody else changed the instance between our reading and our writing. */
export class InstanceChanged extends Data.TaggedError("InstanceChanged")<{ readonly name: string }> {
  override get message(): string {
    return `${this.name} was changed by somebody else at the same moment`
  }
  get hint(): string {
    return "Try again."
  }
}

/** No image has this alias or fingerprint. */
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

/** What a request to the daemon can fail with, whatever it asks for. */
export type IncusFailure = IncusUnavailable | IncusDenied | IncusRequestError | IncusUnexpected
