import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { IncusService } from "../../src/incus/IncusService.ts"
import { untilScreen } from "../../test/daemon/support/look.ts"
import { Bench } from "./Bench.ts"
import type { Fault } from "./fault.ts"
import { instances, label } from "./left.ts"
import { resume, runs, shell } from "./session.ts"

const Handle = Schema.parseJson(Schema.Struct({ container: Schema.String }))

/** Starts as many of a command as there are, at almost one instant, and waits for all of them. */
const atOnce = (count: number, args: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const { between, note } = yield* Bench
    const delays = yield* Effect.replicateEffect(between(0, 40), count)
    yield* note(`after ${delays.join(", ")} ms`)
    return yield* Effect.forEach(delays, (delay) => Effect.delay(runs(args), delay), {
      concurrency: "unbounded"
    })
  })

/** The session to go on with is saved, or its container went away behind the back of clincus, or it runs. */
const before = Effect.gen(function*() {
  const { note, pick } = yield* Bench
  const incus = yield* IncusService
  const state = yield* pick(["saved", "saved", "crashed", "running"])
  yield* note(state)
  if (state === "saved") return
  yield* runs(yield* resume)
  const [container] = yield* instances
  if (container === undefined) return
  yield* untilScreen(container.name, "ready")
  if (state === "crashed") yield* incus.instances.destroy(container.name)
})

/**
 * Of several who go on with a session one starts it, the others are told who has it. A tool counts its start as its first
 * deed, a moment after its command has returned.
 */
const resumed = (count: number): Fault => ({
  name: `resume-${count}`,
  what: `${count} times --resume of one session at once`,
  run: Effect.gen(function*() {
    const { planted, statusIs, toolStarts, wrong } = yield* Bench
    yield* before
    const running = (yield* instances).length
    const startsBefore = yield* toolStarts
    const all = yield* atOnce(count, yield* resume)
    yield* Effect.forEach(all, (ended) => statusIs(ended, 0, 1))
    const told = yield* Effect.forEach(
      all.filter(({ status }) => status === 0),
      ({ stdout }) => Schema.decode(Handle)(stdout)
    )
    const holders = (yield* instances).filter((one) => label(one, "session") === planted.resumable.id)
    if (holders.length !== 1) {
      yield* wrong(
        "one starts",
        `${holders.length} containers hold the session: ${holders.map(({ name }) => name).join()}`
      )
    }
    if (told.length === 0) yield* wrong("one starts", "all of them have failed")
    const others = told.filter(({ container }) => container !== holders[0]?.name)
    if (others.length > 0) {
      yield* wrong(
        "one starts",
        `told of ${others.map(({ container }) => container).join()}`
      )
    }
    yield* Effect.forEach(holders, ({ name }) => untilScreen(name, "ready"))
    const starts = (yield* toolStarts) - startsBefore
    if (starts !== 1 - running) yield* wrong("one starts", `the tool was started ${starts} times`)
  })
})

/** Several who do the same at one instant. */
export const crowds: ReadonlyArray<Fault> = [
  resumed(2),
  resumed(4),
  {
    name: "start-10",
    what: "ten times shell --background on one workspace at once",
    // There is no slot for another one.
    next: ["list", "clean"],
    run: Effect.gen(function*() {
      const { statusIs, toolStarts, wrong } = yield* Bench
      const all = yield* atOnce(10, shell)
      yield* Effect.forEach(all, (ended) => statusIs(ended, 0))
      const containers = yield* instances
      yield* Effect.forEach(containers, ({ name }) => untilScreen(name, "ready"))
      const slots = containers.map((one) => label(one, "slot")).toSorted()
      if (new Set(slots).size !== 10) yield* wrong("ten start", `slots ${slots.join(", ")}`)
      const starts = yield* toolStarts
      if (starts !== 10) yield* wrong("ten start", `the tool was started ${starts} times`)
    })
  }
]
