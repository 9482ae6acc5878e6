import * as Data from "effect/Data"
import { closest } from "../domain/closest.ts"
import type { IncusFailure } from "../incus/errors.ts"

/** How many of the last lines of output an error shows. */
const shown = 20

/**
 * A step of a build ended with an error. `log` is a file with everything that the build said.
 *
 * @see BuildFailure
 */
export class BuildFailed extends Data.TaggedError("BuildFailed")<{
  readonly step: string
  readonly reason: string
  /** Path of the log; undefined if not even that could be written. */
  readonly log: string | undefined
  readonly lines: ReadonlyArray<string>
}> {
  override get message(): string {
    const last = this.lines.slice(-shown).map((line) => `  ${line}`)
    return [
      `the image was not built: "${this.step}" failed: ${this.reason}`,
      ...(last.length === 0 ? [] : [`The last of what it said:`, ...last])
    ].join("\n")
  }
  get hint(): string {
    return this.log === undefined
      ? "Run 'clincus build' again when the cause is gone."
      : `The whole log is in ${this.log}; run 'clincus build' again when the cause is gone.`
  }
}

/**
 * There is nothing on this machine that a base system could be made with.
 *
 * @see BuildFailure
 */
export class NoBase extends Data.TaggedError("NoBase")<{ readonly reason: string }> {
  override get message(): string {
    return `no base system for the image: ${this.reason}`
  }
  get hint(): string {
    return "Install mmdebstrap (on Debian and Ubuntu: sudo apt-get install mmdebstrap uidmap), or name a base: 'clincus build --base IMAGE'."
  }
}

/**
 * `--base` names an image that Incus does not have.
 *
 * @see BuildFailure
 */
export class UnknownBase extends Data.TaggedError("UnknownBase")<{
  readonly base: string
  readonly known: ReadonlyArray<string>
}> {
  override get message(): string {
    return `'${this.base}' is not a base: neither auto, images or mmdebstrap, nor images:NAME, nor an image that Incus has`
  }
  get hint(): string {
    const near = closest(this.base, ["auto", "images", "mmdebstrap", ...this.known])
    return near === undefined ? "Run 'clincus images' to see which there are." : `Did you mean '${near}'?`
  }
}

/**
 * What building an image can fail with.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 *
 * export const build = Effect.flatMap(Clincus.ImageService, (images) =>
 *   images.build({ alias: "clincus", base: "images:debian/13", force: false, logs: "/tmp" })).pipe(
 *     Effect.catchTags({
 *       BuildFailed: ({ log, step }) => Console.error(`${step} failed, see ${log}`),
 *       NoBase: ({ hint }) => Console.error(hint),
 *       UnknownBase: ({ known }) => Console.error(`there are ${known.join(", ")}`)
 *     })
 *   )
 */
export type BuildFailure = BuildFailed | NoBase | UnknownBase | IncusFailure
