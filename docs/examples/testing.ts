// A test without Incus: a session on twins in memory, whose connection is cut when its container has just been made. The
// clock jumps over what only waits, so that this takes milliseconds.
import * as NodeRuntime from "@effect/platform-node-shared/NodeRuntime"
import * as Clincus from "clincus"
import * as Testing from "clincus/testing"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

const world = Testing.memorySessions({ files: { "/home/me/project/README.md": "" } })

const program = Effect.gen(function*() {
  const sessions = yield* Clincus.Sessions
  const incus = yield* Testing.MemoryIncus
  yield* incus.fault(Testing.cutAfter("create"))

  // The answer is lost, not the container: the session starts all the same.
  const session = yield* sessions.start({ workspace: "/home/me/project" })
  const made = (yield* incus.requests).filter(({ phases }) => phases.includes("create"))
  yield* Console.log(`${session.container} runs, asked for ${made.length} time`)

  yield* sessions.send(session, { text: "exit 3", keys: ["Enter"] })
  const { outcome } = yield* sessions.wait(session)
  yield* Console.log(`the tool ended with ${Option.getOrThrow(outcome).status}`)
}).pipe(Effect.scoped, Effect.provide(world), Effect.provide(Testing.hurriedClock))

NodeRuntime.runMain(program)
