import type { Image } from "../incus/schemas.ts"
import { recorded } from "./versions.ts"

/**
 * What is worth knowing of an image.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Effect from "effect/Effect"
 *
 * export const ours = Effect.gen(function*() {
 *   const { list } = yield* Clincus.ImageService
 *   const images: ReadonlyArray<Clincus.ImageSummary> = yield* list
 *   return images.filter(({ ours }) => ours).map(({ aliases, versions }) => ({ aliases, versions }))
 * })
 */
export interface ImageSummary {
  readonly aliases: ReadonlyArray<string>
  readonly fingerprint: string
  /** Bytes as it is kept, compressed. */
  readonly size: number
  /** When it was built or, if that is not recorded, came into the store. */
  readonly createdAt: Date
  /** True for an image that `clincus build` made. */
  readonly ours: boolean
  readonly description: string
  /** What it was built from; undefined for other people's images. */
  readonly base: string | undefined
  /** Versions of the tools inside, by name; empty for other people's images. */
  readonly versions: Readonly<Record<string, string>>
}

/** Properties of an image that record what is inside. */
export const propertiesFor = (built: {
  readonly now: number
  readonly base: string
  readonly versions: Readonly<Record<string, string>>
}): Record<string, string> => ({
  os: "Debian",
  release: "bookworm",
  description: `clincus: Debian 12 with claude ${built.versions["claude"] ?? "?"} and opencode ${
    built.versions["opencode"] ?? "?"
  }`,
  "clincus.built": new Date(built.now).toISOString(),
  "clincus.base": built.base,
  ...Object.fromEntries(
    Object.entries(built.versions).map(([name, version]) => [`clincus.${name}`, version])
  )
})

/** Reads an image's properties, no matter who wrote them. */
export const summaryOf = (image: Image): ImageSummary => {
  const { properties } = image
  const built = Date.parse(properties["clincus.built"] ?? "")
  return {
    aliases: image.aliases.map(({ name }) => name),
    fingerprint: image.fingerprint,
    size: image.size,
    createdAt: Number.isNaN(built) ? image.uploaded_at : new Date(built),
    ours: !Number.isNaN(built),
    description: properties["description"] ?? "",
    base: properties["clincus.base"],
    versions: Object.fromEntries(
      Object.keys(recorded).flatMap((name) => {
        const version = properties[`clincus.${name}`]
        return version === undefined ? [] : [[name, version] as const]
      })
    )
  }
}
