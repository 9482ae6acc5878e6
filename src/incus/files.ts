import * as Effect from "effect/Effect"
import { type Client, instanceNamed } from "./client.ts"
import type { IncusFailure, InstanceNotFound } from "./errors.ts"

/**
 * Whose a file in an instance is, by ids inside of it, and what others may do with it.
 *
 * @see Files
 */
export interface FileOwner {
  readonly uid: number
  readonly gid: number
  /** Permission bits, such as 0o644. */
  readonly mode: number
}

/**
 * Files inside a container, by the daemon's file API: no shell, no command line.
 *
 * @example
 * import * as Incus from "clincus/incus"
 * import * as Effect from "effect/Effect"
 *
 * export const motd = Effect.gen(function*() {
 *   const { files } = yield* Incus.IncusService
 *   yield* files.write("web", "/etc/motd", "hello\n", { uid: 0, gid: 0, mode: 0o644 })
 *   return new TextDecoder().decode(yield* files.read("web", "/etc/motd"))
 * })
 */
export interface Files {
  /** The bytes of a file; `InstanceNotFound` also if the instance has no such file. */
  readonly read: (
    instance: string,
    path: string
  ) => Effect.Effect<Uint8Array, IncusFailure | InstanceNotFound>
  /** Writes a file, over what is there. */
  readonly write: (
    instance: string,
    path: string,
    content: Uint8Array | string,
    owner: FileOwner
  ) => Effect.Effect<void, IncusFailure | InstanceNotFound>
}

export const makeFiles = (client: Client): Files => {
  const at = (instance: string, path: string) => client.path(["instances", instance, "files"], { path })
  return {
    read: (instance, path) =>
      client.raw({ method: "GET", path: at(instance, path) }).pipe(
        Effect.map((response) => response.body),
        Effect.mapError(instanceNamed(instance))
      ),
    write: (instance, path, content, owner) =>
      client.raw({
        method: "POST",
        path: at(instance, path),
        bytes: typeof content === "string" ? Buffer.from(content) : content,
        // Answered when the last byte is written.
        patience: "2 minutes",
        headers: {
          "Content-Type": "application/octet-stream",
          "X-Incus-type": "file",
          "X-Incus-write": "overwrite",
          "X-Incus-uid": String(owner.uid),
          "X-Incus-gid": String(owner.gid),
          "X-Incus-mode": `0${owner.mode.toString(8)}`
        }
      }).pipe(Effect.asVoid, Effect.mapError(instanceNamed(instance)))
  }
}
