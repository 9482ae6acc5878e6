import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Host } from "../host/Host.ts"
import { type IncusFailure, InstanceNotFound } from "../incus/errors.ts"
import { IncusService } from "../incus/IncusService.ts"
import { type Instance, isUp } from "../incus/schemas.ts"
import { NoLiveSession, NotASession, SeveralSessions } from "./errors.ts"
import { handleOf, type SessionHandle } from "./handle.ts"
import { fromInstance, type Labels, withoutCopies } from "./labels.ts"
import { SlotService } from "./SlotService.ts"

/**
 * A container of clincus and what its labels say: running, or persistent and stopped.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Effect from "effect/Effect"
 *
 * export const stopped = Effect.gen(function*() {
 *   const sessions = yield* Clincus.Sessions
 *   const live: ReadonlyArray<Clincus.LiveSession> = yield* sessions.list
 *   return live.filter(({ running }) => !running).map(({ container, labels }) => `${container}: ${labels.workspace}`)
 * })
 */
export interface LiveSession extends SessionHandle {
  readonly instance: Instance
  readonly labels: Labels
  readonly running: boolean
}

const toLive = (instance: Instance): Option.Option<LiveSession> =>
  fromInstance(instance).pipe(Option.map((labels) => ({
    ...handleOf(instance.name, labels),
    instance,
    labels,
    running: isUp(instance)
  })))

/** Of all instances of a server, the sessions of this user in this project and with this prefix, oldest first. */
export const liveOf = (
  instances: ReadonlyArray<Instance>
): Effect.Effect<ReadonlyArray<LiveSession>, never, IncusService | SlotService | Host> =>
  Effect.gen(function*() {
    const incus = yield* IncusService
    const host = yield* Host
    const { prefix } = yield* SlotService
    return withoutCopies(instances.flatMap((instance) => Option.toArray(toLive(instance))))
      .filter(({ instance }) => instance.project === incus.project && instance.name.startsWith(prefix))
      .filter(({ labels }) => labels.user === host.uid)
      .toSorted((a, b) => a.labels.started - b.labels.started)
  })

/** The sessions of this user in this project and with this prefix, oldest first. One request. */
export const liveSessions: Effect.Effect<
  ReadonlyArray<LiveSession>,
  IncusFailure,
  IncusService | SlotService | Host
> = Effect.flatMap(IncusService, (incus) => Effect.flatMap(incus.instances.list, liveOf))

/**
 * The instances of this server that hold a session, or did when they stopped, whatever their project, prefix or state: a
 * session is one session on the machine.
 */
export const holdersOf = (
  session: string
): Effect.Effect<ReadonlyArray<Instance>, IncusFailure, IncusService> =>
  Effect.map(
    Effect.flatMap(IncusService, (incus) => incus.instances.listAll),
    (instances) => holdersAmong(instances, session)
  )

/** The same of instances that are known already. */
export const holdersAmong = (instances: ReadonlyArray<Instance>, session: string): ReadonlyArray<Instance> =>
  withoutCopies(instances.flatMap((instance) => Option.toArray(toLive(instance))))
    .filter(({ labels }) => labels.session === session)
    .map(({ instance }) => instance)

/** This user's session in a container, by the container's name. */
export const sessionNamed = (
  container: string
): Effect.Effect<LiveSession, IncusFailure | InstanceNotFound | NotASession, IncusService | Host> =>
  Effect.gen(function*() {
    const incus = yield* IncusService
    const host = yield* Host
    const instance = yield* incus.instances.get(container)
    return yield* Option.match(toLive(instance), {
      onNone: () => new NotASession({ container, user: undefined }),
      onSome: (session) =>
        session.labels.user === host.uid
          ? Effect.succeed(session)
          : Effect.fail(new NotASession({ container, user: session.labels.user }))
    })
  })

/**
 * Which session is meant: by name, else by workspace and slot, else the only one that runs.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Effect from "effect/Effect"
 *
 * const wanted: Clincus.Selection = { workspace: "/home/ada/project", slot: 2 }
 *
 * export const second = Effect.flatMap(Clincus.Sessions, (sessions) => sessions.get(wanted))
 */
export interface Selection {
  readonly container?: string | undefined
  readonly slot?: number | undefined
  /** Real path. */
  readonly workspace?: string | undefined
}

/** The sessions that a selection leaves, running ones only. */
export const matching = (
  sessions: ReadonlyArray<LiveSession>,
  selection: Selection
): ReadonlyArray<LiveSession> =>
  sessions.filter(({ running, slot, workspace }) =>
    running
    && (selection.slot === undefined || slot === selection.slot)
    && (selection.workspace === undefined || workspace === selection.workspace)
  )

/** The one running session that is meant; fails if there is none or more than one. */
export const selectSession = (selection: Selection, live: ReadonlyArray<LiveSession>) =>
  Effect.gen(function*() {
    if (selection.container !== undefined) {
      const found = yield* sessionNamed(selection.container)
      return found.running
        ? found
        : yield* new NoLiveSession({ asked: `in ${selection.container} (it is stopped)` })
    }
    const found = matching(live, selection)
    const [only, ...others] = found
    if (only === undefined) {
      const slot = selection.slot === undefined ? "" : ` in slot ${selection.slot}`
      const asked = selection.workspace === undefined
        ? slot.trim()
        : `${slot} for ${selection.workspace}`.trim()
      return yield* new NoLiveSession({ asked })
    }
    if (others.length > 0) {
      return yield* new SeveralSessions({ containers: found.map(({ container }) => container) })
    }
    return only
  })
