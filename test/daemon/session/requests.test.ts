import { expect } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Tmux from "../../../src/guest/TmuxService.ts"
import * as Incus from "../../../src/incus/IncusService.ts"
import { IncusTransport, unixSocket } from "../../../src/incus/IncusTransport.ts"
import * as Sessions from "../../../src/session/Sessions.ts"
import * as Slots from "../../../src/session/SlotService.ts"
import { eventually } from "../support/eventually.ts"
import { test } from "../support/library.ts"
import { socket, World } from "../support/World.ts"

/** Sessions whose requests to Incus are written down. */
const counted = (requests: Array<string>) => {
  const transport = Layer.effect(
    IncusTransport,
    Effect.map(IncusTransport, (real) => ({
      ...real,
      request: (request) =>
        Effect.suspend(() => {
          requests.push(`${request.method} ${request.path.replace(/\?.*/, "")}`)
          return real.request(request)
        })
    }))
  ).pipe(Layer.provide(unixSocket(socket)))
  return Sessions.layer.pipe(
    Layer.provide(Layer.merge(Slots.layer, Tmux.layer)),
    Layer.provide(Incus.layerOnTransport("default").pipe(Layer.provide(transport)))
  )
}

test("a command looks at the server once, and once more for what it is about to change", () =>
  Effect.gen(function*() {
    const { workspace } = yield* World
    const directory = workspace()
    const requests: Array<string> = []
    const lists = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      Effect.gen(function*() {
        requests.length = 0
        const value = yield* effect
        return { value, looks: requests.filter((one) => one === "GET /1.0/instances").length }
      })
    yield* Effect.gen(function*() {
      const sessions = yield* Sessions.Sessions
      const saved = yield* Effect.scoped(Effect.gen(function*() {
        // The claim on a slot, and what a crash has left, which is put in order meanwhile.
        const { looks, value: session } = yield* lists(sessions.start({ workspace: directory }))
        expect(looks).toBe(2)
        yield* sessions.send(session, { text: ": something", keys: ["Enter"] })
        yield* eventually("it", sessions.capture(session), (screen) => screen.includes("something"))
        expect(yield* lists(sessions.list)).toMatchObject({ looks: 1, value: { length: 1 } })
        expect(yield* lists(sessions.get({}))).toMatchObject({ looks: 1 })
        return session
      }))
      expect(yield* lists(sessions.list)).toMatchObject({ looks: 1, value: { length: 0 } })
      // To find what is resumed beside.
      expect(yield* lists(Effect.scoped(sessions.resume({ id: saved.id })))).toMatchObject({ looks: 3 })
      expect(yield* lists(sessions.leftovers({ sessions: true, unusedFor: 0 }))).toMatchObject({
        looks: 2,
        value: [{ session: { id: saved.id } }]
      })
    }).pipe(Effect.provide(counted(requests)))
  }))
