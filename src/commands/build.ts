import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Path from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { describe } from "../cli/describe.ts"
import { format, notice, print } from "../cli/output.ts"
import { age } from "../cli/units.ts"
import { ConfigService } from "../config/ConfigService.ts"
import { ImageService } from "../image/ImageService.ts"
import { imageJson, versionsText } from "./images.ts"

const base = Options.text("base").pipe(
  Options.withPseudoName("BASE"),
  Options.withDescription(
    "The Debian 12 to begin with: auto, images (the image server), mmdebstrap (the Debian mirror), images:NAME, or an image that Incus has."
  ),
  Options.withDefault("auto")
)
const insecure = Options.boolean("insecure-base").pipe(
  Options.withDescription(
    "Take Node, npm and the tools unchecked if the npm registry gives no sha512 of them; without this option it is an error."
  )
)
const force = Options.boolean("force").pipe(
  Options.withAlias("f"),
  Options.withDescription("Build although the image exists; it is replaced when the new one is finished.")
)
const alias = Options.text("alias").pipe(
  Options.withPseudoName("ALIAS"),
  Options.withDescription("Name of the image; the one that sessions use by default."),
  Options.optional
)

export const command = Command.make(
  "build",
  { base, insecure, force, alias, format },
  (given) =>
    Effect.gen(function*() {
      const images = yield* ImageService
      const config = yield* ConfigService
      const path = yield* Path.Path
      const { settings } = yield* config.load({})
      const name = Option.getOrElse(given.alias, () => settings.defaults.image)
      const { built, image } = yield* images.build({
        alias: name,
        base: given.base,
        insecure: given.insecure,
        force: given.force,
        pool: settings.incus.pool,
        network: settings.incus.network,
        logs: path.join(settings.paths.sessions_dir, "logs")
      })
      if (!built) {
        const old = age((yield* Clock.currentTimeMillis) - image.createdAt.getTime())
        yield* notice(
          `The image ${name} is there already, ${old} old. Rebuild it: clincus build --force${
            name === settings.defaults.image ? "" : ` --alias ${name}`
          }`
        )
      }
      yield* print(
        given.format,
        { built, ...imageJson(image) },
        () => [name, image.fingerprint.slice(0, 12), versionsText(image)].join("  ").trimEnd()
      )
    })
).pipe(
  Command.withDescription(describe("Build the image that sessions are made of.", {
    group: "Setting up",
    details: [
      "Debian 12 with systemd, the user code, tmux, git, build tools, Python, Node and the tools claude and opencode. It takes a minute or two. The machine's Debian mirror, its extra certificate authorities, its npm registry and its proxy variables are used.",
      "A build that fails or is interrupted leaves nothing behind, and the image there was stays."
    ],
    examples: [
      ["clincus build", "Build the image if it is missing."],
      ["clincus build --force", "Build it anew, with the newest tools."],
      ["clincus build --base clincus --alias mine", "Another image, on top of this one."]
    ]
  }))
)
