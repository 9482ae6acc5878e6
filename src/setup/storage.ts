import * as Effect from "effect/Effect"
import type { StoragePool } from "../incus/infrastructureSchemas.ts"
import type { Device } from "../incus/schemas.ts"
import type { CommandFailed } from "./errors.ts"
import type { Machine } from "./machine.ts"
import { type IncusServer, unasked, whenReached } from "./server.ts"
import { type Action, done, manual, needed, type Step } from "./Step.ts"

/** The pool that set-up makes if Incus has none. */
export const newPool = "default"

const slow = (pool: string) =>
  `the pool ${pool} is a plain directory: every session unpacks the whole image first. A btrfs or zfs pool starts `
  + "sessions in less than a second (incus storage create fast btrfs)"

/**
 * The pool that sessions are on: the one asked for, else the default profile's own, else the best one there is: copies
 * cost nothing on btrfs and zfs. Undefined if Incus has none.
 */
export const choosePool = (
  pools: ReadonlyArray<StoragePool>,
  devices: Readonly<Record<string, Device>>,
  wanted: string | undefined
): StoragePool | undefined => {
  const rootDisk = Object.values(devices).find((device) =>
    device["type"] === "disk" && device["path"] === "/"
  )
  const name = wanted ?? rootDisk?.["pool"]
  const rank = (pool: StoragePool) => {
    const order = ["btrfs", "zfs", "lvm", "ceph", "dir"].indexOf(pool.driver)
    return order < 0 ? 3 : order
  }
  return name === undefined
    ? pools.toSorted((one, other) => rank(one) - rank(other))[0]
    : pools.find((pool) => pool.name === name)
}

const gibibyte = 1024 ** 3

/** Size of a pool's file in GiB: half of what is free, between 10 and 100. The file is sparse: it takes what is used. */
export const poolSize = (free: number): number => Math.min(100, Math.max(10, Math.floor(free / gibibyte / 2)))

/** Bytes that are free where a directory is or will be. */
export const freeBytes = (machine: Machine, directory: string): Effect.Effect<number, CommandFailed> =>
  machine.exists(directory).pipe(
    Effect.flatMap((exists) => machine.output(["df", "-B1", "--output=avail", exists ? directory : "/var"])),
    Effect.map((text) => Number(/(\d+)\s*$/.exec(text)?.[1] ?? 0))
  )

const create = (
  server: IncusServer,
  name: string,
  driver: string,
  config: Record<string, string>
): Action => ({
  shown: [
    "incus storage create",
    name,
    driver,
    ...Object.entries(config).map(([key, value]) => `${key}=${value}`)
  ]
    .join(" "),
  run: server.api.storage.create(name, driver, config)
})

/** Some kernels know btrfs and cannot mount a file; a directory works everywhere, and the check after it warns of it. */
const orDirectory = (
  action: Action,
  server: IncusServer,
  say: (line: string) => Effect.Effect<void>
): Action => ({
  ...action,
  run: Effect.catchTag(action.run, "IncusRequestError", (error) =>
    Effect.zipRight(
      say(`A ${newPool} pool on a file of its own cannot be made (${error.reason}); it becomes a directory.`),
      create(server, newPool, "dir", {}).run
    ))
})

/** There is a storage pool for sessions. Pools that exist are used as they are. */
export const storageStep = (
  machine: Machine,
  server: IncusServer,
  wanted: string | undefined,
  say: (line: string) => Effect.Effect<void>
): Step => ({
  name: "storage",
  title: "Storage pool",
  check: Effect.gen(function*() {
    const sized = (driver: string) =>
      freeBytes(machine, server.socket.slice(0, server.socket.lastIndexOf("/"))).pipe(
        Effect.orElseSucceed(() => 20 * gibibyte),
        Effect.map((free) =>
          orDirectory(create(server, newPool, driver, { size: `${poolSize(free)}GiB` }), server, say)
        )
      )
    return yield* whenReached(
      server,
      wanted === undefined
        ? Effect.map(sized("btrfs"), (action) => needed(unasked, [action]))
        : Effect.succeed(done(`${wanted}, by the configuration`)),
      ({ defaults, drivers }) =>
        Effect.gen(function*() {
          const pools = yield* server.api.storage.list
          const pool = choosePool(pools, defaults, wanted)
          if (pool !== undefined) {
            return done(`${pool.name} (${pool.driver})`, pool.driver === "dir" ? slow(pool.name) : undefined)
          }
          if (wanted !== undefined) {
            return manual(`Incus has no pool named ${wanted}, which the configuration asks for`, [
              `incus storage create ${wanted} btrfs`
            ])
          }
          const driver = ["btrfs", "zfs"].find((one) => drivers.includes(one))
          return driver === undefined
            ? needed("Incus has no storage pool", [create(server, newPool, "dir", {})], slow(newPool))
            : needed("Incus has no storage pool", [yield* sized(driver)])
        })
    )
  })
})
