import type * as FileSystem from "@effect/platform/FileSystem"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { Host } from "../host/Host.ts"
import { ownProcess } from "../host/process.ts"
import { quote } from "../host/shell.ts"
import type { Owner } from "../host/stateFiles.ts"
import { IncusService } from "../incus/IncusService.ts"
import { retryPassing } from "../incus/retry.ts"
import { profiles } from "../policy/profiles.ts"
import { mappedGroup } from "../workspace/identity.ts"
import { SlotService } from "./SlotService.ts"

/** Files of a container's users could not be given to the user outside. */
class CannotReclaim extends Data.TaggedError("CannotReclaim")<{
  readonly directory: string
  readonly cause: { readonly message: string }
}> {
  override get message(): string {
    return `files in ${this.directory} belong to users of a container, and cannot be made yours: ${this.cause.message}`
  }
  get hint(): string {
    return `Make them yours: sudo chown -R "$(id -u):$(id -g)" ${quote(this.directory)}`
  }
}

class ScriptFailed extends Data.TaggedError("ScriptFailed")<{ readonly message: string }> {}

/** What says of a container that it is only a helper, and whose. */
export const helperLabel = "user.clincus.helper"
const place = "/mnt/reclaim"
/** The image that set-up makes: any other does as well, but an agent may have had its hands on another image. */
const usual = "clincus"

/**
 * Gives every file of a container's users to `code`, which is the user outside, and lets this user into every directory.
 * What belongs to somebody else on the host shows as nobody's here and stays as it is. Links are not followed.
 */
const script = `
cd ${place} || exit 1
chown -hR 1000:1000 . 2>/dev/null
find . -xdev -type d -uid 1000 ! -perm -700 -execdir chmod u+rwx {} + 2>/dev/null
[ -z "$(find . -xdev ! -uid 1000 -print -quit 2>/dev/null)" ] || { echo "some belong to another user of the host" >&2; exit 1; }
`

/**
 * Makes the files that root and others of a container left in a directory of the host the user's own. Only the ids of
 * containers can do so without root, so it is done in a container of its own, with no network, that has all of them. Takes
 * about a second.
 */
export const reclaim = (
  directory: string,
  owner: Owner
): Effect.Effect<void, CannotReclaim, IncusService | SlotService | Host | FileSystem.FileSystem> =>
  Effect.scoped(Effect.gen(function*() {
    const { exec, images, instances } = yield* IncusService
    const { prefix } = yield* SlotService
    const host = yield* Host
    const name = `${prefix}reclaim-${(yield* host.uuid).slice(0, 8)}`
    const usable = (yield* images.list).filter(({ type }) => type === "container")
    const image = usable.find(({ aliases }) => aliases.some((alias) => alias.name === usual)) ?? usable[0]
    if (image === undefined) {
      return yield* new ScriptFailed({ message: "Incus has no image to make a container from" })
    }
    // Before the creation: a creation that fails half-way leaves an instance as well.
    yield* Effect.addFinalizer(() =>
      instances.destroy(name).pipe(
        retryPassing("10 seconds"),
        Effect.catchAll((error) => Effect.logWarning(`${name} is left behind: ${error.message}`))
      )
    )
    yield* instances.createAndStart({
      name,
      image: image.fingerprint,
      ephemeral: true,
      config: {
        "raw.idmap": [`uid ${owner.uid} 1000`, ...mappedGroup(owner).map((gid) => `gid ${gid} 1000`)].join(
          "\n"
        ),
        [helperLabel]: JSON.stringify(yield* ownProcess)
      },
      devices: { reclaim: { type: "disk", source: directory, path: place }, eth0: { type: "none" } },
      profiles
    }).pipe(Effect.uninterruptible)
    const { status, stderr } = yield* exec.run(name, { command: ["/bin/sh", "-c", script] })
    if (status !== 0) return yield* new ScriptFailed({ message: stderr.trim() || `status ${status}` })
  })).pipe(Effect.mapError((cause) => new CannotReclaim({ directory, cause })))
