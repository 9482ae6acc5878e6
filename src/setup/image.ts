import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { Progress } from "../host/Progress.ts"
import type { ImageService } from "../image/ImageService.ts"
import { type IncusServer, unasked, whenReached } from "./server.ts"
import { done, needed, type Step } from "./Step.ts"

/** The image of sessions is there. */
export const imageStep = (
  server: IncusServer,
  images: Context.Tag.Service<ImageService>,
  progress: Context.Tag.Service<Progress>,
  options: {
    readonly alias: string
    readonly pool: string | undefined
    readonly network: string | undefined
    readonly logs: string
  }
): Step => {
  const build = {
    shown: options.alias === "clincus" ? "clincus build" : `clincus build --alias ${options.alias}`,
    run: images.build({ ...options, base: "auto", force: false }).pipe(
      Effect.asVoid,
      Effect.provideService(Progress, progress)
    )
  }
  return {
    name: "image",
    title: "Image",
    check: whenReached(
      server,
      Effect.sync(() => needed(unasked, [build])),
      () =>
        server.api.images.get(options.alias).pipe(
          Effect.map(() => done(options.alias)),
          Effect.catchTag("ImageNotFound", () =>
            Effect.succeed(
              needed(`there is no image ${options.alias}; it takes a few minutes to build`, [build])
            ))
        )
    )
  }
}
