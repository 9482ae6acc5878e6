import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { hurriedClock } from "../../../src/host/memory/clock.ts"
import { MemoryDisk, memoryDisk } from "../../../src/host/memory/MemoryDisk.ts"
import { MemoryIncus, memoryIncus } from "../../../src/incus/memory/MemoryIncus.ts"
import { programs } from "./commands.ts"
import { Ground } from "./Ground.ts"

let count = 0

/** The twin in memory. What Incus does takes its time there too, by a clock that does not. */
export const ground = Layer.effect(
  Ground,
  Effect.map(Effect.all([MemoryIncus, MemoryDisk]), ([incus, disk]) => ({
    prefix: "test-",
    image: "clincus",
    up: () => Effect.void,
    powerOff: (name: string) => incus.powerOff(name),
    directory: Effect.suspend(() => {
      const path = `/mounted/${++count}`
      return Effect.as(disk.makeDirectory(path), path)
    }),
    project: Effect.succeed("other")
  }))
).pipe(
  Layer.provideMerge(memoryIncus({
    projects: ["default", "other"],
    guest: { exec: programs },
    times: { create: "100 millis", start: "100 millis", stop: "500 millis", delete: "100 millis" }
  })),
  Layer.provideMerge(memoryDisk()),
  Layer.provideMerge(hurriedClock)
)
