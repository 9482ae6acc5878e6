import * as FileSystem from "@effect/platform/FileSystem"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { ImageService } from "../image/ImageService.ts"
import { IncusService } from "../incus/IncusService.ts"
import { makeMachine } from "../setup/machine.ts"
import type { Privileged } from "../setup/Privileged.ts"
import { makeServer } from "../setup/server.ts"
import { type SetupOptions, SetupService } from "../setup/SetupService.ts"
import { degraded, Finding, type HealthState, overall, type Seen, unknown, well } from "./Finding.ts"
import { checkImage } from "./image.ts"
import { checkClocks, checkKernel, checkRoom, judgeVersion } from "./machine.ts"
import { checkBridge, checkNames } from "./network.ts"
import { probeAll, ProbeReport } from "./probes/report.ts"
import { findingsOf } from "./steps.ts"
import { checkSpace } from "./storage.ts"

/**
 * How a machine stands: what `clincus health --format json` prints. Keys are only ever added.
 *
 * @example
 * import * as Clincus from "clincus"
 *
 * export const broken = ({ probes }: Clincus.HealthReport): ReadonlyArray<string> =>
 *   (probes ?? []).filter(({ state }: Clincus.ProbeReport) => state === "broken").map(({ promise }) => promise)
 *
 * const inState = (wanted: Clincus.HealthState) => ({ state }: Clincus.Finding): boolean => state === wanted
 *
 * export const problems = ({ findings }: Clincus.HealthReport): ReadonlyArray<string> =>
 *   findings.filter(inState("degraded")).map(({ detail, title }) => `${title}: ${detail}`)
 */
export const HealthReport = Schema.Struct({
  /** `unusable` if sessions cannot be started, `degraded` if anything else is not well or not known. */
  status: Schema.Literal("well", "degraded", "unusable"),
  findings: Schema.Array(Finding),
  /** What came of trying the walls of a session; null if they were not tried. */
  probes: Schema.NullOr(Schema.Array(ProbeReport))
})
export type HealthReport = typeof HealthReport.Type

/**
 * Looks at a machine as sessions need it. Changes nothing.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Effect from "effect/Effect"
 *
 * export const isUsable = Effect.gen(function*() {
 *   const { look } = yield* Clincus.HealthService
 *   const { status } = yield* look({ socket: "/var/lib/incus/unix.socket", project: "default", logs: "/tmp" })
 *   return status !== "unusable"
 * })
 */
export class HealthService extends Context.Tag("clincus/HealthService")<HealthService, {
  /**
   * How every step of set-up stands, and what set-up does not touch. What cannot be asked is `unknown`. With `probe` the
   * walls of a session are tried as well, if a session can be started: this takes some seconds.
   */
  readonly look: (
    options: SetupOptions & { readonly probe?: boolean | undefined }
  ) => Effect.Effect<HealthReport>
}>() {}

/** A promise that is broken makes a machine one that no agent is to be let loose on. */
const stateOf = ({ state }: ProbeReport): HealthState =>
  state === "broken" ? "unusable" : state === "unknown" ? "unknown" : "well"

const sentence = (error: { readonly message: string }): Seen => unknown(error.message)

/**
 * The services that health is made of, those of its probes included.
 *
 * @see healthLayer
 */
export type HealthNeeds =
  | Effect.Effect.Context<typeof probeAll>
  | ImageService
  | Privileged
  | SetupService

/**
 * Health by the steps of set-up and checks of its own.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Layer from "effect/Layer"
 *
 * export const health = Clincus.healthLayer.pipe(
 *   Layer.provide(Clincus.setupLayer),
 *   Layer.provide([Clincus.imageLayer, Clincus.layerOfHost])
 * )
 */
export const layer: Layer.Layer<
  HealthService,
  never,
  HealthNeeds
> = Layer.effect(
  HealthService,
  Effect.gen(function*() {
    const machine = yield* makeMachine
    const api = yield* IncusService
    const images = yield* ImageService
    const setup = yield* SetupService
    const fs = yield* FileSystem.FileSystem
    const needs = yield* Effect.context<Effect.Effect.Context<typeof probeAll>>()

    const look = ({ probe = false, ...options }: SetupOptions & { readonly probe?: boolean | undefined }) =>
      Effect.gen(function*() {
        const server = makeServer(options.socket, options.project, api)
        const steps = yield* setup.plan(options).pipe(
          Effect.map(findingsOf),
          Effect.catchAll((error) =>
            Effect.succeed([
              {
                name: "setup",
                title: "Set-up",
                fix: [],
                by_setup: false,
                ...sentence(error)
              } satisfies Finding
            ])
          )
        )
        const check = <E extends { readonly message: string }>(
          name: string,
          title: string,
          seen: Effect.Effect<Seen, E>
        ): Effect.Effect<Finding> =>
          Effect.map(
            Effect.catchAll(seen, (error) => Effect.succeed(sentence(error))),
            (found) => ({ name, title, fix: [], by_setup: false, ...found })
          )
        const isWell = (wanted: string) =>
          steps.some(({ name, state }) => name === wanted && state === "well")
        // A daemon that does not answer is one finding; ten that follow from it help nobody.
        const inside = !isWell("daemon") || !isWell("access") ? [] : [
          check(
            "version",
            "Version of Incus",
            Effect.map(api.server, ({ environment }) => judgeVersion(environment.server_version))
          ),
          check("space", "Room in the pool", checkSpace(machine, server, options.pool)),
          check("bridge", "Bridge", checkBridge(machine, server, options.network)),
          check("names", "Name server", checkNames(server, options.network)),
          check(
            "firewall",
            "Firewall",
            Effect.map(setup.notices(options), (notices) =>
              notices.length > 0
                ? degraded(notices.join("\n"))
                : well(
                  machine.root
                    ? "nothing found that stops sessions"
                    : "nothing found; its rules are root's to list"
                ))
          ),
          ...(options.image === undefined
            ? []
            : [check("content", "Image's content", checkImage(images, options.image))]),
          check(
            "room",
            "Room for containers",
            checkRoom(server).pipe(
              Effect.provideService(FileSystem.FileSystem, fs)
            )
          ),
          check("clocks", "Clocks", checkClocks(server)),
          check("kernel", "Kernel", checkKernel(machine, server))
        ]
        const findings = [...steps, ...(yield* Effect.all(inside, { concurrency: "unbounded" }))]
        const states = findings.map(({ state }) => state)
        if (!probe || overall(states) === "unusable") {
          return { status: overall(states), findings, probes: null }
        }
        const probes = yield* Effect.provide(probeAll, needs)
        return { status: overall([...states, ...probes.map(stateOf)]), findings, probes }
      }).pipe(Effect.withSpan("Health.look"))
    return { look }
  })
)
