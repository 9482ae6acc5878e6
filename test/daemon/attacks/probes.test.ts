import { describe, expect } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Fs from "node:fs"
import { HealthReport } from "../../../src/health/HealthService.ts"
import { makeGround } from "../../../src/health/probes/ground.ts"
import type { Probe } from "../../../src/health/probes/Probe.ts"
import { probes } from "../../../src/health/probes/probes.ts"
import { runProbe } from "../../../src/health/probes/run.ts"
import { startOn } from "../../../src/health/probes/session.ts"
import { eventually } from "../support/eventually.ts"
import * as Library from "../support/library.ts"
import { containers, inside } from "../support/look.ts"
import { incus } from "../support/ownDaemon.ts"
import { launch, run } from "../support/program.ts"
import { image, World } from "../support/World.ts"

const decode = Schema.decodeUnknown(Schema.parseJson(HealthReport), { onExcessProperty: "error" })

/** What came of the probes, by name and user. */
const probed = Effect.gen(function*() {
  const { status, stderr, stdout } = yield* run(["health", "--format", "json"])
  const report = yield* decode(stdout)
  expect(report.probes, stderr).not.toBeNull()
  return {
    status,
    probes: Object.fromEntries(
      (report.probes ?? []).map(({ as, detail, name, state }) =>
        [`${name} ${as}`, state === "unknown" ? detail : state] as const
      )
    ),
    details: (report.probes ?? []).map(({ detail }) => detail)
  }
})

const each = probes.flatMap((probe) => probe.as.map((as) => ({ probe, as, key: `${probe.name} ${as}` })))

const isReadable = (device: string): boolean => {
  try {
    const file = Fs.openSync(device, "r")
    const read = Fs.readSync(file, new Uint8Array(512))
    Fs.closeSync(file)
    return read === 512
  } catch {
    return false
  }
}

/** Directories of grounds of this world. */
const grounds = (root: string) => Fs.readdirSync(root).filter((name) => name.startsWith("clincus-health-"))

describe("the probes of health", () => {
  Library.test("find that a session is kept as promised, and leave nothing behind", () =>
    Effect.gen(function*() {
      const { status, probes } = yield* probed
      expect(probes).toEqual(Object.fromEntries(each.map(({ key }) => [key, "kept"])))
      expect(status).not.toBe(2)
      expect(yield* containers).toEqual({})
    }))

  Library.test("say what the user's own configuration opens", () =>
    Effect.gen(function*() {
      const world = yield* World
      yield* world.configure(`${world.configuration}\n[network]\nmode = "open"\n`)
      const { details, probes, status } = yield* probed
      expect(probes["host-services user"]).toBe("open")
      expect(details.join()).toContain("network.mode = \"open\"")
      expect(status).not.toBe(2)
    }))

  // The control of the probes themselves: each has its way in a container that has none of the walls.
  Library.test("find each wall that is not there", () =>
    Effect.gen(function*() {
      const { prefix } = yield* World
      // A disk that root of this machine may read itself.
      const readable = Fs.readdirSync("/dev").filter((name) => /^(loop|vd|sd|nvme)/.test(name)).map((name) =>
        `/dev/${name}`
      ).find(isReadable)
      const { rdev = 0 } = readable === undefined ? {} : Fs.statSync(readable)
      const [major, minor] = [(rdev >> 8) & 0xfff, (rdev & 0xff) | ((rdev >> 12) & 0xfff00)]
      const ground = { ...(yield* makeGround), disk: `${major} ${minor}` }
      const container = `${prefix}open`
      const disk = (name: string, source: string, path: string) =>
        incus({}, "config", "device", "add", container, name, "disk", `source=${source}`, `path=${path}`)
      yield* incus(
        {},
        "init",
        image,
        container,
        "--ephemeral",
        "--profile=default",
        "--profile=clincus",
        "--config=security.privileged=true",
        "--config=raw.lxc=lxc.mount.auto =\nlxc.mount.auto = proc:rw sys:rw cgroup:rw"
      )
      yield* disk("workspace", ground.workspace, "/workspace")
      yield* disk("secret", ground.secret, ground.secret)
      yield* incus(
        {},
        "config",
        "device",
        "add",
        container,
        "disk",
        "unix-block",
        `major=${major}`,
        `minor=${minor}`,
        "path=/dev/sda"
      )
      yield* incus({}, "start", container)
      const guest = { container, uid: 1000, gid: 1000, home: "/home/code", directory: "/workspace" }
      yield* Effect.retry(inside(container, "[ -S /run/dbus/system_bus_socket ]"), {
        schedule: Schedule.spaced("200 millis"),
        times: 50
      })
      const found = yield* Effect.forEach(each, ({ as, key, probe }) =>
        Effect.map(runProbe(probe, as, guest, ground), ({ state }) =>
          [key, state] as const))
      const expected = each.map(({ key }) =>
        [key, key.startsWith("host-disk") && readable === undefined ? "kept" : "broken"] as const
      )
      expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected))
    }))

  Library.test("are not known if their control fails", () =>
    Effect.gen(function*() {
      const ground = yield* makeGround
      const { guest } = yield* startOn(ground)
      for (const probe of probes) {
        const without: Probe = { ...probe, control: { ...probe.control, lines: "true" } }
        for (const as of probe.as) {
          expect((yield* runProbe(without, as, guest, ground)).state, probe.name).toBe("unknown")
        }
      }
    }))

  Library.test(
    "leave nothing behind if they are interrupted, and no container if they are killed",
    () =>
      Effect.gen(function*() {
        const { root } = yield* World
        const environment = { TMPDIR: root }
        for (const signal of ["SIGINT", "SIGKILL"] as const) {
          const health = yield* launch(["health"], { environment })
          yield* eventually("a session", containers, (all) => Object.values(all).includes("Running"))
          yield* health.kill(signal)
          yield* health.result
          // A start that was cut off is undone by the next command; a tool that runs ends by itself, and the container with it.
          yield* run(["list"], { environment })
          yield* Effect.retry(
            eventually("it is gone", containers, (all) => Object.keys(all).length === 0),
            { times: 4 }
          )
          if (signal === "SIGINT") expect(grounds(root)).toEqual([])
        }
        const [left = ""] = grounds(root)
        const old = Date.now() / 1000 - 3600
        Fs.utimesSync(`${root}/${left}`, old, old)
        yield* run(["health"], { environment })
        expect(grounds(root)).toEqual([])
      }),
    240_000
  )
})
