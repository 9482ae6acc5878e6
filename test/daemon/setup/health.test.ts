import { expect, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { join } from "node:path"
import { HealthReport } from "../../../src/health/HealthService.ts"
import { ownProject } from "../support/ownDaemon.ts"
import { type Result, run, type RunOptions } from "../support/program.ts"
import { layer as worldLayer, World } from "../support/World.ts"

const decode = Schema.decodeUnknown(Schema.parseJson(HealthReport), { onExcessProperty: "error" })

/** What health says without its probes, which have tests of their own (attacks/probes.test.ts), with its exit status. */
const health = (args: ReadonlyArray<string>, options: RunOptions = {}) =>
  run(["health", "--no-probes", ...args, "--format", "json"], options).pipe(
    Effect.flatMap(({ status, stderr, stdout }) =>
      Effect.map(decode(stdout), (report) => ({
        status,
        stderr,
        said: report.status,
        states: Object.fromEntries(report.findings.map(({ name, state }) => [name, state])),
        findings: report.findings
      }))
    )
  )

/** A status 2 that is about the command line leaves standard output empty. */
const isMisuse = ({ status, stdout }: Result): boolean => status === 2 && stdout === ""

layer(worldLayer, { excludeTestServices: true })("health", (it) => {
  it.scoped("finds that sessions can be started here, and changes nothing", () =>
    Effect.gen(function*() {
      const started = Date.now()
      const { said, states, status } = yield* health([])
      expect(Date.now() - started).toBeLessThan(10_000)
      expect({ well: 0, degraded: 1, unusable: 2 }[said]).toBe(status)
      expect(status).not.toBe(2)
      for (
        const name of ["packages", "ids", "daemon", "access", "storage", "network", "profile", "image"]
      ) expect(states[name], name).not.toBe("unusable")
      for (const name of ["version", "bridge", "names", "clocks", "space", "content", "room", "kernel"]) {
        expect(["well", "degraded"], name).toContain(states[name])
      }
    }))

  it.scoped("has a status of its own for a machine that cannot be used, and still reports", () =>
    Effect.gen(function*() {
      const world = yield* World
      const silent = yield* health([], {
        environment: { INCUS_SOCKET: join(world.root, "elsewhere.socket") }
      })
      expect(silent).toMatchObject({ status: 2, said: "unusable" })
      expect(silent.states).toMatchObject({ daemon: "unusable", storage: "unknown", image: "unknown" })

      const project = yield* health([], { environment: { INCUS_PROJECT: `${world.prefix}none` } })
      expect(project).toMatchObject({ status: 2, said: "unusable" })
      expect(project.findings.find(({ name }) => name === "profile")?.fix).toEqual([
        `incus project create ${world.prefix}none`
      ])

      const wrong = yield* Effect.scoped(
        Effect.zipRight(world.configure("[defaults]\nimag = \"x\"\n"), health([]))
      )
      expect(wrong).toMatchObject({ status: 2, said: "unusable" })
      expect(wrong.findings[0]?.detail).toContain("unknown key 'defaults.imag'")

      expect(isMisuse(yield* run(["health", "--fx"]))).toBe(true)
    }))

  it.scoped("mends what set-up can, once it is agreed to", () =>
    Effect.gen(function*() {
      const environment = { INCUS_PROJECT: yield* ownProject }
      const before = yield* health([], { environment })
      expect(before).toMatchObject({ status: 2, states: { profile: "unusable" } })
      expect(before.findings.find(({ name }) => name === "profile")).toMatchObject({ by_setup: true })

      const asked = yield* run(["health", "--fix"], { environment })
      expect(isMisuse(asked)).toBe(true)
      expect(asked.stderr).toContain("clincus health --fix --yes")
      expect((yield* health([], { environment })).states["profile"]).toBe("unusable")

      const after = yield* health(["--fix", "--yes"], { environment })
      expect(after.states["profile"]).toBe("well")
      expect(after.status).not.toBe(2)
    }))
})
