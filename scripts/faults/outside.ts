import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { spawn } from "node:child_process"
import { Bench } from "./Bench.ts"
import { endsByItself } from "./ending.ts"
import type { Fault } from "./fault.ts"
import { instances, nothingLeft } from "./left.ts"
import { anySession, shell } from "./session.ts"

/** Incus's own client, whatever comes of it. */
const incus = (...args: ReadonlyArray<string>) =>
  Effect.async<void>((resume) => {
    const child = spawn("incus", args, { stdio: "ignore" })
    child.once("error", () => resume(Effect.void))
    child.once("close", () => resume(Effect.void))
  })

/** Somebody takes the container away while it is being started. */
const whileStarting = (...args: ReadonlyArray<string>) =>
  Effect.scoped(Effect.gen(function*() {
    const { launch, note, pause, pick, statusIs } = yield* Bench
    const kind = yield* pick(["--ephemeral", "--persistent"])
    yield* note(kind)
    const program = yield* launch([...shell, kind])
    const [container] = yield* Effect.repeat(instances, {
      until: (found) => found.length > 0,
      schedule: Schedule.spaced("10 millis").pipe(Schedule.upTo("10 seconds"))
    }).pipe(Effect.zipRight(instances))
    yield* pause(0, 600)
    if (container !== undefined) yield* incus(...args, container.name)
    const ended = yield* program.ended
    yield* statusIs(ended, 0, 1)
    if (ended.status !== 0) yield* nothingLeft(ended.line)
  }))

const whileRunning = (...args: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const { pause } = yield* Bench
    const { container } = yield* anySession
    yield* pause(0, 500)
    yield* incus(...args, container)
    return container
  })

/** Somebody who does things to the containers with Incus's own client. */
export const outsiders: ReadonlyArray<Fault> = [
  { name: "delete-start", what: "incus delete -f during the start", run: whileStarting("delete", "-f") },
  { name: "stop-start", what: "incus stop -f during the start", run: whileStarting("stop", "-f") },
  { name: "delete-running", what: "incus delete -f of a session", run: whileRunning("delete", "-f") },
  { name: "stop-running", what: "incus stop -f of a session", run: whileRunning("stop", "-f") },
  {
    name: "restart-running",
    what: "incus restart -f of a session",
    run: Effect.flatMap(whileRunning("restart", "-f"), endsByItself)
  }
]
