import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { isNotFound } from "../../../src/incus/client.ts"
import { type IncusFailure, OperationLost, requestOutcome } from "../../../src/incus/errors.ts"
import { IncusService } from "../../../src/incus/IncusService.ts"
import type { Instances } from "../../../src/incus/instances.ts"
import { faultyServer, operation, type Reply, type Seen, withClient } from "./support/faultyServer.ts"
import { running, type Small, smallDaemon, stopped } from "./support/smallDaemon.ts"

/** Some small daemon with an instance `one`, some requests of which are treated otherwise. */
const daemonWith = (
  one: Small | undefined,
  otherwise: (request: Seen, daemon: ReturnType<typeof smallDaemon>) => Reply | undefined
) =>
  Effect.gen(function*() {
    const daemon = smallDaemon()
    if (one !== undefined) daemon.instances.set("one", one)
    const server = yield* faultyServer((request) => otherwise(request, daemon) ?? daemon.handle(request))
    const { exec, instances } = yield* IncusService.pipe(withClient(server.socket))
    return { ...server, daemon, instances, exec }
  })

const isWait = ({ path }: Seen) => path.endsWith("/wait")
const isOperation = ({ path }: Seen) => path.startsWith("/1.0/operations/")
const forgotten: Reply = { error: 404, text: "not found" }

/** It does what it is asked to do, and forgets that. */
const forgetful = (one: Small | undefined) =>
  daemonWith(one, (request) => isOperation(request) ? forgotten : undefined)

/** It accepts what it is asked to do, is restarted, and does nothing. */
const restarted = (one: Small | undefined) =>
  daemonWith(
    one,
    (request) =>
      isOperation(request) ? forgotten : request.method === "GET" ? undefined : { operation: "gone" }
  )

const change = () => Option.some({ config: { "user.x": "1" }, devices: {}, ephemeral: false })

const verbs: ReadonlyArray<
  readonly [string, () => Small, (instances: Instances) => Effect.Effect<void, { readonly _tag: string }>]
> = [
  ["stop", running, (instances) => instances.stop("one", { force: true })],
  ["start", stopped, (instances) => instances.start("one")],
  ["remove", stopped, (instances) => instances.remove("one")],
  ["destroy", running, (instances) => instances.destroy("one")],
  ["rename", stopped, (instances) => instances.rename("one", "two")],
  ["edit", stopped, (instances) => instances.edit("one", change)]
]

describe.concurrent("an operation that the daemon has forgotten", () => {
  for (const [verb, before, act] of verbs) {
    it.live(`${verb}: is a success where it was done, and where it is remembered`, () =>
      Effect.scoped(Effect.gen(function*() {
        yield* act((yield* daemonWith(before(), () => undefined)).instances)
        yield* act((yield* forgetful(before())).instances)
      })))

    it.live(`${verb}: is a failure that says so where it was not done`, () =>
      Effect.scoped(Effect.gen(function*() {
        const { daemon, instances } = yield* restarted(before())
        const failure = yield* Effect.flip(act(instances))
        expect(failure).toBeInstanceOf(OperationLost)
        expect(failure).toMatchObject({
          operation: "gone",
          message: expect.stringMatching(
            /no longer knows what became of .* container one is there, (running|stopped)/
          ),
          hint: expect.stringContaining("clincus list")
        })
        expect(isNotFound(failure)).toBe(false)
        expect(daemon.instances.get("one")).toEqual(before())
      })))
  }

  it.live("says so where the instance cannot be looked at", () =>
    Effect.scoped(Effect.gen(function*() {
      const { instances } = yield* daemonWith(running(), (request) =>
        isOperation(request) ? forgotten : request.method === "GET" ? "garbage" : { operation: "gone" })
      expect(yield* Effect.flip(instances.stop("one", { force: true }))).toMatchObject({
        _tag: "OperationLost",
        message: expect.stringContaining("could not be looked at")
      })
    })))

  it.live("of a command is not a missing instance", () =>
    Effect.scoped(Effect.gen(function*() {
      const { exec } = yield* daemonWith(running(), ({ path }) =>
        path.endsWith("/exec")
          ? {
            sync: {
              id: "x",
              status: "Running",
              status_code: 103,
              metadata: { fds: { 0: "a", 1: "b", 2: "c" } }
            }
          }
          : path.endsWith("/websocket")
          ? forgotten
          : undefined)
      const failure: { readonly _tag: string } = yield* Effect.flip(exec.run("one", { command: ["true"] }))
      expect(failure._tag).not.toBe("InstanceNotFound")
    })))

  it.live("an instance that is missing from the start is still called that", () =>
    Effect.scoped(Effect.gen(function*() {
      const { instances } = yield* forgetful(undefined)
      expect(yield* Effect.flip(instances.stop("one", { force: true }))).toMatchObject({
        _tag: "InstanceNotFound"
      })
      yield* instances.destroy("one")
    })))
})

const atWork = operation("x", { status: "Running", status_code: 103 })

describe.concurrent("waiting for an operation", () => {
  it.live("goes on where the daemon says that it is still at work", () =>
    Effect.scoped(Effect.gen(function*() {
      const waits: Array<Reply> = [
        { error: 500, text: "context deadline exceeded", begun: true },
        { sync: atWork }
      ]
      const { instances, requests } = yield* daemonWith(
        running(),
        (request) => isWait(request) ? waits.shift() : isOperation(request) ? { sync: atWork } : undefined
      )
      yield* instances.stop("one", { force: true })
      expect(requests.filter(isWait)).toHaveLength(3)
      expect(requests.find(isWait)?.query.get("timeout")).toBe("1")
    })))

  it.live("tells an operation that failed because something was not found from one that is lost", () =>
    Effect.scoped(Effect.gen(function*() {
      const failed = (err: string) =>
        daemonWith(running(), (request) =>
          isWait(request)
            ? { error: 404, text: err, begun: true }
            : isOperation(request)
            ? { sync: operation("x", { status: "Failure", status_code: 400, err }) }
            : undefined).pipe(
            Effect.flatMap(({ instances }) => Effect.flip(instances.stop("one", { force: true })))
          )
      expect(yield* failed("Storage pool not found")).toMatchObject({
        _tag: "IncusRequestError",
        reason: "Storage pool not found"
      })
      expect(yield* failed("Instance not found")).toMatchObject({ _tag: "InstanceNotFound" })
    })))

  it.live("goes on where the connection is cut for a moment", () =>
    Effect.scoped(Effect.gen(function*() {
      const answers: Array<Reply> = ["cut", "cut midway"]
      const { instances, requests } = yield* daemonWith(running(), (request) =>
        isWait(request) ? answers.shift() : undefined)
      yield* instances.stop("one", { force: true })
      expect(requests.filter(isWait)).toHaveLength(3)
      expect(requests.filter(({ method }) =>
        method === "PUT"
      )).toHaveLength(1)
    })))

  for (
    const [fault, tag] of [
      ["cut", "IncusConnectionLost"],
      ["hang", "IncusSilent"],
      ["truncate", "IncusUnexpected"]
    ] as const
  ) {
    it.live(`ends where the daemon does only this: ${fault}`, () =>
      Effect.scoped(Effect.gen(function*() {
        const { instances } = yield* daemonWith(running(), (request) => isWait(request) ? fault : undefined)
        const failure = yield* Effect.flip(instances.stop("one", { force: true }))
        expect(failure._tag).toBe(tag)
      })))
  }

  it.live("that fails tells the operation's words, and that a part may be done", () =>
    Effect.scoped(Effect.gen(function*() {
      const { instances } = yield* daemonWith(running(), (request) =>
        isWait(request)
          ? { sync: { id: "x", status: "Failure", status_code: 400, err: "device is busy" } }
          : undefined)
      const failure = yield* Effect.flip(instances.remove("one"))
      expect(failure).toMatchObject({ _tag: "IncusRequestError", reason: "device is busy", status: 400 })
      expect(requestOutcome(failure)).toBe("Unknown")
      const refused: IncusFailure = yield* daemonWith(
        running(),
        ({ method }) => method === "DELETE" ? { error: 400, text: "no" } : undefined
      ).pipe(
        Effect.flatMap((daemon) => Effect.flip(daemon.instances.remove("one")))
      )
      expect(requestOutcome(refused)).toBe("Refused")
    })))
})
