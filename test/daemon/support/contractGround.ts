import * as NodeFileSystem from "@effect/platform-node-shared/NodeFileSystem"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Fs from "node:fs"
import { join } from "node:path"
import { IncusService, layerOnTransport } from "../../../src/incus/IncusService.ts"
import { unixSocket } from "../../../src/incus/IncusTransport.ts"
import { Ground } from "../../contract/support/Ground.ts"
import { eventually } from "./eventually.ts"
import { incus } from "./ownDaemon.ts"
import { image, layer as worldLayer, socket, World } from "./World.ts"

/** The real Incus of this machine. */
export const ground = Layer.effect(
  Ground,
  Effect.gen(function*() {
    const { prefix, root } = yield* World
    const { exec } = yield* IncusService
    const run = (name: string, ...command: readonly [string, ...ReadonlyArray<string>]) =>
      exec.run(name, { command })
    return {
      prefix,
      image,
      up: (name: string) =>
        eventually(
          `the system of ${name}`,
          run(name, "systemctl", "is-system-running"),
          ({ stdout }) => /running|degraded/.test(stdout)
        ).pipe(Effect.catchTag("NotYet", (error) => Effect.die(error)), Effect.asVoid),
      powerOff: (name: string) => Effect.asVoid(run(name, "systemctl", "poweroff")),
      // They go with the world.
      directory: Effect.sync(() => Fs.mkdtempSync(join(root, "mounted-"))),
      project: Effect.acquireRelease(
        Effect.as(
          incus(
            {},
            "project",
            "create",
            `${prefix}other`,
            "-c",
            "features.profiles=false",
            "-c",
            "features.images=false"
          ),
          `${prefix}other`
        ),
        (name) => Effect.ignore(incus({}, "project", "delete", name))
      )
    }
  })
).pipe(
  Layer.provideMerge(layerOnTransport("default").pipe(Layer.provideMerge(unixSocket(socket)))),
  Layer.provideMerge(NodeFileSystem.layer),
  Layer.provideMerge(worldLayer)
)
