import { expect } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { AttachedTerminal } from "../../../src/session/attach.ts"
import { Sessions } from "../../../src/session/Sessions.ts"
import { eventually } from "../support/eventually.ts"
import { test } from "../support/library.ts"
import { containers, statusOf } from "../support/look.ts"
import { World } from "../support/World.ts"

/** A terminal that no user sits at: what is typed is given, and what is drawn is kept. */
const program = (typed: Stream.Stream<string>): AttachedTerminal & { readonly drawn: () => string } => {
  let drawn = ""
  return {
    kind: "xterm-256color",
    lend: (use) =>
      use({
        size: { columns: 100, rows: 30 },
        input: Stream.map(typed, (text) => new TextEncoder().encode(text)),
        resizes: Stream.empty,
        output: (chunk) =>
          Effect.sync(() => {
            drawn += Buffer.from(chunk).toString("utf8")
          })
      }),
    drawn: () => drawn
  }
}

test("two sessions at once in one program: each has its own text, screen and end", () =>
  Effect.gen(function*() {
    const { workspace } = yield* World
    const sessions = yield* Sessions
    const work = (name: string, status: number) =>
      Effect.scoped(Effect.gen(function*() {
        const session = yield* sessions.start({ workspace: workspace() })
        yield* sessions.send(session, { text: `echo I am ${name}`, keys: ["Enter"] })
        yield* eventually(
          "its answer",
          sessions.capture(session),
          (screen) => screen.includes(`\nI am ${name}\n`)
        )
        yield* sessions.send(session, { text: `exit ${status}`, keys: ["Enter"] })
        return yield* sessions.wait(session)
      }))
    const [one, two] = yield* Effect.all([work("one", 0), work("two", 3)], { concurrency: 2 })
    expect(one.end).toEqual(Option.some({ reason: "exited", status: 0 }))
    expect(two.end).toEqual(Option.some({ reason: "exited", status: 3 }))
    expect(Option.getOrThrow(two.outcome).screen).toContain("I am two")
    expect(Option.getOrThrow(two.outcome).screen).not.toContain("I am one")
  }))

test("what happens to sessions is told: start, rest, end, whoever starts and ends them", () =>
  Effect.gen(function*() {
    const { workspace } = yield* World
    const sessions = yield* Sessions
    const seen = yield* Effect.fork(
      sessions.events({ restSeconds: 1 }).pipe(
        Stream.map((event) => `${event._tag} ${event.session.slot}`),
        Stream.take(4),
        Stream.runCollect
      )
    )
    // The stream tells of what is there when it begins as well, so this need not be waited for.
    yield* Effect.scoped(Effect.gen(function*() {
      const session = yield* sessions.start({ workspace: workspace(), slot: 2 })
      yield* Effect.sleep("3 seconds")
      yield* sessions.send(session, { text: "echo again", keys: ["Enter"] })
      yield* Effect.sleep("4 seconds")
    }))
    expect(Chunk.toReadonlyArray(yield* Fiber.join(seen))).toEqual([
      "Started 2",
      "Rested 2",
      "Rested 2",
      "Ended 2"
    ])
  }))

test("a program attaches as a user does, and a detach means what was decided at the start", () =>
  Effect.gen(function*() {
    const world = yield* World
    const sessions = yield* Sessions
    const typed = Stream.make("echo typed here\r").pipe(
      Stream.concat(Stream.fromEffect(Effect.as(Effect.sleep("2 seconds"), "\x02d")))
    )
    const run = Effect.scoped(Effect.gen(function*() {
      const session = yield* sessions.start({ workspace: world.workspace() })
      yield* session.keep
      return session
    }))
    const keeps = yield* run
    yield* world.configure(`${world.configuration}\n[session]\non_detach = "end"\n`)
    const ends = yield* run
    expect([keeps.onDetach, ends.onDetach]).toEqual(["keep", "end"])

    // Today's configuration says "end", the session's own start said "keep".
    const terminal = program(typed)
    expect(yield* sessions.attach(yield* sessions.named(keeps.container), terminal)).toEqual({
      _tag: "Detached"
    })
    expect(terminal.drawn()).toContain("typed here")
    expect(yield* statusOf(keeps.container)).toBe("Running")
    yield* world.configure(world.configuration)
    expect(yield* sessions.attach(yield* sessions.named(ends.container), program(typed))).toMatchObject({
      _tag: "Ended"
    })
    expect(Object.keys(yield* containers)).toEqual([keeps.container])
    yield* sessions.end(keeps, { _tag: "kill" })
    expect(yield* containers).toEqual({})
  }))

test("a session goes on with the profile that it was started with", () =>
  Effect.gen(function*() {
    const world = yield* World
    const sessions = yield* Sessions
    yield* world.configure(`${world.configuration}
[profiles.careful.session]
on_detach = "end"
[profiles.other.session]
on_detach = "keep"
`)
    const workspace = world.workspace()
    const talk = (session: { readonly container: string }) =>
      Effect.gen(function*() {
        const live = yield* sessions.named(session.container)
        yield* sessions.send(live, { text: ": something", keys: ["Enter"] })
        yield* eventually("it", sessions.capture(live), (screen) => screen.includes("something"))
      })
    const first = yield* Effect.scoped(
      Effect.tap(sessions.start({ workspace, profile: "careful" }), talk)
    )
    const again = yield* Effect.scoped(Effect.gen(function*() {
      const { _tag, session } = yield* sessions.resume({ id: first.id })
      expect(_tag).toBe("Started")
      // A second one finds that it runs, and starts nothing.
      expect(yield* sessions.resume({ id: first.id })).toMatchObject({
        _tag: "Live",
        session: { container: session.container }
      })
      yield* talk(session)
      return session
    }))
    expect([first.onDetach, again.onDetach]).toEqual(["end", "end"])
    const other = yield* Effect.scoped(sessions.resume({ id: first.id }, { profile: "other" }))
    expect(other.session.onDetach).toBe("keep")
    const error = yield* Effect.flip(Effect.scoped(sessions.start({ workspace, profile: "none" })))
    expect(error._tag).toBe("UnknownProfile")
  }))

test("an interrupt while a session is waited for ends the waiting and nothing else", () =>
  Effect.gen(function*() {
    const { workspace } = yield* World
    const sessions = yield* Sessions
    yield* Effect.scoped(Effect.gen(function*() {
      const session = yield* sessions.start({ workspace: workspace() })
      const begun = yield* Deferred.make<void>()
      const waiting = yield* Effect.fork(
        Effect.zipRight(Deferred.succeed(begun, undefined), sessions.wait(session))
      )
      yield* Deferred.await(begun)
      yield* Effect.sleep("500 millis")
      yield* Fiber.interrupt(waiting)
      expect(yield* statusOf(session.container)).toBe("Running")
    }))
  }))
