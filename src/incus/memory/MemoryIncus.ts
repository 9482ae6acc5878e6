import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { IncusRequestError, InstanceNotFound } from "../errors.ts"
import { named, type TransportRequest, type TransportResponse } from "../httpRequest.ts"
import { type IncusService, layerOnTransport } from "../IncusService.ts"
import { defaultPatience, IncusTransport } from "../IncusTransport.ts"
import type { Instance } from "../schemas.ts"
import { refused } from "./answers.ts"
import { makeConnections } from "./connections.ts"
import { makeDaemon, type MemoryOptions } from "./daemon.ts"
import { type Fault, type Phase, phasesOf } from "./faults.ts"
import { makeInstances } from "./instances.ts"
import { makeLine } from "./line.ts"
import { containerOf, type MemoryContainer, power } from "./model.ts"
import { type Asked, readPath } from "./request.ts"
import { makeRoutes } from "./routes.ts"
import { makeTroubles } from "./trouble.ts"

/**
 * A request that the twin has got.
 *
 * @see MemoryIncus
 */
export interface SeenRequest extends TransportRequest {
  readonly phases: ReadonlyArray<Phase>
}

/**
 * An Incus in memory, from behind: what a test does to it and sees of it that is not asked for by the client. A name is
 * of the project `default` unless another project is given.
 *
 * @example
 * import * as Incus from "clincus/incus"
 * import * as Testing from "clincus/testing"
 * import * as Effect from "effect/Effect"
 *
 * export const asked = Effect.gen(function*() {
 *   const { instances } = yield* Incus.IncusService
 *   const incus = yield* Testing.MemoryIncus
 *   yield* incus.put({ name: "web" })
 *   yield* incus.powerOff("web")
 *   yield* instances.start("web")
 *   return (yield* incus.requests).map(({ method, path }: Testing.SeenRequest) => `${method} ${path.split("?")[0]}`).slice(0, 1)
 * }).pipe(Effect.provide(Testing.memoryIncus()))
 * // => ["PUT /1.0/instances/web/state"]
 */
export class MemoryIncus extends Context.Tag("clincus/MemoryIncus")<MemoryIncus, {
  /** Lets something go wrong at a named phase. */
  readonly fault: (fault: Fault) => Effect.Effect<void>
  /** Lets nothing go wrong any more. */
  readonly heal: Effect.Effect<void>
  /** What has been asked so far, in its order. */
  readonly requests: Effect.Effect<ReadonlyArray<SeenRequest>>
  /** A container as it is, without a request. */
  readonly look: (name: string, project?: string) => Effect.Effect<Option.Option<Instance>>
  /** The containers of all projects, without a request. */
  readonly all: Effect.Effect<ReadonlyArray<Instance>>
  /** Puts a container there as somebody else may have left it, over what has its name. */
  readonly put: (container: MemoryContainer) => Effect.Effect<void>
  /** Lets a container's own system switch it off. Returns when Incus has seen that, and deleted an ephemeral one. */
  readonly powerOff: (name: string, project?: string) => Effect.Effect<void, InstanceNotFound>
  /** Lets a container's own system start again. It is seen stopped for as long as `times.reboot` says. */
  readonly reboot: (name: string, project?: string) => Effect.Effect<void, InstanceNotFound>
  /** Runs something in a container for as long as that is up: it is interrupted when it goes off. Returns at once. */
  readonly inhabit: (
    name: string,
    inhabitant: Effect.Effect<void>,
    project?: string
  ) => Effect.Effect<void, InstanceNotFound>
  /** Restarts the daemon: connections are cut, operations stopped and forgotten; containers go on as they are. */
  readonly restart: Effect.Effect<void>
  /** Returns at the next restart of the daemon. For twins of what hangs on a connection to it. */
  readonly restarted: Effect.Effect<void>
}>() {}

const make = (options: MemoryOptions) =>
  Effect.gen(function*() {
    const daemon = yield* makeDaemon(options)
    const instances = makeInstances(daemon)
    const route = makeRoutes(daemon, instances)
    const troubles = makeTroubles(daemon.operations)
    const connections = yield* makeConnections(Duration.decode(options.patience ?? defaultPatience))
    const scope = yield* Effect.scope
    const seen: Array<SeenRequest> = []

    const askedOf = (request: TransportRequest): Asked => ({
      method: request.method,
      request,
      ...readPath(request.path)
    })

    /** Takes a request down, and gives the faults that are for it. */
    const arrive = (asked: Asked) => {
      const phases = phasesOf(asked, daemon.operations.verbOf)
      seen.push({ ...asked.request, phases })
      return troubles.of(asked.request, phases)
    }

    /** What others do meanwhile may take any time, and so may being killed. */
    const trouble = (fault: Fault, asked: Asked, answer: TransportResponse | undefined) => {
      const applied = troubles.apply(fault, asked, answer)
      return fault.trouble === "killed" || (typeof fault.trouble === "object" && "meanwhile" in fault.trouble)
        ? applied
        : connections.over(asked.request, applied)
    }

    const request = (input: TransportRequest) =>
      Effect.suspend(() => {
        const asked = askedOf(input)
        const faults = arrive(asked)
        const handle = Effect.catchAll(route(asked), (refusal) =>
          Effect.succeed(
            refused(refusal, asked.segments[2] === "wait" && refusal.status !== 404 ? 200 : undefined)
          ))
        const wait = asked.segments[2] === "wait"
        return Effect.gen(function*() {
          for (const fault of faults.filter(({ when }) => when === "before")) {
            const instead = yield* trouble(fault, asked, undefined)
            if (Option.isSome(instead)) return instead.value
          }
          // What has been read is done, whatever becomes of the client; a wait ends with the client.
          let answer = yield* connections.over(input, wait ? handle : Effect.uninterruptible(handle))
          for (const fault of faults.filter(({ when }) => when === "after")) {
            answer = Option.getOrElse(yield* trouble(fault, asked, answer), () => answer)
          }
          return answer
        })
      })

    const noSocket = (input: TransportRequest, status: number, reason: string) =>
      new IncusRequestError({ ...named(input), status, reason: `no WebSocket: ${status} ${reason}` })

    const events = ({ project, query }: Asked) =>
      Effect.gen(function*() {
        const types = query.get("type")?.split(",") ?? []
        const line = makeLine()
        yield* Stream.fromPubSub(daemon.events, { scoped: true }).pipe(
          Effect.map(Stream.filter((event) => types.includes(event.type) && event.project === project)),
          Effect.map(
            Stream.runForEach((event) =>
              Effect.sync(() => line.send({ _tag: "Text", text: JSON.stringify(event) }))
            )
          ),
          Effect.flatMap(Effect.forkScoped)
        )
        return line
      })

    const webSocket = (path: string) =>
      Effect.suspend(() => {
        const input: TransportRequest = { method: "GET", path }
        const asked = askedOf(input)
        const faults = arrive(asked)
        const [kind, id = "", part] = asked.segments
        const open = kind === "events"
          ? events(asked)
          : kind === "operations" && part === "websocket"
          ? instances.connect(id, asked.query.get("secret") ?? "").pipe(
            Effect.mapError(({ reason, status }) => noSocket(input, status, reason))
          )
          : noSocket(input, 404, "Not Found")
        const connect = Effect.gen(function*() {
          for (const fault of faults) {
            const answer = yield* trouble(fault, asked, undefined)
            if (Option.isSome(answer)) return yield* noSocket(input, answer.value.status, "")
          }
          const scope = yield* Effect.scope
          const line = yield* connections.over(input, Scope.extend(open, scope))
          connections.lines.add(line)
          return line
        })
        return Effect.acquireRelease(Effect.interruptible(connect), (line) =>
          Effect.sync(() => {
            line.end()
            connections.lines.delete(line)
          })).pipe(Effect.map(({ client }) => client))
      })

    const find = (name: string, project = "default") =>
      Effect.mapError(instances.find(project, name), () => new InstanceNotFound({ name }))

    /** Goes on although what asked for it is in the container, and so comes to its end with it. */
    const byItself = (effect: Effect.Effect<void>) =>
      Effect.flatMap(Effect.forkIn(Effect.interruptible(effect), scope), Fiber.join)

    const put = (given: MemoryContainer) =>
      Effect.gen(function*() {
        const now = yield* Clock.currentTimeMillis
        const container = containerOf(given, now)
        power(container, container.status !== "Stopped")
        daemon.project(container.project)?.set(container.name, container)
      })

    return Context.make(IncusTransport, { request, webSocket, prepare: Effect.void }).pipe(
      Context.add(MemoryIncus, {
        fault: (fault) => Effect.sync(() => troubles.add(fault)),
        heal: Effect.sync(troubles.clear),
        requests: Effect.sync(() => [...seen]),
        look: (name, project) => Effect.option(Effect.map(find(name, project), daemon.instanceOf)),
        all: Effect.sync(() =>
          [...daemon.projects.values()].flatMap((one) => [...one.values()].map(daemon.instanceOf))
        ),
        put,
        powerOff: (name, project) =>
          Effect.flatMap(find(name, project), (container) =>
            byItself(instances.containers.powerOff(container))),
        reboot: (name, project) =>
          Effect.flatMap(find(name, project), (container) =>
            byItself(instances.containers.reboot(container))),
        inhabit: (name, inhabitant, project) =>
          Effect.flatMap(find(name, project), (container) =>
            Effect.gen(function*() {
              const kill = yield* Deferred.make<void>()
              const stop = Effect.asVoid(Deferred.succeed(kill, undefined))
              container.commands.add(stop)
              yield* inhabitant.pipe(
                Effect.raceFirst(Deferred.await(kill)),
                Effect.ensuring(Effect.sync(() => container.commands.delete(stop))),
                Effect.forkIn(scope)
              )
            })),
        // The connections first: clients do not wait for the time that commands take to clean up.
        restart: Effect.flatMap(daemon.operations.restart, (stop) => Effect.zipRight(connections.cut, stop)),
        restarted: connections.ended
      })
    )
  })

/**
 * The transport alone, for a client of your own: see `memoryIncus`.
 *
 * @example
 * import * as Incus from "clincus/incus"
 * import * as Testing from "clincus/testing"
 * import * as Effect from "effect/Effect"
 *
 * export const status = Effect.gen(function*() {
 *   const { request } = yield* Incus.IncusTransport
 *   return (yield* request({ method: "GET", path: "/1.0" })).status
 * }).pipe(Effect.provide(Testing.memoryTransport()))
 * // => 200
 */
export const memoryTransport = (options: MemoryOptions = {}): Layer.Layer<IncusTransport | MemoryIncus> =>
  Layer.scopedContext(make(options))

/**
 * An Incus in memory, with the real client on it. It answers at the transport, by the REST API as Incus 6.0 does, so that
 * everything above is what runs with a daemon too. What it does not know of the API it refuses with 501. Time is the
 * Clock's, ids are the Random service's.
 *
 * @example
 * import * as Incus from "clincus/incus"
 * import * as Testing from "clincus/testing"
 * import * as Effect from "effect/Effect"
 *
 * export const names = Effect.gen(function*() {
 *   const { instances } = yield* Incus.IncusService
 *   const incus = yield* Testing.MemoryIncus
 *   yield* incus.put({ name: "mine" })
 *   return (yield* instances.list).map(({ name }) => name)
 * }).pipe(Effect.provide(Testing.memoryIncus()))
 */
export const memoryIncus = (
  options: MemoryOptions = {},
  project = "default"
): Layer.Layer<IncusService | IncusTransport | MemoryIncus> =>
  layerOnTransport(project, options.patience).pipe(Layer.provideMerge(memoryTransport(options)))
