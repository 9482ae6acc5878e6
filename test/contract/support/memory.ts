import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { hurriedClock } from "../../../src/host/memory/clock.ts"
import { MemoryIncus, memoryIncus } from "../../../src/incus/memory/MemoryIncus.ts"
import { programs } from "./commands.ts"
import { Ground } from "./Ground.ts"

/** The twin in memory. What Incus does takes its time there too, by a clock that does not. */
export const ground = Layer.effect(
  Ground,
  Effect.map(MemoryIncus, (incus) => ({
    prefix: "test-",
    image: "clincus",
    up: () => Effect.void,
    powerOff: (name: string) => incus.powerOff(name),
    directory: Effect.acquireRelease(
      Effect.sync(() => Fs.mkdtempSync(join(tmpdir(), "clincus-contract-"))),
      (path) => Effect.sync(() => Fs.rmSync(path, { recursive: true, force: true }))
    ),
    project: Effect.succeed("other")
  }))
).pipe(
  Layer.provideMerge(memoryIncus({
    projects: ["default", "other"],
    guest: { exec: programs },
    times: { create: "100 millis", start: "100 millis", stop: "500 millis", delete: "100 millis" }
  })),
  Layer.provideMerge(hurriedClock)
)
