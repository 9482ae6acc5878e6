import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Machine } from "../setup/machine.ts"
import type { IncusServer } from "../setup/server.ts"
import { choosePool, freeBytes } from "../setup/storage.ts"
import { degraded, unknown, unusable, well } from "./Finding.ts"

const gibibyte = 1024 ** 3

/** A session that installs what a project needs takes some of it, and an image build twice its size (bytes). */
const little = 5 * gibibyte
/** Less keeps containers from being made, or from writing (bytes). */
const least = gibibyte / 2

const shown = (bytes: number): string => `${(bytes / gibibyte).toFixed(1)} GiB`

/** Judges what is left in a pool, and on the disk that its file grows on, if it has one (bytes). */
export const judgeSpace = (
  pool: string,
  { disk, total, used }: { readonly used: number; readonly total: number; readonly disk: number | undefined }
) => {
  if (total === 0) return unknown(`the driver of ${pool} does not say how full it is`)
  const inPool = total - used
  const left = Math.min(inPool, disk ?? Infinity)
  const detail = disk !== undefined && disk < inPool
    ? `${shown(inPool)} of ${shown(total)} are free in ${pool}, but only ${
      shown(disk)
    } on the disk that it is on`
    : `${shown(inPool)} of ${shown(total)} are free in ${pool}`
  const fix = ["clincus clean --dry-run", "incus image list", "clincus list --all"]
  return left < least ? unusable(detail, fix) : left < little ? degraded(detail, fix) : well(detail)
}

/** Room for sessions on the pool that they are on. */
export const checkSpace = (machine: Machine, server: IncusServer, wanted: string | undefined) =>
  Effect.gen(function*() {
    const [pools, profile] = yield* Effect.all([
      server.api.storage.list,
      server.api.profiles.get("default")
    ])
    const devices = Option.match(profile, { onNone: () => ({}), onSome: (found) => found.devices })
    const pool = choosePool(pools, devices, wanted)
    if (pool === undefined) return unknown("there is no pool")
    const { space } = yield* server.api.storage.space(pool.name)
    // Only a file of Incus's own or a directory grows at the cost of the machine's disk.
    const source = pool.config["source"] ?? ""
    const disk = source.startsWith("/") && !source.startsWith("/dev/")
      ? yield* Effect.option(freeBytes(machine, source))
      : Option.none()
    return judgeSpace(pool.name, { ...space, disk: Option.getOrUndefined(disk) })
  })
