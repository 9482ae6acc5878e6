import { describe, expect } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { requestOutcome } from "../../src/incus/errors.ts"
import { IncusService } from "../../src/incus/IncusService.ts"
import type { IncusTransport } from "../../src/incus/IncusTransport.ts"
import { Instance } from "../../src/incus/schemas.ts"
import { eventually } from "../daemon/support/eventually.ts"
import { Ground } from "./support/Ground.ts"
import { onGround } from "./support/onGround.ts"
import { change, raw } from "./support/raw.ts"
import { removedAtEnd, running, specOf, statusOf, stopped } from "./support/spec.ts"

const nothing = (instance: Instance) =>
  Option.some({ config: instance.config, devices: instance.devices, ephemeral: instance.ephemeral })

const labelled = (key: string, value: string) => (instance: Instance) =>
  Option.some({
    config: { ...instance.config, [key]: value },
    devices: instance.devices,
    ephemeral: instance.ephemeral
  })

/** How an Incus treats instances, as far as sessions rely on it: the same of the real one and of the twin. */
export const instancesContract = <E>(
  name: string,
  ground: Layer.Layer<Ground | IncusService | IncusTransport, E>
) =>
  onGround(ground, name, (it) => {
    describe("a name", () => {
      it.scoped("is taken once, of ten who want it at the same instant", () =>
        Effect.gen(function*() {
          const { instances } = yield* IncusService
          const spec = yield* specOf()
          yield* removedAtEnd(spec.name)
          const exits = yield* Effect.forEach(
            Array.from({ length: 10 }, (_, index) => String(index)),
            (one) => Effect.exit(instances.createAndStart({ ...spec, config: { "user.one": one } })),
            { concurrency: "unbounded" }
          )
          expect(exits.filter(Exit.isSuccess)).toHaveLength(1)
          for (const exit of exits) {
            if (Exit.isFailure(exit)) {
              expect(exit).toMatchObject({ cause: { error: { _tag: "NameTaken", name: spec.name } } })
            }
          }
          expect(yield* Effect.flip(instances.createAndStart(spec))).toMatchObject({ _tag: "NameTaken" })
          expect(yield* statusOf(spec.name)).toBe("Running")
        }))

      it.scoped("is free again when its container is gone", () =>
        Effect.gen(function*() {
          const { instances } = yield* IncusService
          const container = yield* running()
          yield* instances.destroy(container)
          expect(yield* statusOf(container)).toBe("Gone")
          yield* instances.createAndStart({ ...(yield* specOf()), name: container })
          expect(yield* statusOf(container)).toBe("Running")
        }))

      it.scoped("is changed where the container is stopped and nobody has the other one", () =>
        Effect.gen(function*() {
          const { instances } = yield* IncusService
          const [one, two] = [yield* stopped(), yield* running()]
          const free = (yield* specOf()).name
          yield* removedAtEnd(free)
          expect(yield* Effect.flip(instances.rename(one, two))).toMatchObject({
            _tag: "NameTaken",
            name: two
          })
          expect(yield* Effect.flip(instances.rename(two, free))).toMatchObject({ _tag: "IncusRequestError" })
          yield* instances.rename(one, free)
          expect([yield* statusOf(one), yield* statusOf(free)]).toEqual(["Gone", "Stopped"])
          expect(yield* Effect.flip(instances.rename(one, `${free}x`))).toMatchObject({
            _tag: "InstanceNotFound"
          })
        }))
    })

    describe("a creation", () => {
      it.scoped("keeps what it is given, and adds what the profiles and the daemon have to say", () =>
        Effect.gen(function*() {
          const { instances } = yield* IncusService
          const spec = yield* specOf({
            ephemeral: true,
            config: { "user.label": "a\nb", "environment.NAME": "value", "limits.processes": "500" }
          })
          yield* removedAtEnd(spec.name)
          yield* instances.createAndStart(spec)
          const made = yield* instances.get(spec.name)
          expect(made).toMatchObject({
            name: spec.name,
            status: "Running",
            type: "container",
            ephemeral: true,
            config: { ...spec.config, "volatile.last_state.power": "RUNNING" },
            devices: spec.devices,
            profiles: spec.profiles,
            project: "default",
            expanded_config: spec.config,
            expanded_devices: { ...spec.devices, root: { type: "disk", path: "/" } }
          })
          expect(made.last_used_at.getTime()).toBeGreaterThanOrEqual(made.created_at.getTime())
          expect((yield* instances.list).find((one) => one.name === spec.name)).toMatchObject({
            status: "Running",
            config: spec.config
          })
          expect(yield* instances.state(spec.name)).toMatchObject({ status: "Running" })
        }))

      it.scoped("takes an image by alias or by fingerprint, and says which one there is not", () =>
        Effect.gen(function*() {
          const { images, instances } = yield* IncusService
          const { image } = yield* Ground
          const { fingerprint } = yield* images.get(image)
          expect(yield* images.get(fingerprint)).toMatchObject({ fingerprint, type: "container" })
          const spec = yield* specOf({ image: fingerprint })
          yield* removedAtEnd(spec.name)
          yield* instances.createAndStart(spec)
          for (const missing of ["no-such-image", "0123456789abcdef"]) {
            const other = yield* specOf({ image: missing })
            expect(yield* Effect.flip(instances.createAndStart(other))).toMatchObject({
              _tag: "ImageNotFound",
              image: missing
            })
            expect(yield* statusOf(other.name)).toBe("Gone")
            expect(yield* Effect.flip(images.get(missing))).toMatchObject({ _tag: "ImageNotFound" })
          }
        }))

      it.scoped("that cannot be leaves nothing", () =>
        Effect.gen(function*() {
          const { instances } = yield* IncusService
          const wrong = [
            { profiles: ["no-such-profile"] },
            { config: { nonsense: "1" } },
            { name: "not_a_name" }
          ]
          for (const changes of wrong) {
            const spec = yield* specOf(changes)
            const failure = yield* Effect.flip(instances.createAndStart(spec))
            expect(failure).toMatchObject({ _tag: "IncusRequestError" })
            expect(yield* statusOf(spec.name)).toBe("Gone")
          }
        }))

      it.scoped("that is interrupted is over when the interrupt is", () =>
        Effect.gen(function*() {
          const { instances } = yield* IncusService
          const spec = yield* specOf()
          yield* removedAtEnd(spec.name)
          const fiber = yield* Effect.fork(instances.createAndStart(spec))
          yield* Effect.sleep("30 millis")
          yield* Fiber.interrupt(fiber)
          yield* instances.destroy(spec.name)
          yield* Effect.sleep("500 millis")
          expect(yield* statusOf(spec.name)).toBe("Gone")
        }))
    })

    describe("a container", () => {
      it.scoped("is started and stopped, and it is no error where it is so already", () =>
        Effect.gen(function*() {
          const { instances } = yield* IncusService
          const container = yield* running()
          yield* instances.start(container)
          yield* instances.stop(container, { force: true })
          expect(yield* statusOf(container)).toBe("Stopped")
          expect((yield* instances.get(container)).config["volatile.last_state.power"]).toBe("STOPPED")
          yield* instances.stop(container, { force: true })
          yield* instances.stop(container, { force: false, timeoutSeconds: 5 })
          yield* Effect.all([instances.start(container), instances.start(container)], {
            concurrency: "unbounded"
          })
          expect(yield* statusOf(container)).toBe("Running")
          const stop = instances.stop(container, { force: true })
          yield* Effect.all([stop, stop], { concurrency: "unbounded" })
          expect(yield* statusOf(container)).toBe("Stopped")
        }))

      it.scoped("shuts down where it is asked to", () =>
        Effect.gen(function*() {
          const { instances } = yield* IncusService
          const { up } = yield* Ground
          const container = yield* running()
          yield* up(container)
          yield* instances.stop(container, { force: false, timeoutSeconds: 20 })
          expect(yield* statusOf(container)).toBe("Stopped")
        }))

      it.scoped("goes when it stops if it is ephemeral, and stays if it is not", () =>
        Effect.gen(function*() {
          const { instances } = yield* IncusService
          const { powerOff, up } = yield* Ground
          const [forced, off, kept] = [
            yield* running({ ephemeral: true }),
            yield* running({ ephemeral: true }),
            yield* running()
          ]
          yield* Effect.forEach([off, kept], up)
          yield* instances.stop(forced, { force: true })
          expect(yield* statusOf(forced)).toBe("Gone")
          yield* Effect.forEach([off, kept], powerOff)
          yield* eventually("gone", statusOf(off), (status) => status === "Gone")
          yield* eventually("stopped", statusOf(kept), (status) => status === "Stopped")
        }))

      it.scoped("that is up is not deleted, frozen or not, and destroyed all the same", () =>
        Effect.gen(function*() {
          const { instances } = yield* IncusService
          const container = yield* running()
          const refused = Effect.map(Effect.flip(instances.remove(container)), (failure) => {
            expect(failure).toMatchObject({ _tag: "IncusRequestError", status: 400 })
            expect(requestOutcome(failure)).toBe("Refused")
            expect(failure.message).toMatch(/running/i)
          })
          yield* refused
          yield* change(container, "freeze")
          expect(yield* statusOf(container)).toBe("Frozen")
          yield* refused
          expect(
            yield* Effect.flip(
              change(container, "freeze").pipe(Effect.zipRight(instances.rename(container, "x")))
            )
          )
            .toMatchObject({ _tag: "IncusRequestError" })
          yield* change(container, "unfreeze")
          expect(yield* statusOf(container)).toBe("Running")
          yield* change(container, "freeze")
          yield* instances.destroy(container)
          expect(yield* statusOf(container)).toBe("Gone")
          yield* instances.destroy(container)
          yield* instances.remove(container)
        }))

      it.scoped("that is not there is called missing", () =>
        Effect.gen(function*() {
          const { exec, files, instances } = yield* IncusService
          const { name: missing } = yield* specOf()
          const failures = yield* Effect.all([
            Effect.flip(instances.get(missing)),
            Effect.flip(instances.state(missing)),
            Effect.flip(instances.start(missing)),
            Effect.flip(instances.stop(missing, { force: true })),
            Effect.flip(instances.edit(missing, nothing)),
            Effect.flip(exec.run(missing, { command: ["true"] })),
            Effect.flip(files.read(missing, "/etc/hostname"))
          ])
          for (const failure of failures) {
            expect(failure).toMatchObject({ _tag: "InstanceNotFound", name: missing })
          }
        }))

      it.scoped("is in one project, and seen from all of them where that is asked for", () =>
        Effect.gen(function*() {
          const service = yield* IncusService
          const { project } = yield* Ground
          const other = yield* project
          const there = service.instancesOf(other)
          const spec = yield* specOf()
          yield* Effect.addFinalizer(() => Effect.orDie(there.destroy(spec.name)))
          yield* there.createAndStart(spec)
          expect(yield* statusOf(spec.name)).toBe("Gone")
          expect(yield* there.get(spec.name)).toMatchObject({ status: "Running", project: other })
          const named = ({ name }: Instance) => name === spec.name
          expect((yield* service.instances.list).some(named)).toBe(false)
          expect((yield* service.instances.listAll).filter(named)).toMatchObject([{ project: other }])
          // The same name, in the other project, is another container.
          yield* removedAtEnd(spec.name)
          yield* service.instances.createAndStart(spec)
          expect((yield* service.instances.listAll).filter(named)).toHaveLength(2)
          yield* there.destroy(spec.name)
          expect(yield* statusOf(spec.name)).toBe("Running")
          expect([yield* service.hasProject(other), yield* service.hasProject(`${other}x`)]).toEqual([
            true,
            false
          ])
          const nowhere = service.instancesOf(`${other}x`)
          expect(yield* nowhere.list).toEqual([])
          expect(yield* Effect.flip(nowhere.createAndStart(spec))).toMatchObject({
            _tag: "IncusRequestError"
          })
        }))
    })

    describe("a change", () => {
      it.scoped("of all is made where nobody else has made one since it was looked at", () =>
        Effect.gen(function*() {
          const { instances } = yield* IncusService
          const container = yield* running()
          yield* instances.edit(container, labelled("user.edited", "once"))
          expect((yield* instances.get(container)).config).toMatchObject({
            "user.clincus.test": "contract",
            "user.edited": "once"
          })
          expect(yield* Effect.flip(instances.edit(container, () => Option.none()))).toMatchObject({
            _tag: "InstanceChanged"
          })
          const client = yield* raw
          const path = client.path(["instances", container])
          const put = (etag: string, instance: Instance) =>
            client.run({
              method: "PUT",
              path,
              headers: { "If-Match": etag },
              json: { ...instance, expanded_config: undefined }
            })
          const before = yield* client.getTagged(path, Instance)
          yield* instances.edit(container, labelled("user.edited", "twice"))
          expect(yield* Effect.flip(put(before.etag, before.value))).toMatchObject({ status: 412 })
          expect(yield* Effect.flip(instances.edit(container, labelled("nonsense", "1")))).toMatchObject({
            _tag: "IncusRequestError"
          })
          expect((yield* instances.get(container)).config["user.edited"]).toBe("twice")
        }))

      it.scoped("is made by one of ten who try at the same instant, where each undoes what the others looked at", () =>
        Effect.gen(function*() {
          const { instances } = yield* IncusService
          const container = yield* running()
          const exits = yield* Effect.forEach(
            Array.from({ length: 10 }, (_, index) => String(index)),
            (one) =>
              Effect.exit(instances.edit(container, (instance) =>
                instance.config["user.winner"] === undefined
                  ? labelled("user.winner", one)(instance)
                  : Option.none())),
            { concurrency: "unbounded" }
          )
          const winners = exits.flatMap((exit, index) => Exit.isSuccess(exit) ? [String(index)] : [])
          expect(winners).toEqual([(yield* instances.get(container)).config["user.winner"]])
        }))

      it.scoped("is refused where the container was started since", () =>
        Effect.gen(function*() {
          const { instances } = yield* IncusService
          const client = yield* raw
          const container = yield* stopped()
          const path = client.path(["instances", container])
          const { etag, value } = yield* client.getTagged(path, Instance)
          yield* instances.start(container)
          const late = client.run({
            method: "PUT",
            path,
            headers: { "If-Match": etag },
            json: { ...value, ephemeral: true }
          })
          expect(yield* Effect.flip(late)).toMatchObject({ status: 412 })
          expect(yield* instances.get(container)).toMatchObject({ ephemeral: false, status: "Running" })
        }))

      it.scoped("turns an ephemeral container that runs into one that stays", () =>
        Effect.gen(function*() {
          const { instances } = yield* IncusService
          const container = yield* running({ ephemeral: true })
          yield* instances.edit(
            container,
            (instance) =>
              Option.some({ config: instance.config, devices: instance.devices, ephemeral: false })
          )
          yield* instances.stop(container, { force: true })
          expect(yield* statusOf(container)).toBe("Stopped")
        }))

      it.scoped("of the devices takes them away", () =>
        Effect.gen(function*() {
          const { instances } = yield* IncusService
          const container = yield* stopped({
            devices: {
              eth0: { type: "none" },
              state0: { type: "disk", source: "/usr/share", path: "/mnt/state" }
            }
          })
          yield* instances.edit(container, (instance) =>
            Option.some({
              config: instance.config,
              devices: Object.fromEntries(
                Object.entries(instance.devices).filter(([name]) => name !== "state0")
              ),
              ephemeral: false
            }))
          const { devices, expanded_devices } = yield* instances.get(container)
          expect([Object.keys(devices), "state0" in expanded_devices]).toEqual([["eth0"], false])
        }))

      it.scoped("does not come between what is under way", () =>
        Effect.gen(function*() {
          const { instances } = yield* IncusService
          const container = yield* stopped()
          const client = yield* raw
          // Asked for one after the other, without waiting for the first.
          const starting = yield* client.start({
            method: "PUT",
            path: client.path(["instances", container, "state"]),
            json: { action: "start", timeout: -1 }
          })
          const failure = yield* Effect.flip(instances.remove(container))
          expect(failure).toMatchObject({ _tag: "IncusRequestError" })
          expect(failure.message).toMatch(/running|busy/i)
          yield* client.wait(starting, { method: "PUT", path: container })
          expect(yield* statusOf(container)).toBe("Running")
        }))
    })
  })
