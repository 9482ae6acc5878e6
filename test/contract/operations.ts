import { expect } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { isNotFound } from "../../src/incus/client.ts"
import { IncusService } from "../../src/incus/IncusService.ts"
import { IncusTransport } from "../../src/incus/IncusTransport.ts"
import { Operations } from "../../src/incus/schemas.ts"
import { eventually } from "../daemon/support/eventually.ts"
import { commands } from "./support/commands.ts"
import { Ground } from "./support/Ground.ts"
import { onGround } from "./support/onGround.ts"
import { raw } from "./support/raw.ts"
import { removedAtEnd, running, specOf } from "./support/spec.ts"

/** How an Incus remembers what it was asked to do, and what it says of itself. */
export const operationsContract = <E>(
  name: string,
  ground: Layer.Layer<Ground | IncusService | IncusTransport, E>
) =>
  onGround(ground, name, (it) => {
    it.scoped("an operation is waited for, listed while it is known, and forgotten some seconds after its end", () =>
      Effect.gen(function*() {
        const client = yield* raw
        const container = yield* running()
        const request = {
          method: "PUT" as const,
          path: client.path(["instances", container, "state"]),
          json: { action: "freeze", timeout: -1 }
        }
        const operation = yield* client.start(request)
        expect(operation).toMatchObject({
          status_code: 103,
          resources: { instances: [`/1.0/instances/${container}`] }
        })
        expect(yield* client.wait(operation, request)).toMatchObject({ id: operation.id, status_code: 200 })
        const known = yield* client.get(client.path(["operations"], { recursion: "1" }), Operations)
        expect(known["success"]?.map(({ id }) => id)).toContain(operation.id)
        // It is remembered for five seconds.
        yield* client.wait(operation, request)
        yield* Effect.sleep("6 seconds")
        expect(yield* Effect.flip(client.wait(operation, request))).toMatchObject({
          _tag: "OperationLost",
          operation: operation.id
        })
        expect(isNotFound(
          yield* Effect.flip(client.send({
            method: "DELETE",
            path: client.path(["operations", operation.id])
          }))
        )).toBe(true)
      }))

    it.scoped("an operation that fails says why, to whoever waits and to whoever looks", () =>
      Effect.gen(function*() {
        const client = yield* raw
        const container = yield* running()
        const request = {
          method: "PUT" as const,
          path: client.path(["instances", container, "state"]),
          json: { action: "start", timeout: -1 }
        }
        const operation = yield* client.start(request)
        const reason = expect.stringMatching(/already running/)
        expect(yield* Effect.flip(client.wait(operation, request))).toMatchObject({
          _tag: "IncusRequestError",
          operation: operation.id,
          reason
        })
        const transport = yield* IncusTransport
        const look = yield* transport.request({
          method: "GET",
          path: client.path(["operations", operation.id])
        })
        expect(JSON.parse(Buffer.from(look.body).toString("utf8")).metadata).toMatchObject({
          status: "Failure",
          status_code: 400,
          err: reason
        })
        // Whoever waits has the header of the answer by then.
        const waited = yield* transport.request({
          method: "GET",
          path: client.path(["operations", operation.id, "wait"])
        })
        expect(waited.status).toBe(200)
        expect(JSON.parse(Buffer.from(waited.body).toString("utf8"))).toMatchObject({
          type: "error",
          error: reason
        })
      }))

    it.scoped("one that takes its time is waited for as long as that, in rounds", () =>
      Effect.gen(function*() {
        const client = yield* raw
        const { exec } = yield* IncusService
        const transport = yield* IncusTransport
        const container = yield* running()
        yield* Effect.fork(exec.run(container, { command: commands.sleep.line }))
        yield* Effect.sleep("500 millis")
        const known = yield* client.get(client.path(["operations"], { recursion: "1" }), Operations)
        const [operation] = known["running"] ?? []
        const round = yield* transport.request({
          method: "GET",
          path: client.path(["operations", operation?.id ?? "", "wait"], { timeout: "1" })
        })
        expect(JSON.parse(Buffer.from(round.body).toString("utf8"))).toMatchObject({
          type: "error",
          error: "context deadline exceeded"
        })
        // A command cannot be cancelled: it ends when its client goes.
        expect(
          yield* Effect.flip(client.send({
            method: "DELETE",
            path: client.path(["operations", operation?.id ?? ""])
          }))
        ).toMatchObject({ status: 400 })
      }))

    it.scoped("what happens to containers is told, of one's own project", () =>
      Effect.gen(function*() {
        const { events, instances, instancesOf } = yield* IncusService
        const { powerOff, project, up } = yield* Ground
        const told: Array<string> = []
        const spec = yield* specOf({ ephemeral: true })
        yield* removedAtEnd(spec.name)
        const stopped = `instance-stopped ${spec.name}`
        yield* Effect.fork(Stream.runForEach(events.instances, ({ action, name }) =>
          Effect.sync(() => void told.push(`${action} ${name}`))))
        yield* Effect.sleep("200 millis")
        const there = instancesOf(yield* project)
        const other = yield* specOf()
        yield* Effect.addFinalizer(() =>
          Effect.orDie(there.destroy(other.name))
        )
        yield* there.createAndStart(other)
        const ofSpec = (...actions: ReadonlyArray<string>) =>
          actions.map((action) =>
            `instance-${action} ${spec.name}`
          )
        const until = (expected: ReadonlyArray<string>) =>
          eventually(
            expected.join(", "),
            Effect.sync(() => [...told]),
            (seen) => expected.every((one) => seen.includes(one))
          )
        yield* instances.createAndStart(spec)
        yield* until(ofSpec("created", "started"))
        yield* up(spec.name)
        yield* powerOff(spec.name)
        yield* until(ofSpec("shutdown", "deleted"))
        expect(told).not.toContain(stopped)
        yield* instances.createAndStart({ ...spec, ephemeral: false })
        yield* instances.stop(spec.name, { force: true })
        yield* until([stopped])
        expect(told.filter((one) => one.endsWith(other.name))).toEqual([])
      }))

    it.scoped("the server tells which one it is, and what it does not know", () =>
      Effect.gen(function*() {
        const { profiles, server } = yield* IncusService
        const client = yield* raw
        const first = yield* server
        expect(first.environment.certificate_fingerprint).toMatch(/^[0-9a-f]{64}$/)
        expect((yield* server).environment).toEqual(first.environment)
        expect(first.auth_user_method).toBe("unix")
        expect(yield* profiles.get("clincus")).toMatchObject({
          value: { devices: { root: { type: "disk" } } }
        })
        expect(yield* profiles.get("no-such-profile")).toMatchObject({ _tag: "None" })
        expect(yield* Effect.flip(client.send({ method: "GET", path: "/1.0/operations/none" })))
          .toMatchObject({
            status: 404
          })
      }))
  })
