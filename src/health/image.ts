import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { ImageService } from "../image/ImageService.ts"
import type { ImageSummary } from "../image/ImageSummary.ts"
import { degraded, type Seen, unknown, well } from "./Finding.ts"

const day = 86_400_000

/** Security updates of Debian and releases of the tools pass an older image by (days). */
const oldAge = 45

/** Judges an image that sessions are made of, `now` in ms since the epoch. */
export const judgeImage = ({ createdAt, ours, versions }: ImageSummary, alias: string, now: number): Seen => {
  const days = Math.max(0, Math.floor((now - createdAt.getTime()) / day))
  const content = Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(", ")
  const age = days === 0 ? "of today" : `${days} day${days === 1 ? "" : "s"} old`
  const rebuild = alias === "clincus" ? "clincus build --force" : `clincus build --alias ${alias} --force`
  if (!ours) return well(`${alias}, ${age}, not built by clincus: what is in it is not known`)
  return days > oldAge
    ? degraded(`${alias} is ${age}, with ${content}`, [rebuild])
    : well(`${alias}, ${age}: ${content}`)
}

/** The image's age, and what is in it. */
export const checkImage = (images: Context.Tag.Service<ImageService>, alias: string) =>
  Effect.gen(function*() {
    const found = (yield* images.list).find(({ aliases }) => aliases.includes(alias))
    const now = yield* Clock.currentTimeMillis
    return found === undefined ? unknown(`there is no image ${alias}`) : judgeImage(found, alias, now)
  })
