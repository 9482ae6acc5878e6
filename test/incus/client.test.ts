import { describe, expect, layer } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { makeClient } from "../../src/incus/client.ts"
import { IncusService, layerOnTransport } from "../../src/incus/IncusService.ts"
import { IncusTransport, unixSocket } from "../../src/incus/IncusTransport.ts"
import { Operation } from "../../src/incus/schemas.ts"
import * as Library from "./support/library.ts"
import { image, socket, World } from "./support/World.ts"

const patience = "500 millis"

/** A client that is sooner at the end of its patience than what it waits for. */
const Impatient = layerOnTransport("default", patience).pipe(
  Layer.provideMerge(unixSocket(socket))
)

const spec = (name: string) => ({
  name,
  image,
  ephemeral: true,
  config: { "user.clincus.build": "true" },
  devices: { eth0: { type: "none" } },
  profiles: ["default", "clincus"]
})

layer(Library.layer, { excludeTestServices: true })("the client and the real daemon", (it) => {
  describe("an operation", () => {
    it.scoped("is waited for however long it takes, and failures are told from what is lost", () =>
      Effect.gen(function*() {
        const { prefix } = yield* World
        const { exec, instances } = yield* IncusService.pipe(Effect.provide(Impatient))
        const name = `${prefix}client`
        yield* Effect.addFinalizer(() => Effect.orDie(instances.destroy(name)))
        expect(yield* Effect.flip(instances.createAndStart({ ...spec(name), image: `${prefix}none` })))
          .toMatchObject({ _tag: "ImageNotFound" })
        yield* instances.createAndStart(spec(name))
        expect(yield* Effect.flip(instances.createAndStart({ ...spec(name), config: { "user.x": "y" } })))
          .toMatchObject({ _tag: "NameTaken" })
        // The client asks for the end of an operation each two seconds.
        const long = yield* exec.run(name, { command: ["sh", "-c", "sleep 3; echo done; exit 3"] })
        expect(long).toMatchObject({ status: 3, stdout: "done\n" })
        yield* instances.stop(name, { force: true })
        yield* instances.destroy(name)
        expect(yield* Effect.flip(instances.start(name))).toMatchObject({ _tag: "InstanceNotFound" })
      }))

    it.scoped("that nobody knows is lost", () =>
      Effect.gen(function*() {
        const transport = yield* IncusTransport.pipe(Effect.provide(Impatient))
        const client = makeClient(transport, "default", Duration.millis(500))
        const unknown = Operation.make({
          id: "00000000-0000-4000-8000-000000000000",
          status: "Running",
          status_code: 103
        })
        const failure = yield* Effect.flip(
          client.wait(unknown, { method: "DELETE", path: "/1.0/instances/x" })
        )
        expect(failure).toMatchObject({ _tag: "OperationLost", path: "/1.0/instances/x", method: "DELETE" })
      }))
  })
})
