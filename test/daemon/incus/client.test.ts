import { describe, expect } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { makeClient } from "../../../src/incus/client.ts"
import { IncusConnectionLost } from "../../../src/incus/errors.ts"
import type { TransportRequest } from "../../../src/incus/httpRequest.ts"
import { IncusService, layerOnTransport } from "../../../src/incus/IncusService.ts"
import { IncusTransport, unixSocket } from "../../../src/incus/IncusTransport.ts"
import { Operation } from "../../../src/incus/schemas.ts"
import { onGround } from "../../contract/support/onGround.ts"
import * as Library from "../support/library.ts"
import { image, socket, World } from "../support/World.ts"

const patience = "500 millis"

/** A client that is sooner at the end of its patience than what it waits for. */
const Impatient = layerOnTransport("default", patience).pipe(
  Layer.provideMerge(unixSocket(socket))
)

/** The daemon gets the request to make an instance, and its answer gets lost. */
const Lossy = layerOnTransport("default").pipe(
  Layer.provide(Layer.effect(
    IncusTransport,
    Effect.map(IncusTransport, (transport) => ({
      ...transport,
      request: (request: TransportRequest) =>
        request.method === "POST" && request.path === "/1.0/instances"
          ? transport.request(request).pipe(
            Effect.zipRight(new IncusConnectionLost({ method: "POST", path: request.path, cause: "a test" }))
          )
          : transport.request(request)
    }))
  )),
  Layer.provide(unixSocket(socket))
)

const spec = (name: string) => ({
  name,
  image,
  ephemeral: true,
  config: { "user.clincus.build": "true" },
  devices: { eth0: { type: "none" } },
  profiles: ["default", "clincus"]
})

onGround(Library.layer, "the client and the real daemon", (it) => {
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

    it.scoped("whose answer is lost is looked for, also where it is interrupted", () =>
      Effect.gen(function*() {
        const { prefix } = yield* World
        const { instances } = yield* IncusService.pipe(Effect.provide(Lossy))
        const [whole, cut] = [`${prefix}lossy`, `${prefix}interrupted`]
        yield* Effect.addFinalizer(() => Effect.orDie(Effect.all([whole, cut].map(instances.destroy))))
        yield* instances.createAndStart(spec(whole))
        expect(yield* instances.get(whole)).toMatchObject({ status: "Running" })

        const steady = (yield* IncusService).instances
        const fiber = yield* Effect.fork(steady.createAndStart(spec(cut)))
        yield* Effect.sleep("30 millis")
        yield* Fiber.interrupt(fiber)
        // The daemon has done with it, and it can be removed at once.
        yield* instances.destroy(cut)
        yield* Effect.sleep("500 millis")
        expect((yield* instances.list).map(({ name }) => name)).not.toContain(cut)
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
