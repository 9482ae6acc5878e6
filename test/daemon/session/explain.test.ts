import { describe, expect } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Fs from "node:fs"
import { join } from "node:path"
import { IncusService } from "../../../src/incus/IncusService.ts"
import { Explanation } from "../../../src/policy/explain/Explanation.ts"
import * as Library from "../support/library.ts"
import { containers } from "../support/look.ts"
import { incus } from "../support/ownDaemon.ts"
import { background, run, succeeds } from "../support/program.ts"
import { image, World } from "../support/World.ts"

const decode = Schema.decodeUnknown(Schema.parseJson(Explanation), { onExcessProperty: "error" })

const explained = (...args: ReadonlyArray<string>) =>
  Effect.flatMap(succeeds(...args, "--format", "json"), (text) => decode(text))

/** Where the facts come from, by what they are about. */
const sources = ({ facts }: Explanation) =>
  Object.fromEntries(facts.map(({ source, what }) => [what, source]))

/** Names of devices and options that the facts account for. */
const accounted = ({ facts }: Explanation) => ({
  devices: new Set(facts.flatMap(({ devices }) => devices)),
  keys: new Set(facts.flatMap(({ keys }) => keys)),
  unknown: facts.filter(({ kind }) => kind === "unknown")
})

describe("explain", () => {
  for (
    const [which, configuration] of [
      ["default", ""],
      [
        "shifted, hidden and opened",
        "\n[security]\nroot_on_mounts = true\nhide = [\".env\"]\n\n[network]\nallow = [\"host:11434\"]\n"
      ],
      ["open", "\n[security]\ndocker = true\nwritable = [\".\"]\n\n[network]\nmode = \"open\"\n"]
    ] as const
  ) {
    Library.test(`accounts for every device and every option of an instance, planned and made: ${which}`, () =>
      Effect.gen(function*() {
        const world = yield* World
        const { instances } = yield* IncusService
        yield* world.configure(`${world.configuration}${configuration}`)
        const directory = world.workspace()
        Fs.mkdirSync(join(directory, ".git"))
        Fs.writeFileSync(join(directory, ".env"), "")
        for (const name of [".git", ".env"]) Fs.chownSync(join(directory, name), 1000, 1000)
        const planned = accounted(yield* explained("explain", directory))
        expect(planned.unknown).toEqual([])
        // It was a look only.
        expect(yield* containers).toEqual({})
        expect(Fs.readdirSync(join(directory, ".git"))).toEqual([])

        const { container } = yield* background(directory, "--debug")
        const live = accounted(yield* explained("explain", container))
        const instance = yield* instances.get(container)
        const devices = Object.entries(instance.expanded_devices).filter(([, { type }]) => type !== "none")
        expect([...live.devices].toSorted()).toEqual(devices.map(([name]) => name).toSorted())
        expect([...planned.devices].toSorted()).toEqual([...live.devices].toSorted())
        const notes = /^(user\.clincus|volatile|image)\.|^environment\.CLINCUS_RUN$/
        const keys = Object.keys(instance.expanded_config).filter((key) => !notes.test(key))
        expect([...live.keys].toSorted()).toEqual(keys.toSorted())
        expect([...planned.keys].toSorted()).toEqual(keys.toSorted())
        expect(live.unknown).toEqual([])

        // The control: what somebody adds is not missing.
        const add = ["config", "device", "add", container, "etc", "disk", "source=/etc", "path=/mnt/etc"]
        yield* incus({}, ...add, "readonly=true")
        yield* incus({}, "config", "set", container, "boot.autostart=false")
        const changed = yield* explained("explain", container)
        expect(changed.facts.find(({ what }) => what === "/mnt/etc")).toMatchObject({ kind: "read" })
        expect(accounted(changed).unknown.map(({ what }) => what)).toEqual(["boot.autostart"])
      }))
  }

  Library.test("names the source of each line, and keeps what was decided at the start", () =>
    Effect.gen(function*() {
      const world = yield* World
      const directory = world.workspace({
        config: "[defaults]\nimage = \"other\"\n\n[limits]\nmemory = \"9GiB\"\nprocesses = 99\n"
      })
      const file = join(world.home, ".config/clincus/config.toml")
      const text = `${world.configuration}\n[limits]\nmemory = "3GiB"\n`
      const line = text.split("\n").indexOf("memory = \"3GiB\"") + 1
      const { container, planned } = yield* Effect.scoped(Effect.gen(function*() {
        yield* world.configure(text)
        const planned = yield* explained("shell", directory, "--dry-run", "--limit-cpu", "1")
        const session = yield* background(directory, "--debug", "--limit-cpu", "1", "--image", image)
        return { container: session.container, planned }
      }))
      expect(sources(planned)).toMatchObject({
        memory: `${file}:${line}`,
        processors: "--limit-cpu",
        processes: `${directory}/.clincus.toml:6`,
        time: "default"
      })
      expect(sources(planned)["image"]).toContain(`${file}:`)
      expect(planned.left_out).toContainEqual({
        what: "defaults.image = \"other\": not granted",
        reason: `${directory}/.clincus.toml`
      })
      // The configuration has changed since: the session has not.
      const live = yield* explained("explain", container)
      expect(live.facts.find(({ what }) => what === "memory")).toMatchObject({ source: file })
      expect(sources(live)).toMatchObject({ processors: "--limit-cpu", image: "--image" })
      expect(live.left_out.map(({ what }) => what)).toContain("limits.memory = \"9GiB\": higher")
    }))

  Library.test("fits one screen, and says what it cannot do", () =>
    Effect.gen(function*() {
      const { workspace } = yield* World
      const text = yield* succeeds("explain", workspace())
      expect(text.trimEnd().split("\n").length).toBeLessThanOrEqual(23)
      const nowhere = yield* run(["explain", "nowhere"])
      expect(nowhere.status).toBe(2)
      expect(nowhere.stderr).toContain("nowhere")
    }))
})
