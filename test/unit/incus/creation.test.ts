import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { requestOutcome } from "../../../src/incus/errors.ts"
import { IncusService } from "../../../src/incus/IncusService.ts"
import type { InstanceSpec } from "../../../src/incus/instances.ts"
import { faultyServer, operation, type Reply, type Seen, withClient } from "./support/faultyServer.ts"
import { running, smallDaemon, stopped } from "./support/smallDaemon.ts"

const spec: InstanceSpec = {
  name: "one",
  image: "clincus",
  ephemeral: true,
  config: { "user.clincus.run": "mine" },
  devices: {},
  profiles: []
}
const mine = { ...running(), config: { ...spec.config, "volatile.uuid": "u" }, ephemeral: true }

const isWait = ({ path }: Seen) => path.endsWith("/wait")
const isCreation = ({ method, path }: Seen) => method === "POST" && path === "/1.0/instances"

const daemonWith = (
  otherwise: (request: Seen, daemon: ReturnType<typeof smallDaemon>) => Reply | undefined
) =>
  Effect.gen(function*() {
    const daemon = smallDaemon()
    const server = yield* faultyServer((request) => otherwise(request, daemon) ?? daemon.handle(request))
    const { instances } = yield* IncusService.pipe(withClient(server.socket))
    return { ...server, daemon, instances }
  })

/** The daemon makes the instance and then does this to the answer. */
const made = (reply: Reply, at: (request: Seen) => boolean) =>
  daemonWith((request, daemon) => {
    if (!at(request)) return undefined
    daemon.handle(request)
    return reply
  })

/** The daemon does this instead of making the instance. */
const notMade = (reply: Reply) => daemonWith((request) => isCreation(request) ? reply : undefined)

const faults: ReadonlyArray<Reply> = ["cut", "cut midway", "hang", "truncate", "garbage", "no HTTP", {
  error: 500,
  text: "oh"
}]

describe.concurrent("a creation", () => {
  it.live("succeeds with a daemon that works, by one request and a wait", () =>
    Effect.scoped(Effect.gen(function*() {
      const { instances, requests } = yield* daemonWith(() => undefined)
      yield* instances.createAndStart(spec)
      expect(requests.map(({ method }) => method)).toEqual(["POST", "GET"])
    })))

  for (const fault of faults) {
    const name = JSON.stringify(fault)
    it.live(`whose answer is lost (${name}) is a success where the instance runs, and is sent once`, () =>
      Effect.scoped(Effect.gen(function*() {
        const { instances, requests } = yield* made(fault, isCreation)
        yield* instances.createAndStart(spec)
        expect(requests.filter(isCreation)).toHaveLength(1)
      })))

    it.live(`that comes to nothing (${name}) does not say that nothing was made`, () =>
      Effect.scoped(Effect.gen(function*() {
        const { instances, requests } = yield* notMade(fault)
        const failure = yield* Effect.flip(instances.createAndStart(spec))
        if (failure._tag === "NameTaken" || failure._tag === "ImageNotFound") {
          return expect.fail(failure._tag)
        }
        expect(requestOutcome(failure)).toBe("Unknown")
        expect(requests.filter(isCreation)).toHaveLength(1)
      })))
  }

  it.live("that wins a race, whose loser is in the way of the start, is started all the same", () =>
    Effect.scoped(Effect.gen(function*() {
      const busy =
        "Failed to create instance start operation: Instance is busy running a \"create\" operation"
      let starts = 0
      const { daemon, instances, requests } = yield* daemonWith((request, { handle, instances }) => {
        if (isCreation(request)) {
          const reply = handle(request)
          const one = instances.get("one")
          if (one !== undefined) one.status = "Stopped"
          return reply
        }
        if (isWait(request) && starts === 0) return { error: 400, text: busy, begun: true }
        if (request.method === "PUT" && ++starts === 1) return { error: 400, text: busy }
        // The operation of the creation, looked at when its waiting has failed.
        return starts === 0 && request.path.startsWith("/1.0/operations/")
          ? { sync: operation("operation-1", { status: "Failure", status_code: 400, err: busy }) }
          : undefined
      })
      yield* instances.createAndStart(spec)
      expect(daemon.instances.get("one")).toMatchObject({ status: "Running" })
      expect(requests.filter(isCreation)).toHaveLength(1)
      expect(starts).toBe(2)
    })))

  for (const fault of [...faults, { error: 404, text: "not found" }] satisfies ReadonlyArray<Reply>) {
    it.live(`whose waiting is disturbed (${JSON.stringify(fault)}) is a success where the instance runs`, () =>
      Effect.scoped(Effect.gen(function*() {
        const { instances } = yield* daemonWith((request) => isWait(request) ? fault : undefined)
        yield* instances.createAndStart(spec)
      })))
  }

  it.live("that was forgotten says what is there where it does not run", () =>
    Effect.scoped(Effect.gen(function*() {
      for (
        const [half, seen] of [
          [undefined, /there is no container one/],
          [{ ...mine, status: "Stopped" }, /container one is there, stopped/]
        ] as const
      ) {
        const { instances } = yield* daemonWith((request, daemon) => {
          if (isCreation(request)) {
            if (half !== undefined) daemon.instances.set("one", { ...half })
            return { operation: "gone" }
          }
          return undefined
        })
        const failure = yield* Effect.flip(instances.createAndStart(spec))
        expect(failure).toMatchObject({ _tag: "OperationLost", message: expect.stringMatching(seen) })
      }
    })))

  it.live("waits for what the daemon still does with it", () =>
    Effect.scoped(Effect.gen(function*() {
      const states: Array<"running" | "success"> = ["running", "success"]
      const { instances, requests } = yield* daemonWith((request, daemon) => {
        if (isCreation(request)) return "cut"
        if (request.path === "/1.0/operations") {
          const state = states.shift() ?? "success"
          const about = { resources: { instances: ["/1.0/instances/one"] } }
          return {
            sync: state === "running"
              ? { running: [operation("late", { ...about, status: "Running", status_code: 103 })] }
              : {}
          }
        }
        if (isWait(request)) {
          daemon.instances.set("one", { ...mine })
          return { sync: operation("late") }
        }
        return undefined
      })
      yield* instances.createAndStart(spec)
      expect(requests.some((request) => request.path === "/1.0/operations/late/wait")).toBe(true)
    })))

  it.live("of a name that another has is refused as taken, whether the answer is there or not", () =>
    Effect.scoped(Effect.gen(function*() {
      const theirs = { ...mine, config: { "user.clincus.run": "another's" } }
      for (const fault of [undefined, "cut"] as const) {
        const { daemon, instances } = yield* daemonWith((request) => isCreation(request) ? fault : undefined)
        daemon.instances.set("one", { ...theirs })
        const failure = yield* Effect.flip(instances.createAndStart(spec))
        // Without an answer nothing says that the name was taken but the one who has it.
        expect(failure._tag).toBe("NameTaken")
        expect(daemon.instances.get("one")).toEqual(theirs)
      }
    })))

  it.live("without labels leaves the doubt, whoever's the instance is that runs there", () =>
    Effect.scoped(Effect.gen(function*() {
      const { instances } = yield* made("cut", isCreation)
      const failure = yield* Effect.flip(instances.createAndStart({ ...spec, config: {} }))
      expect(failure._tag).toBe("IncusConnectionLost")
    })))

  it.live("is not taken by its own half-made instance", () =>
    Effect.scoped(Effect.gen(function*() {
      const { instances } = yield* daemonWith((request, daemon) => {
        if (isCreation(request)) {
          daemon.instances.set("one", { ...mine, ...stopped(), config: spec.config })
          return { operation: "half" }
        }
        return isWait(request)
          ? {
            sync: operation("half", {
              status: "Failure",
              status_code: 400,
              err: "Instance is busy running a \"start\" operation"
            })
          }
          : undefined
      })
      expect(yield* Effect.flip(instances.createAndStart(spec))).toMatchObject({ _tag: "IncusRequestError" })
    })))

  it.live("is not said to be another's where the daemon cannot be asked whose it is", () =>
    Effect.scoped(Effect.gen(function*() {
      const { instances } = yield* daemonWith((request) => {
        if (isCreation(request)) return { operation: "half" }
        return isWait(request)
          ? {
            sync: operation("half", {
              status: "Failure",
              status_code: 400,
              err: "Instance is busy running a \"start\" operation"
            })
          }
          : { error: 500, text: "oh" }
      })
      expect(yield* Effect.flip(instances.createAndStart(spec))).toMatchObject({
        _tag: "IncusRequestError",
        reason: expect.stringContaining("busy")
      })
    })))

  it.live("of which the guest says that it is ready is a success as well", () =>
    Effect.scoped(Effect.gen(function*() {
      const { daemon, instances } = yield* daemonWith((request, daemon) => {
        if (!isCreation(request)) return undefined
        daemon.instances.set("one", { ...mine, status: "Ready" })
        return "cut"
      })
      yield* instances.createAndStart(spec)
      expect(daemon.instances.get("one")?.status).toBe("Ready")
    })))

  it.live("that is refused, or never sent, says so", () =>
    Effect.scoped(Effect.gen(function*() {
      const { instances } = yield* notMade({ error: 400, text: "Invalid devices" })
      const refused = yield* Effect.flip(instances.createAndStart(spec))
      expect(refused._tag === "IncusRequestError" && requestOutcome(refused)).toBe("Refused")
      const away = yield* IncusService.pipe(withClient("/nonexistent/socket"))
      const unsent = yield* Effect.flip(away.instances.createAndStart(spec))
      expect(unsent._tag === "IncusUnavailable" && requestOutcome(unsent)).toBe("NotSent")
    })))

  it.live("that is interrupted ends when the daemon has done with it", () =>
    Effect.scoped(Effect.gen(function*() {
      const { instances, requests } = yield* made("hang", isCreation)
      const fiber = yield* Effect.fork(instances.createAndStart(spec))
      while (!requests.some(isCreation)) yield* Effect.sleep("10 millis")
      yield* Fiber.interrupt(fiber)
      expect(requests.some(({ path }) => path === "/1.0/operations")).toBe(true)
    })))
})

describe.concurrent("the image of a creation", () => {
  const fingerprint = "0123456789ab"
  const sourceOf = (requests: ReadonlyArray<Seen>) =>
    JSON.parse(requests.find(isCreation)?.body ?? "{}").source

  it.live("whose alias looks like a fingerprint is asked for by its alias", () =>
    Effect.scoped(Effect.gen(function*() {
      const { instances, requests } = yield* daemonWith(({ path }) =>
        path === `/1.0/images/aliases/${fingerprint}`
          ? { sync: { name: fingerprint, target: "f".repeat(64) } }
          : undefined
      )
      yield* instances.createAndStart({ ...spec, image: fingerprint })
      expect(sourceOf(requests)).toEqual({ type: "image", alias: fingerprint })
    })))

  it.live("is a fingerprint where no image has such an alias", () =>
    Effect.scoped(Effect.gen(function*() {
      const { instances, requests } = yield* daemonWith(() => undefined)
      yield* instances.createAndStart({ ...spec, image: fingerprint })
      expect(sourceOf(requests)).toEqual({ type: "image", fingerprint })
    })))
})
