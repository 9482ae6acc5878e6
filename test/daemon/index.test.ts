import * as NodeFileSystem from "@effect/platform-node-shared/NodeFileSystem"
import * as NodePath from "@effect/platform-node-shared/NodePath"
import { expect } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Clincus from "../../src/index.ts"
import { eventually } from "./support/eventually.ts"
import { test } from "./support/library.ts"
import { containers } from "./support/look.ts"
import { World } from "./support/World.ts"

test("another Effect program starts a session, works in it and ends it, with what index.ts exports", () =>
  Effect.gen(function*() {
    const world = yield* World
    const directory = world.workspace()

    // Everything below is as that program would have it, but for the home directory and the prefix of containers.
    const host = Layer.effect(
      Clincus.Host,
      Effect.map(Clincus.Host, (real) => ({ ...real, home: world.home, environment: world.environment }))
    ).pipe(Layer.provide(Clincus.hostLayer))
    const services = Clincus.sessionsLayer.pipe(
      Layer.provideMerge(Layer.mergeAll(Clincus.slotLayer, Clincus.tmuxLayer, Clincus.configLayer)),
      Layer.provideMerge(Layer.mergeAll(
        Clincus.incusLayer({ socket: world.environment["INCUS_SOCKET"] ?? "", project: "default" }),
        Clincus.historyLayer(world.saved),
        host
      )),
      Layer.provideMerge(Layer.merge(NodeFileSystem.layer, NodePath.layer))
    )

    const work = Effect.gen(function*() {
      const sessions = yield* Clincus.Sessions
      const session = yield* sessions.start({ workspace: directory, size: { columns: 120, rows: 40 } })
      yield* sessions.send(session, { text: "echo $((6 * 7))", keys: ["Enter"] })
      yield* eventually("the answer", sessions.capture(session), (screen) => screen.includes("\n42\n"))
      expect((yield* sessions.list).map(({ container }) => container)).toEqual([session.container])
      // Every failure has a tag to be caught by, and says what to do.
      const inUse = yield* Clincus.openWorkspace(directory).pipe(
        Effect.flatMap((workspace) =>
          Effect.flatMap(
            Clincus.SlotService,
            (slots) =>
              slots.claim(workspace, 1, () => Effect.fail(new Clincus.NameTaken({ name: session.container })))
          )
        ),
        Effect.catchTag("SlotInUse", (error) => Effect.succeed(error))
      )
      expect(inUse).toMatchObject({ slot: 1, hint: expect.stringContaining("clincus attach") })
      return session.id
    })
    const id = yield* Effect.scoped(work).pipe(
      Effect.tap(() => Effect.map(containers, (all) => expect(all).toEqual({}))),
      Effect.tap((id) =>
        Effect.flatMap(Clincus.Sessions, (sessions) => sessions.find({ id: id.slice(0, 12) })).pipe(
          Effect.map((found) => expect(found).toMatchObject({ _tag: "Saved", metadata: { id } }))
        )
      ),
      Effect.provide(services)
    )
    expect(id).toMatch(/^[0-9a-f-]{36}$/)
  }))
