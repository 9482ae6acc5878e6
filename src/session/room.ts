import * as FileSystem from "@effect/platform/FileSystem"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { type Instance, isUp } from "../incus/schemas.ts"

/**
 * The kernel lets one user, root, have so many inotify instances, and the systems of the containers that run use them up:
 * the next one would come up without a network, or not at all.
 *
 * @see SessionFailure
 */
export class TooManyContainers extends Data.TaggedError("TooManyContainers")<{
  readonly running: number
  /** Value of fs.inotify.max_user_instances. */
  readonly limit: number
}> {
  override get message(): string {
    return `${this.running} containers run, and fs.inotify.max_user_instances = ${this.limit} is not enough for another one: it would have no network`
  }
  get hint(): string {
    return "Run 'clincus setup', which raises it, or end a session ('clincus list' shows them)."
  }
}

/** What the system of a container takes; measured on Debian 12 with its usual services. */
const perContainer = 9

/** Fails if another container would not come up whole. */
export const requireRoom = (
  instances: ReadonlyArray<Instance>
): Effect.Effect<void, TooManyContainers, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const running = instances.filter((instance) => isUp(instance) && instance.type === "container").length
    if (running < 4) return
    const fs = yield* FileSystem.FileSystem
    const limit = yield* fs.readFileString("/proc/sys/fs/inotify/max_user_instances").pipe(
      Effect.map(Number),
      Effect.orElseSucceed(() => Number.POSITIVE_INFINITY)
    )
    if ((running + 1) * perContainer > limit) return yield* new TooManyContainers({ running, limit })
  })
