import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { Host } from "../host/Host.ts"
import { Progress } from "../host/Progress.ts"
import type { IncusFailure } from "../incus/errors.ts"
import { IncusService } from "../incus/IncusService.ts"
import { construct } from "./build.ts"
import type { Placement } from "./BuildContainer.ts"
import { CurrentLog, makeBuildLog } from "./BuildLog.ts"
import { BuildFailed, type BuildFailure } from "./errors.ts"
import { type ImageSummary, summaryOf } from "./ImageSummary.ts"

/**
 * What to build, and where.
 *
 * @see ImageService
 */
export interface BuildOptions extends Placement {
  /** Name of the image; the image that has it is replaced when the new one is finished. */
  readonly alias: string
  /**
   * `auto`: `images` if the image server answers, else `mmdebstrap`. `images` or `images:NAME`: from that server.
   * `mmdebstrap`: from the Debian mirror. Anything else: alias or fingerprint of an image in the store.
   */
  readonly base: string
  /** Take software of the registry that it gives no sha512 of, which is an error otherwise. */
  readonly insecure?: boolean | undefined
  /** Build although an image of this name exists. */
  readonly force: boolean
  /** Directory for the log of a build that fails. */
  readonly logs: string
}

/**
 * The image that stands under the alias now; `built` is false if it was there before.
 *
 * @see ImageService
 */
export interface BuildResult {
  readonly built: boolean
  readonly image: ImageSummary
}

/**
 * Images that sessions are made of: building the image of clincus, and listing images of containers.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 *
 * export const build = Effect.gen(function*() {
 *   const images = yield* Clincus.ImageService
 *   const { built, image } = yield* images.build({ alias: "clincus", base: "auto", force: false, logs: "/tmp" })
 *   yield* Console.log(`${built ? "built" : "had"} ${image.fingerprint}`)
 * })
 */
export class ImageService extends Context.Tag("clincus/ImageService")<ImageService, {
  /**
   * Builds the image unless it exists. Reports to `Progress`. Failure and interruption leave no container, no image and
   * no file but the log, and the image that had the alias before stays.
   */
  readonly build: (options: BuildOptions) => Effect.Effect<BuildResult, BuildFailure, Progress>
  /** Images for containers, newest first. */
  readonly list: Effect.Effect<ReadonlyArray<ImageSummary>, IncusFailure>
}>() {}

/**
 * Images of the Incus server, built with what this machine has.
 *
 * @example
 * import * as NodeFileSystem from "@effect/platform-node-shared/NodeFileSystem"
 * import * as NodePath from "@effect/platform-node-shared/NodePath"
 * import * as Clincus from "clincus"
 * import * as Layer from "effect/Layer"
 *
 * export const images = Clincus.imageLayer.pipe(
 *   Layer.provide(Clincus.incusLayer({ socket: "/var/lib/incus/unix.socket", project: "default" })),
 *   Layer.provide([Clincus.hostLayer, NodeFileSystem.layer, NodePath.layer])
 * )
 */
export const layer: Layer.Layer<
  ImageService,
  never,
  IncusService | Host | FileSystem.FileSystem | Path.Path
> = Layer.effect(
  ImageService,
  Effect.gen(function*() {
    const { images } = yield* IncusService
    const context = yield* Effect.context<
      IncusService | Host | FileSystem.FileSystem | Path.Path
    >()

    const present = (alias: string) =>
      images.get(alias).pipe(
        Effect.map((image) => Option.some(summaryOf(image))),
        Effect.catchTag("ImageNotFound", () => Effect.succeed(Option.none<ImageSummary>()))
      )

    const make = (options: BuildOptions) =>
      Effect.gen(function*() {
        const log = yield* makeBuildLog
        const failed = (reason: string) =>
          Effect.gen(function*() {
            const lines = log.tail()
            const file = yield* log.save(options.logs, yield* Clock.currentTimeMillis)
            return yield* new BuildFailed({ step: log.current(), reason, log: file, lines })
          })
        return yield* Effect.scoped(construct(options)).pipe(
          Effect.provideService(CurrentLog, log),
          Effect.catchTags({
            StepFailed: ({ reason }) => failed(reason),
            IncusRequestError: (error) => failed(error.message),
            LocalFileError: (error) => failed(error.message),
            OperationLost: (error) => failed(error.message),
            ImageNotFound: (error) => failed(error.message),
            InstanceNotFound: (error) => failed(error.message),
            NameTaken: (error) => failed(error.message)
          })
        )
      })

    return {
      list: Effect.map(
        images.list,
        (all) =>
          all.filter((image) => image.type === "container").map(summaryOf).toSorted((a, b) =>
            b.createdAt.getTime() - a.createdAt.getTime()
          )
      ),
      build: (options) =>
        Effect.gen(function*() {
          const before = yield* present(options.alias)
          if (Option.isSome(before) && !options.force) return { built: false, image: before.value }
          const image = summaryOf(yield* make(options))
          const progress = yield* Progress
          yield* progress.done
          return { built: true, image }
        }).pipe(Effect.provide(context))
    }
  })
)
