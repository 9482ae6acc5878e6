import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { randomBytes } from "node:crypto"
import { createReadStream } from "node:fs"
import { type Client, isNotFound, orNone } from "./client.ts"
import { ImageNotFound, type IncusFailure, LocalFileError } from "./errors.ts"
import type { TransportRequest } from "./httpRequest.ts"
import { Image, ImageAlias, listOf, type Operation } from "./schemas.ts"

/**
 * The image store of a project; see https://linuxcontainers.org/incus/docs/main/image-handling/. An image is known by its
 * fingerprint, the SHA-256 of its files in hex.
 *
 * @example
 * import * as Incus from "clincus/incus"
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 *
 * export const debian = Effect.gen(function*() {
 *   const { images } = yield* Incus.IncusService
 *   const fingerprint = yield* images.copy("https://images.linuxcontainers.org", "debian/13")
 *   yield* images.pointAlias("base", fingerprint)
 * }).pipe(Effect.catchTag("IncusRequestError", ({ reason }) => Console.error(reason)))
 */
export interface Images {
  /** All images, those without an alias too. */
  readonly list: Effect.Effect<ReadonlyArray<Image>, IncusFailure>
  /** The image that an alias stands for, or the one with this fingerprint. */
  readonly get: (image: string) => Effect.Effect<Image, IncusFailure | ImageNotFound>
  /**
   * Copies an image of a simplestreams server into the store and returns its fingerprint, also if the image was there
   * before. Interrupting this or one of the next three leaves no new image.
   */
  readonly copy: (server: string, alias: string) => Effect.Effect<string, IncusFailure>
  /**
   * Imports a unified image tarball (metadata.yaml, templates/, rootfs/) from a file of this machine; returns its
   * fingerprint. `metadata.yaml` must have `properties`, be it an empty map: Incus 6.0 crashes if properties are given
   * for an image without.
   */
  readonly importFile: (
    path: string,
    properties: Record<string, string>
  ) => Effect.Effect<string, IncusFailure>
  /** Imports an image in two files: a tarball with `metadata.yaml`, and one of the root file system. */
  readonly importSplit: (
    metadata: string,
    rootfs: string,
    properties: Record<string, string>
  ) => Effect.Effect<string, IncusFailure>
  /**
   * Makes an image of a stopped instance and returns its fingerprint. `compression` is a command of the daemon's machine
   * with its options, `none`, or undefined for the server's default.
   */
  readonly publish: (
    instance: string,
    properties: Record<string, string>,
    compression?: string
  ) => Effect.Effect<string, IncusFailure>
  /** Points an alias at an image, away from the one that it named before. Returns the fingerprint it named before. */
  readonly pointAlias: (
    alias: string,
    fingerprint: string
  ) => Effect.Effect<Option.Option<string>, IncusFailure>
  /** Deletes an image. That it is gone already is not an error. */
  readonly remove: (fingerprint: string) => Effect.Effect<void, IncusFailure>
}

const Created = Schema.Struct({ fingerprint: Schema.String })

/** The bytes of a file of this machine, read when they are sent. */
const bytesOf = async function*(path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(path)
  } catch (cause) {
    throw new LocalFileError({ path, reason: cause instanceof Error ? cause.message : String(cause) })
  }
}

/** The body of a form with files. */
const form = async function*(boundary: string, files: Record<string, string>): AsyncGenerator<Uint8Array> {
  for (const [name, path] of Object.entries(files)) {
    yield Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="${name}.tar"\r\n`
        + "Content-Type: application/octet-stream\r\n\r\n"
    )
    yield* bytesOf(path)
    yield Buffer.from("\r\n")
  }
  yield Buffer.from(`--${boundary}--\r\n`)
}

export const makeImages = (client: Client): Images => {
  const remove: Images["remove"] = (print) =>
    client.run({ method: "DELETE", path: client.path(["images", print]) }).pipe(
      Effect.asVoid,
      Effect.catchIf(isNotFound, () => Effect.void),
      // Success only if the image is seen to be gone.
      Effect.catchTag("OperationLost", (lost) =>
        byFingerprint(print).pipe(
          Effect.zipRight(lost),
          Effect.catchIf(isNotFound, () => Effect.void)
        ))
    )

  /** Cancels an operation or, if it cannot be cancelled, waits for its end and removes what it has made. */
  const undo = (operation: Operation, request: TransportRequest, before: ReadonlyArray<string>) =>
    client.send({ method: "DELETE", path: client.path(["operations", operation.id]) }).pipe(
      Effect.ignore,
      Effect.zipRight(client.wait(operation, request)),
      Effect.flatMap(({ metadata }) => client.decode(request, Created)(metadata)),
      Effect.flatMap((created) =>
        before.includes(created.fingerprint) ? Effect.void : remove(created.fingerprint)
      ),
      Effect.interruptible,
      Effect.timeout("1 minute"),
      Effect.ignore
    )

  const list = client.get(client.path(["images"], { recursion: "1" }), listOf(Image))

  const create = (request: TransportRequest) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function*() {
        const before = (yield* restore(list)).map((image) => image.fingerprint)
        // A client that goes away just now could not know whether an image will come of it. So the answer is waited for, but
        // not for ever: it comes soon if the daemon has all that it needs, and nothing comes of half an upload.
        const starting = yield* Effect.forkDaemon(Effect.interruptible(client.start(request)))
        const operation = yield* restore(Fiber.join(starting)).pipe(
          Effect.onInterrupt(() =>
            Fiber.join(starting).pipe(
              Effect.interruptible,
              Effect.timeout("5 seconds"),
              Effect.flatMap((operation) => undo(operation, request, before)),
              Effect.ensuring(Fiber.interrupt(starting)),
              Effect.ignore
            )
          )
        )
        return yield* restore(client.wait(operation, request)).pipe(
          Effect.onInterrupt(() => undo(operation, request, before))
        )
      })
    ).pipe(
      Effect.flatMap(({ metadata }) => client.decode(request, Created)(metadata)),
      Effect.map((created) => created.fingerprint)
    )

  const upload = (
    properties: Record<string, string>,
    type: string,
    stream: () => AsyncIterable<Uint8Array>
  ) =>
    create({
      method: "POST",
      path: client.path(["images"]),
      stream,
      headers: {
        "Content-Type": type,
        "X-Incus-properties": new URLSearchParams(properties).toString(),
        "Transfer-Encoding": "chunked"
      }
    })

  const alias = (name: string) =>
    orNone(client.get(client.path(["images", "aliases", name]), ImageAlias)).pipe(
      Effect.map(Option.map(({ target }) => target))
    )

  const byFingerprint = (print: string) => client.get(client.path(["images", print]), Image)

  return {
    list,
    get: (image) =>
      alias(image).pipe(
        Effect.flatMap((target) => byFingerprint(Option.getOrElse(target, () => image))),
        Effect.mapError((error) => isNotFound(error) ? new ImageNotFound({ image }) : error)
      ),
    copy: (server, name) =>
      create({
        method: "POST",
        path: client.path(["images"]),
        json: { source: { type: "image", mode: "pull", server, protocol: "simplestreams", alias: name } }
      }),
    importFile: (path, properties) => upload(properties, "application/octet-stream", () => bytesOf(path)),
    importSplit: (metadata, rootfs, properties) =>
      Effect.suspend(() => {
        // Nobody can put into a file what is not known before it is sent.
        const boundary = `clincus-${randomBytes(24).toString("hex")}`
        return upload(
          properties,
          `multipart/form-data; boundary=${boundary}`,
          () => form(boundary, { metadata, rootfs })
        )
      }),
    publish: (instance, properties, compression) =>
      create({
        method: "POST",
        path: client.path(["images"]),
        json: {
          source: { type: "instance", name: instance },
          properties,
          public: false,
          ...(compression === undefined ? {} : { compression_algorithm: compression })
        }
      }),
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
    remove
  }
}
