import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { uuid } from "../../host/memory/random.ts"
import type { Device } from "../schemas.ts"
import { type Refusal, refuse } from "./answers.ts"
import type { Daemon } from "./daemon.ts"
import { type Busy, type Container, containerOf, power, type Status } from "./model.ts"
import type { Verb } from "./operations.ts"

/** What is asked for if a container is to be made. */
export interface Creation {
  readonly name: string
  readonly source: { readonly alias?: string | undefined; readonly fingerprint?: string | undefined }
  readonly ephemeral: boolean
  readonly config: Readonly<Record<string, string>>
  readonly devices: Readonly<Record<string, Device>>
  readonly profiles: ReadonlyArray<string>
  readonly start: boolean
}

/** What a container is to be from now on. */
export interface Replacement {
  readonly ephemeral: boolean
  readonly config: Readonly<Record<string, string>>
  readonly devices: Readonly<Record<string, Device>>
  readonly profiles: ReadonlyArray<string>
}

/** What Incus does to a container. Each of these is an operation's work; what it refuses before is in `instances.ts`. */
export interface Containers {
  readonly create: (project: string, asked: Creation) => Effect.Effect<void, Refusal>
  readonly start: (container: Container) => Effect.Effect<void, Refusal>
  /** `seconds` bound how long the system may take to shut down; below 0 they do not. */
  readonly stop: (container: Container, force: boolean, seconds: number) => Effect.Effect<void, Refusal>
  readonly remove: (container: Container) => Effect.Effect<void, Refusal>
  readonly replace: (container: Container, by: Replacement) => Effect.Effect<void, Refusal>
  readonly rename: (container: Container, to: string) => Effect.Effect<void, Refusal>
  readonly freeze: (container: Container, frozen: boolean) => Effect.Effect<void, Refusal>
  /** Its own system switches it off. */
  readonly powerOff: (container: Container) => Effect.Effect<void>
  /** Its own system starts it again. */
  readonly reboot: (container: Container) => Effect.Effect<void>
}

/** The first words of the keys of an instance's configuration; see Incus's reference of instance options. */
const keys =
  /^(agent|boot|cloud-init|cluster|environment|image|limits|linux|migration|nvidia|oci|placement|raw|security|snapshots|user|volatile)\./

const requireKeys = (
  config: Readonly<Record<string, string>>,
  doing = ""
): Effect.Effect<void, Refusal> => {
  const unknown = Object.keys(config).find((key) => !keys.test(key))
  return unknown === undefined
    ? Effect.void
    : Effect.fail(refuse(500, `${doing}Unknown configuration key: ${unknown}`))
}

const busyWith = ({ verb }: Busy) => `Instance is busy running a "${verb}" operation`

/** Fails if something is under way with the container. */
const requireIdle = ({ busy }: Container, doing: string): Effect.Effect<void, Refusal> =>
  busy === undefined ? Effect.void : Effect.fail(refuse(500, `Failed to ${doing}: ${busyWith(busy)}`))

export const makeContainers = (daemon: Daemon): Containers => {
  /** Lets pass what something takes: if that is no time, others get their turn all the same. */
  const pass = (what: Verb | "reboot") => {
    const time = daemon.times[what]
    return time === undefined ? Effect.yieldNow() : Effect.sleep(time)
  }

  /** Does something to a container while nothing else may be done to it, and lets those who have joined know the end. */
  const during = <A>(container: Container, verb: Verb, work: (busy: Busy) => Effect.Effect<A, Refusal>) =>
    Effect.gen(function*() {
      const busy: Busy = {
        verb,
        done: yield* Deferred.make<void, Refusal>(),
        force: yield* Deferred.make<void>()
      }
      container.busy = busy
      return yield* work(busy).pipe(
        Effect.ensuring(Effect.sync(() => {
          container.busy = undefined
        })),
        // A restart of the daemon interrupts it, and nobody is left waiting.
        Effect.onExit((exit) =>
          Exit.isInterrupted(exit)
            ? Deferred.fail(busy.done, refuse(500, "Operation cancelled"))
            : Deferred.done(busy.done, Exit.asVoid(exit))
        )
      )
    })

  const drop = (container: Container) =>
    Effect.zipRight(
      Effect.sync(() => daemon.project(container.project)?.delete(container.name)),
      daemon.tell("instance-deleted", container)
    )

  const set = (container: Container, status: Status) =>
    Effect.sync(() => {
      container.status = status
      power(container, status !== "Stopped")
    })

  const halt = (container: Container) =>
    Effect.gen(function*() {
      yield* Effect.forEach([...container.commands], (kill) => kill, { discard: true })
      yield* set(container, "Stopped")
    })

  /** A system that comes up; `told` is Incus's name of that. */
  const boot = (container: Container, told = "instance-started") =>
    Effect.gen(function*() {
      yield* pass("start")
      container.lastUsedAt = yield* Clock.currentTimeMillis
      yield* (daemon.guest.boot?.(daemon.instanceOf(container)) ?? Effect.void).pipe(
        Effect.mapError((reason) => refuse(500, reason)),
        Effect.tapError(() => container.ephemeral ? drop(container) : set(container, "Stopped"))
      )
      yield* set(container, "Running")
      yield* daemon.tell(told, container)
    })

  const make = (project: string, asked: Creation) =>
    Effect.gen(function*() {
      const [id, now] = [yield* uuid, yield* Clock.currentTimeMillis]
      const image = daemon.imageOf(asked.source)
      if (image === undefined) return yield* refuse(500, "Image not provided for instance creation")
      const all = daemon.project(project) ?? new Map<string, Container>()
      const there = all.get(asked.name)
      const failed = (why: string) => refuse(500, `Failed creating instance record: ${why}`)
      if (there?.busy !== undefined) return yield* failed(busyWith(there.busy))
      if (there !== undefined) {
        return yield* failed(
          "Add instance info to the database: Failed to create \"instances\" entry: "
            + "UNIQUE constraint failed: instances.project_id, instances.name"
        )
      }
      yield* requireKeys(asked.config, "Failed creating instance record: ")
      const container = containerOf({
        project,
        name: asked.name,
        status: "Stopped",
        ephemeral: asked.ephemeral,
        config: {
          ...Object.fromEntries(
            Object.entries(image.properties ?? {}).map(([key, value]) => [`image.${key}`, value])
          ),
          ...asked.config,
          "volatile.base_image": image.fingerprint,
          "volatile.uuid": id
        },
        devices: asked.devices,
        profiles: asked.profiles,
        lastUsedAt: 0
      }, now)
      // Nobody comes between the look for the name and this.
      all.set(asked.name, container)
      yield* daemon.tell("instance-created", container)
      return container
    })

  const stop = (container: Container, force: boolean, seconds: number, busy: Busy) =>
    Effect.gen(function*() {
      if (!force) {
        const asked = daemon.guest.shutdown?.(daemon.instanceOf(container)) ?? Effect.void
        const patient = seconds < 0 ? asked : Effect.timeoutFail(asked, {
          duration: `${seconds} seconds`,
          onTimeout: () =>
            refuse(
              500,
              `Failed shutting down instance, status is "${container.status}": context deadline exceeded`
            )
        })
        yield* Effect.raceFirst(patient, Deferred.await(busy.force))
      }
      yield* pass("stop")
      yield* halt(container)
      yield* daemon.tell(force ? "instance-stopped" : "instance-shutdown", container)
      if (container.ephemeral) yield* drop(container)
    })

  /** Ends a system from inside: a moment later an ephemeral container is gone. */
  const off = (container: Container) =>
    Effect.gen(function*() {
      if (container.status !== "Running") return
      yield* halt(container)
      yield* daemon.tell("instance-shutdown", container)
      if (!container.ephemeral) return
      yield* pass("delete")
      yield* drop(container)
    })

  /** Does what a system does to itself, after whatever Incus is doing to it. */
  const alone = (container: Container, work: Effect.Effect<void>) =>
    Effect.suspend(() =>
      container.busy === undefined ? Effect.void : Effect.ignore(Deferred.await(container.busy.done))
    )
      .pipe(Effect.zipRight(Effect.ignore(during(container, "stop", () => work))))

  return {
    create: (project, asked) =>
      Effect.gen(function*() {
        const container = yield* make(project, asked)
        yield* during(container, "create", () => pass("create"))
        if (!asked.start) return
        yield* Effect.yieldNow()
        yield* requireIdle(container, "create instance start operation")
        yield* during(container, "start", () => boot(container))
      }),
    start: (container) =>
      Effect.suspend(() => {
        const { busy } = container
        if (busy?.verb === "start") return Deferred.await(busy.done)
        if (container.status !== "Stopped") {
          return Effect.fail(refuse(500, "The instance is already running"))
        }
        return Effect.zipRight(
          requireIdle(container, "create instance start operation"),
          during(container, "start", () => boot(container))
        )
      }),
    stop: (container, force, seconds) =>
      Effect.suspend(() => {
        const { busy } = container
        if (busy?.verb === "stop") {
          const pull = force ? Deferred.succeed(busy.force, undefined) : Effect.void
          return Effect.zipRight(pull, Deferred.await(busy.done))
        }
        return requireIdle(container, "create instance stop operation").pipe(
          Effect.zipRight(
            container.status === "Stopped"
              ? Effect.fail(refuse(400, "The instance is already stopped"))
              : Effect.void
          ),
          Effect.zipRight(during(container, "stop", (mine) => stop(container, force, seconds, mine)))
        )
      }),
    remove: (container) =>
      Effect.zipRight(
        requireIdle(container, "create instance delete operation"),
        during(container, "delete", () => Effect.zipRight(pass("delete"), drop(container)))
      ),
    replace: (container, by) =>
      Effect.gen(function*() {
        yield* requireIdle(container, "create instance update operation")
        yield* requireKeys(by.config)
        yield* during(container, "edit", () =>
          pass("edit").pipe(
            Effect.zipRight(Effect.sync(() => Object.assign(container, by)))
          ))
      }),
    rename: (container, to) =>
      Effect.gen(function*() {
        if (container.status !== "Stopped") {
          return yield* refuse(500, "Renaming of running instance not allowed")
        }
        yield* requireIdle(container, "create instance rename operation")
        const all = daemon.project(container.project)
        all?.delete(container.name)
        container.name = to
        all?.set(to, container)
      }),
    freeze: (container, frozen) =>
      Effect.suspend(() => {
        if (container.status === "Stopped") return Effect.fail(refuse(500, "The instance isn't running"))
        return set(container, frozen ? "Frozen" : "Running")
      }),
    powerOff: (container) => alone(container, off(container)),
    reboot: (container) =>
      alone(
        container,
        Effect.gen(function*() {
          if (container.status !== "Running") return
          yield* halt(container)
          yield* pass("reboot")
          yield* Effect.ignore(boot(container, "instance-restarted"))
        })
      )
  }
}
