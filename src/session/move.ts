import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Metadata } from "../domain/Metadata.ts"
import { IncusService } from "../incus/IncusService.ts"
import type { Workspace } from "../workspace/Workspace.ts"
import { CannotResume } from "./errors.ts"
import { HistoryStore } from "./HistoryStore.ts"
import { fromInstance } from "./labels.ts"
import { liveOf } from "./live.ts"
import { baseName, slots, SlotService } from "./SlotService.ts"

/**
 * Readies a saved session for another directory, as after `mv project project2`. A persistent container's name tells its
 * workspace, so the stopped container of such a session gets the name of a free slot of the new one, its own if that is
 * free. Gives the session as it is then. If there is no container, starting the session moves it.
 */
export const moveSession = (metadata: Metadata, workspace: Workspace) =>
  Effect.gen(function*() {
    if (metadata.workspace === workspace.path || !metadata.persistent) return metadata
    const incus = yield* IncusService
    const history = yield* HistoryStore
    const { prefix } = yield* SlotService
    const everywhere = yield* incus.instances.listAll
    const container = (yield* liveOf(everywhere)).find((one) => one.id === metadata.id && one.persistent)
    if (container === undefined) return metadata
    if (container.instance.status !== "Stopped") {
      return yield* new CannotResume({
        reason: `its container ${container.container} is ${container.instance.status.toLowerCase()}`,
        next: `End it first: clincus shutdown ${container.container}`
      })
    }
    const here = everywhere.filter(({ project }) => project === incus.project)
    const base = baseName(prefix, workspace, here)
    const slot = [metadata.slot, ...slots].find((one) => !here.some(({ name }) => name === `${base}-${one}`))
    if (slot === undefined) {
      return yield* new CannotResume({
        reason: `all slots of ${workspace.path} are taken`,
        next: "End a session of that directory first ('clincus list' shows them)."
      })
    }
    yield* incus.instances.edit(container.container, (instance) =>
      instance.status === "Stopped" && Option.exists(fromInstance(instance), ({ session }) =>
          session === metadata.id)
        ? Option.some({
          config: {
            ...instance.config,
            "user.clincus.workspace": workspace.path,
            "user.clincus.container": `${base}-${slot}`,
            "user.clincus.slot": String(slot)
          },
          devices: instance.devices,
          ephemeral: false
        })
        : Option.none())
    const renamed = { ...metadata, workspace: workspace.path, container: `${base}-${slot}`, slot }
    yield* incus.instances.rename(container.container, renamed.container)
    yield* history.save(renamed)
    return renamed
  }).pipe(
    Effect.catchTags({
      InstanceChanged: (error) =>
        new CannotResume({ reason: error.message, next: "Try again." }),
      NameTaken: (error) =>
        new CannotResume({ reason: error.message, next: "Try again." })
    })
  )
