import { describe, expect } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { execFileSync } from "node:child_process"
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Host } from "../../../src/host/Host.ts"
import { Progress } from "../../../src/host/Progress.ts"
import { replace } from "../../../src/image/build.ts"
import * as Images from "../../../src/image/ImageService.ts"
import { IncusService } from "../../../src/incus/IncusService.ts"
import { onGround } from "../../contract/support/onGround.ts"
import * as Library from "../support/library.ts"
import { containers } from "../support/look.ts"
import { image, World } from "../support/World.ts"

/** A registry that nobody answers at: everything before the first download from it works, and then the build fails. */
const deadRegistry = Layer.effect(
  Host,
  Effect.map(Host, (host) => ({
    ...host,
    environment: { ...host.environment, npm_config_registry: "http://127.0.0.1:9/" }
  }))
)

const TestLive = Images.layer.pipe(
  Layer.provide(deadRegistry),
  Layer.provideMerge(Library.layer)
)

/** Keeps the steps, and completes `reached` when the one that is waited for begins. */
const watching = (step: string) =>
  Effect.gen(function*() {
    const reached = yield* Deferred.make<void>()
    const steps: Array<string> = []
    const progress = {
      step: (name: string) =>
        Effect.suspend(() => {
          steps.push(name)
          return name === step ? Deferred.succeed(reached, undefined) : Effect.void
        }),
      output: () => Effect.void,
      notice: () => Effect.void,
      done: Effect.void
    }
    return { reached: Deferred.await(reached), steps, progress }
  })

/** An image of next to nothing, unlike any other; it goes with the scope. */
const tinyImage = (name: string) =>
  Effect.gen(function*() {
    const { root } = yield* World
    const { images } = yield* IncusService
    const directory = join(root, `image-${name}`)
    mkdirSync(join(directory, "rootfs"), { recursive: true })
    writeFileSync(join(directory, "rootfs", "name"), name)
    writeFileSync(
      join(directory, "metadata.yaml"),
      "architecture: x86_64\ncreation_date: 1\nproperties:\n  os: none\n"
    )
    execFileSync("tar", ["-C", directory, "-cf", `${directory}.tar`, "metadata.yaml", "rootfs"])
    return yield* Effect.acquireRelease(
      images.importFile(`${directory}.tar`, { description: `test ${name}` }),
      (fingerprint) => Effect.orDie(images.remove(fingerprint))
    )
  })

/** An alias that no image of a user has. */
const ownAlias = Effect.map(World, ({ prefix }) => `${prefix}image`)

const everything = Effect.gen(function*() {
  const { images } = yield* IncusService
  return {
    containers: yield* containers,
    images: (yield* images.list).map(({ aliases, fingerprint }) =>
      `${fingerprint} ${aliases.map(({ name }) => name).toSorted().join(" ")}`
    ).toSorted(),
    files: readdirSync(tmpdir()).filter((name) => /^(clincus-build-|mmdebstrap\.)/.test(name)),
    mounts: readFileSync("/proc/self/mounts", "utf8").split("\n").filter((line) =>
      line.includes("/mmdebstrap.")
    )
  }
})

const buildWith = (
  progress: (typeof Progress)["Service"],
  options: { readonly alias: string; readonly base: string; readonly force: boolean }
) =>
  Effect.gen(function*() {
    const { root } = yield* World
    const images = yield* Images.ImageService
    return yield* images.build({ ...options, logs: join(root, "logs") })
  }).pipe(Effect.provideService(Progress, progress))

onGround(TestLive, "building an image", (it) => {
  describe("an image that is there", () => {
    it.scoped("is not built again", () =>
      Effect.gen(function*() {
        const { progress, steps } = yield* watching("")
        const before = yield* everything
        const result = yield* buildWith(progress, { alias: image, base: "auto", force: false })
        expect(result.built).toBe(false)
        expect(result.image.aliases).toContain(image)
        expect(steps).toEqual([])
        expect(yield* everything).toEqual(before)
      }))

    it.scoped("is listed with what is recorded of it", () =>
      Effect.gen(function*() {
        const { images } = yield* IncusService
        const service = yield* Images.ImageService
        const made = yield* tinyImage("listed")
        const listed = yield* service.list
        const tiny = listed.find(({ fingerprint }) => fingerprint === made)
        expect(tiny).toMatchObject({ ours: false, aliases: [], description: "test listed", versions: {} })
        const stored = yield* images.get(image)
        expect(listed.find(({ aliases }) => aliases.includes(image))?.size).toBe(stored.size)
      }))
  })

  describe("a finished image", () => {
    it.scoped("takes the alias, and the one that had it goes", () =>
      Effect.gen(function*() {
        const { images } = yield* IncusService
        const alias = yield* ownAlias
        const [first, second] = yield* Effect.all([tinyImage("first"), tinyImage("second")])
        yield* replace(alias, first)
        expect((yield* images.get(alias)).fingerprint).toBe(first)
        yield* replace(alias, second)
        expect((yield* images.get(alias)).fingerprint).toBe(second)
        expect((yield* images.list).map(({ fingerprint }) => fingerprint)).not.toContain(first)
      }))

    it.scoped("leaves the one that had the alias where that has another name", () =>
      Effect.gen(function*() {
        const { images } = yield* IncusService
        const alias = yield* ownAlias
        const [first, second] = yield* Effect.all([tinyImage("named"), tinyImage("newer")])
        yield* replace(alias, first)
        yield* replace(`${alias}-kept`, first)
        yield* replace(alias, second)
        expect((yield* images.get(alias)).fingerprint).toBe(second)
        expect((yield* images.get(`${alias}-kept`)).fingerprint).toBe(first)
      }))
  })

  describe("a build that fails", () => {
    it.scoped("leaves the image of that name and nothing else, and names its log", () =>
      Effect.gen(function*() {
        const { root } = yield* World
        const alias = yield* ownAlias
        yield* replace(alias, yield* tinyImage("standing"))
        const before = yield* everything
        const { progress, steps } = yield* watching("")
        const error = yield* Effect.flip(buildWith(progress, { alias, base: image, force: true }))
        if (error._tag !== "BuildFailed") return yield* error
        expect(error.step).toBe("Installing Node")
        expect(steps.at(-1)).toBe("Installing Node")
        expect(error.message).toContain("\"Installing Node\" failed")
        expect(error.message).toMatch(/curl: .*127\.0\.0\.1/)
        expect(error.hint).toContain(String(error.log))
        expect(readdirSync(join(root, "logs")).map((name) => join(root, "logs", name))).toEqual([error.log])
        const log = readFileSync(String(error.log), "utf8")
        for (const step of steps) expect(log).toContain(`== ${step}\n`)
        expect(log).toMatch(/curl: .*127\.0\.0\.1/)
        expect(yield* everything).toEqual(before)
        rmSync(join(root, "logs"), { recursive: true })
      }))

    it.scoped("says so where the base is unknown, before it begins", () =>
      Effect.gen(function*() {
        const { progress, steps } = yield* watching("")
        const error = yield* Effect.flip(
          buildWith(progress, { alias: yield* ownAlias, base: "mmdebstrapp", force: false })
        )
        if (error._tag !== "UnknownBase") return yield* error
        expect(error.message).toContain("'mmdebstrapp' is not a base")
        expect(error.hint).toBe("Did you mean 'mmdebstrap'?")
        expect(steps).toEqual([])
      }))
  })

  describe("a build that is interrupted", () => {
    for (
      const { base, millis, step } of [
        { step: "Bootstrapping Debian 12 from the mirror", base: "mmdebstrap", millis: 6000 },
        { step: "Starting the build container", base: image, millis: 300 },
        { step: "Preparing the container", base: image, millis: 300 },
        { step: "Installing packages", base: image, millis: 300 }
      ]
    ) {
      it.scoped(`leaves nothing: ${step}`, () =>
        Effect.gen(function*() {
          const before = yield* everything
          const { progress, reached } = yield* watching(step)
          const build = yield* Effect.fork(
            buildWith(progress, { alias: yield* ownAlias, base, force: true })
          )
          yield* Effect.raceFirst(reached, Fiber.join(build))
          yield* Effect.sleep(millis)
          expect(Exit.isInterrupted(yield* Fiber.interrupt(build))).toBe(true)
          expect(yield* everything).toEqual(before)
        }))
    }

    it.scoped("leaves no image where Incus goes on packing one", () =>
      Effect.gen(function*() {
        const { prefix } = yield* World
        const { images, instances } = yield* IncusService
        const before = yield* everything
        const name = `${prefix}publish`
        yield* instances.createAndStart({
          name,
          image,
          ephemeral: false,
          config: {},
          devices: {},
          profiles: ["default", "clincus"]
        })
        yield* instances.stop(name, { force: true })
        const publishing = yield* Effect.fork(images.publish(name, { description: "test" }, "none"))
        yield* Effect.sleep("1 second")
        expect(Exit.isInterrupted(yield* Fiber.interrupt(publishing))).toBe(true)
        yield* instances.remove(name)
        expect(yield* everything).toEqual(before)
      }))
  })
})
