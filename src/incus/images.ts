import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { createReadStream } from "node:fs"
import { type Client, isNotFound } from "./client.ts"
import { ImageNotFound, type IncusFailure } from "./errors.ts"
import { Image, ImageAlias } from "./schemas.ts"

export interface Images {
  readonly list: Effect.Effect<ReadonlyArray<Image>, IncusFailure>
  /** The image that an alias stands for, or the one with this fingerprint. */
  readonly get: (image: string) => Effect.Effect<Image, IncusFailure | ImageNotFound>
  /** Copies an image of a simplestreams server into the store and returns its fingerprint. */
  readonly copy: (server: string, alias: string) => Effect.Effect<string, IncusFailure>
  /** Imports a unified image tarball (metadata.yaml, templates/, rootfs/) from a file of this machine; returns its fingerprint. */
  readonly importFile: (
    path: string,
    properties: Record<string, string>
  ) => Effect.Effect<string, IncusFailure>
  /** Makes an image of a stopped instance and returns its fingerprint. */
  readonly publish: (
    instance: string,
    properties: Record<string, string>
  ) => Effect.Effect<string, IncusFailure>
  /** Points an alias at an image, away from the one that it named before. Returns the fingerprint it named before. */
  readonly pointAlias: (
    alias: string,
    fingerprint: string
  ) => Effect.Effect<Option.Option<string>, IncusFailure>
  /** Deletes an image. One that is gone already is no error. */
  readonly remove: (fingerprint: string) => Effect.Effect<void, IncusFailure>
}

const Created = Schema.Struct({ fingerprint: Schema.String })

export const makeImages = (client: Client): Images => {
  const fingerprint = (metadata: unknown, fallback: () => Effect.Effect<string, IncusFailure>) =>
    Schema.decodeUnknown(Created)(metadata).pipe(
      Effect.map((created) => created.fingerprint),
      Effect.catchTag("ParseError", fallback)
    )

  const create = (json: unknown) =>
    client.run({ method: "POST", path: client.path(["images"]), json }).pipe(
      Effect.flatMap((operation) => fingerprint(operation.metadata, () => Effect.succeed("")))
    )

  const alias = (name: string) =>
    client.get(client.path(["images", "aliases", name]), ImageAlias).pipe(
      Effect.map((found) => Option.some(found.target)),
      Effect.catchIf(isNotFound, () => Effect.succeed(Option.none<string>()))
    )

  const byFingerprint = (print: string) => client.get(client.path(["images", print]), Image)

  return {
    list: client.get(client.path(["images"], { recursion: "1" }), Schema.Array(Image)),
    get: (image) =>
      alias(image).pipe(
        Effect.flatMap((target) => byFingerprint(Option.getOrElse(target, () => image))),
        Effect.mapError((error) => isNotFound(error) ? new ImageNotFound({ image }) : error)
      ),
    copy: (server, name) =>
      create({
        source: { type: "image", mode: "pull", server, protocol: "simplestreams", alias: name }
      }),
    importFile: (path, properties) =>
      client.run({
        method: "POST",
        path: client.path(["images"]),
        stream: () => createReadStream(path),
        headers: {
          "Content-Type": "application/octet-stream",
          "X-Incus-properties": new URLSearchParams(properties).toString(),
          "Transfer-Encoding": "chunked"
        }
      }).pipe(Effect.flatMap((operation) => fingerprint(operation.metadata, () => Effect.succeed("")))),
    publish: (instance, properties) =>
      create({ source: { type: "instance", name: instance }, properties, public: false }),
    pointAlias: (name, target) =>
      alias(name).pipe(
        Effect.tap((before) =>
          Option.isSome(before)
            ? client.send({
              method: "PUT",
              path: client.path(["images", "aliases", name]),
              json: { target, description: "" }
            })
            : client.send({
              method: "POST",
              path: client.path(["images", "aliases"]),
              json: { name, target, type: "container" }
            })
        )
      ),
    remove: (print) =>
      client.run({ method: "DELETE", path: client.path(["images", print]) }).pipe(
        Effect.asVoid,
        Effect.catchIf(isNotFound, () => Effect.void)
      )
  }
}
