import * as Command from "@effect/cli/Command"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { describe } from "../cli/describe.ts"
import { format, Output, print } from "../cli/output.ts"
import { table } from "../cli/table.ts"
import { age, size } from "../cli/units.ts"
import { ImageService } from "../image/ImageService.ts"
import type { ImageSummary } from "../image/ImageSummary.ts"

/** An image in JSON. Keys are only ever added; `size` is in bytes, `base` null for images that clincus did not build. */
export const imageJson = (image: ImageSummary) => ({
  aliases: image.aliases,
  fingerprint: image.fingerprint,
  size: image.size,
  created_at: image.createdAt.toISOString(),
  clincus: image.ours,
  base: image.base ?? null,
  description: image.description,
  versions: image.versions
})

/** `claude 2.1.3, node 26.1.0`, or whatever the image says of itself if versions are not recorded. */
export const versionsText = ({ description, versions }: ImageSummary): string =>
  Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(", ") || description

const columns = [
  { title: "ALIAS" },
  { title: "FINGERPRINT" },
  { title: "SIZE", align: "right" },
  { title: "AGE", align: "right" },
  { title: "BY CLINCUS" },
  { title: "CONTENT", shrink: "end" }
] as const

export const command = Command.make("images", { format }, (given) =>
  Effect.gen(function*() {
    const output = yield* Output
    const images = yield* Effect.flatMap(ImageService, (service) => service.list)
    const now = yield* Clock.currentTimeMillis
    yield* print(given.format, { images: images.map(imageJson) }, () =>
      images.length === 0
        ? "Incus has no image for containers. Make one: clincus build"
        : table(
          columns,
          images.map((image) => [
            image.aliases.join(", ") || "-",
            image.fingerprint.slice(0, 12),
            size(image.size),
            age(now - image.createdAt.getTime()),
            image.ours ? "yes" : "no",
            versionsText(image)
          ]),
          { stream: output.stdout }
        ))
  })).pipe(
    Command.withDescription(describe("List the images that sessions can be made of.", {
      group: "Setting up",
      details: ["With their size and age and, if clincus built them, the versions of the tools inside."],
      examples: [
        ["clincus images", "All images for containers."],
        ["clincus shell --image ALIAS", "Use one of them."]
      ]
    }))
  )
