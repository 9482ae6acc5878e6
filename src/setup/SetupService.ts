import type * as FileSystem from "@effect/platform/FileSystem"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Host } from "../host/Host.ts"
import { Progress } from "../host/Progress.ts"
import type { HostIds } from "../host/subids.ts"
import { ImageService } from "../image/ImageService.ts"
import type { IncusFailure } from "../incus/errors.ts"
import { IncusService } from "../incus/IncusService.ts"
import { accessStep } from "./access.ts"
import { daemonStep } from "./daemon.ts"
import { type CommandFailed, LoginNeeded, StepHadNoEffect, StepIsManual } from "./errors.ts"
import { gatewayStep } from "./gateway.ts"
import { idsStep } from "./ids.ts"
import { imageStep } from "./image.ts"
import { limitsStep } from "./limits.ts"
import { makeMachine } from "./machine.ts"
import { networkStep } from "./network.ts"
import { noticesOf } from "./notices.ts"
import { packagesStep } from "./packages.ts"
import type { Privileged } from "./Privileged.ts"
import { profileStep } from "./profile.ts"
import { restrictedStep } from "./restricted.ts"
import { makeServer } from "./server.ts"
import type { SetupFailure, Status, Step, StepName } from "./Step.ts"
import { storageStep } from "./storage.ts"

/**
 * Where Incus is, and what of it sessions are to use; what is not given is chosen.
 *
 * @example
 * import * as Clincus from "clincus"
 *
 * export const options: Clincus.SetupOptions = {
 *   socket: "/var/lib/incus/unix.socket",
 *   project: "default",
 *   image: "clincus",
 *   ids: { uids: [1001], gids: [100] },
 *   logs: "/tmp"
 * }
 */
export interface SetupOptions {
  /** Path of the daemon's socket. */
  readonly socket: string
  /** The Incus project of the `IncusService` that set-up was given. */
  readonly project: string
  readonly pool?: string | undefined
  readonly network?: string | undefined
  /** Alias of the image that sessions need; none is looked for or built if undefined. */
  readonly image?: string | undefined
  /** Whether sessions of network mode `allow` are to be possible, which takes a gateway; no unless given. */
  readonly gateway?: boolean | undefined
  /** Ids that sessions map, beside those of the user: owners of other people's workspaces. */
  readonly ids?: HostIds | undefined
  /** Directory for the log of an image build that fails. */
  readonly logs: string
}

/**
 * A step and how it stands.
 *
 * @example
 * import * as Clincus from "clincus"
 *
 * const actionsOf = (status: Clincus.Status): ReadonlyArray<Clincus.Action> =>
 *   status._tag === "Needed" ? status.actions : []
 *
 * export const shown = (steps: ReadonlyArray<Clincus.StepReport>, only: Clincus.StepName): ReadonlyArray<string> =>
 *   steps.filter(({ name }) => name === only).flatMap(({ status }) => actionsOf(status).map(({ shown }) => shown))
 */
export interface StepReport {
  readonly name: StepName
  readonly title: string
  readonly status: Status
  /** True if this run of set-up did it. */
  readonly changed: boolean
}

/**
 * Takes a machine from nothing to ready for sessions: Incus installed and running, the user's ids free to be mapped, the
 * kernel's limits high enough, the user let in, a storage pool, a network, a profile, a network for restricted sessions,
 * an image. What Incus has already is used as it is.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Effect from "effect/Effect"
 *
 * export const missing = Effect.gen(function*() {
 *   const setup = yield* Clincus.SetupService
 *   const steps = yield* setup.plan({ socket: "/var/lib/incus/unix.socket", project: "default", logs: "/tmp" })
 *   return steps.filter(({ status }) => status._tag !== "Done").map(({ title }) => title)
 * })
 */
export class SetupService extends Context.Tag("clincus/SetupService")<SetupService, {
  /** How every step stands now. Changes nothing; what cannot be known before an earlier step is done is assumed absent. */
  readonly plan: (
    options: SetupOptions
  ) => Effect.Effect<ReadonlyArray<StepReport>, CommandFailed | IncusFailure>
  /** Goes through the steps in order and does those that are needed; reports to `Progress`. */
  readonly apply: (options: SetupOptions) => Effect.Effect<ReadonlyArray<StepReport>, SetupFailure>
  /** Facts of a machine that is set up which may keep sessions from the network. */
  readonly notices: (options: SetupOptions) => Effect.Effect<ReadonlyArray<string>, IncusFailure>
}>() {}

/**
 * Set-up of this machine, with its package manager and its files.
 *
 * @example
 * import * as NodeFileSystem from "@effect/platform-node-shared/NodeFileSystem"
 * import * as NodePath from "@effect/platform-node-shared/NodePath"
 * import * as Clincus from "clincus"
 * import * as Layer from "effect/Layer"
 *
 * // For a program that runs as root: no sudo, and nobody to ask for a password.
 * export const setup = (privileged: Layer.Layer<Clincus.Privileged>) =>
 *   Clincus.setupLayer.pipe(
 *     Layer.provide(Clincus.imageLayer),
 *     Layer.provide(Clincus.incusLayer({ socket: "/var/lib/incus/unix.socket", project: "default" })),
 *     Layer.provide([privileged, Clincus.silentProgress, Clincus.hostLayer, NodeFileSystem.layer, NodePath.layer])
 *   )
 */
export const layer: Layer.Layer<
  SetupService,
  never,
  | FileSystem.FileSystem
  | Host
  | ImageService
  | IncusService
  | Privileged
  | Progress
> = Layer.effect(
  SetupService,
  Effect.gen(function*() {
    const machine = yield* makeMachine
    const api = yield* IncusService
    const images = yield* ImageService
    const progress = yield* Progress

    /** The steps in the order in which they build on each other. */
    const stepsOf = (
      { gateway, ids, image, logs, network, pool, project, socket }: SetupOptions
    ): ReadonlyArray<Step> => {
      const server = makeServer(socket, project, api)
      return [
        packagesStep(machine),
        idsStep(machine, server, ids ?? { uids: [], gids: [] }),
        limitsStep(machine),
        daemonStep(machine, server),
        accessStep(machine, server),
        storageStep(machine, server, pool, progress.notice),
        networkStep(machine, server, network),
        profileStep(machine, server, { pool, network }),
        restrictedStep(machine, server),
        ...(image === undefined
          ? []
          : [imageStep(server, images, progress, { alias: image, pool, network, logs })]),
        ...(gateway === true
          ? [gatewayStep(machine, server, { image: image ?? "clincus", pool, network })]
          : [])
      ]
    }

    const report = (step: Step, status: Status, changed: boolean): StepReport => ({
      name: step.name,
      title: step.title,
      status,
      changed
    })

    /** One step, brought to the end that its own check confirms. */
    const perform = (step: Step): Effect.Effect<StepReport, SetupFailure> =>
      Effect.gen(function*() {
        const before = yield* step.check
        switch (before._tag) {
          case "Done":
            return report(step, before, false)
          case "Manual":
            return yield* new StepIsManual({ step: step.title, ...before })
          case "Login":
            return yield* new LoginNeeded(before)
        }
        yield* progress.step(step.title)
        yield* progress.notice(`# ${step.title}: ${before.reason}`)
        for (const action of before.actions) {
          yield* progress.notice(action.shown)
          yield* action.run
        }
        const after = yield* step.check
        if (after._tag === "Login") return yield* new LoginNeeded(after)
        if (after._tag !== "Done") {
          return yield* new StepHadNoEffect({ step: step.title, reason: after.reason })
        }
        return report(
          step,
          { ...before.warning === undefined ? {} : { warning: before.warning }, ...after },
          true
        )
      })

    return {
      plan: (options) =>
        Effect.forEach(
          stepsOf(options),
          (step) => Effect.map(step.check, (status) => report(step, status, false))
        ),
      apply: (options) => Effect.forEach(stepsOf(options), perform).pipe(Effect.tap(progress.done)),
      notices: ({ network, project, socket }) => noticesOf(machine, makeServer(socket, project, api), network)
    }
  })
)
