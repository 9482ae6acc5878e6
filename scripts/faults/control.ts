import * as Effect from "effect/Effect"
import { untilScreen } from "../../test/daemon/support/look.ts"
import { Bench } from "./Bench.ts"
import { check } from "./check.ts"
import type { Fault } from "./fault.ts"
import { instances } from "./left.ts"
import { anySession, resume, runs, shell } from "./session.ts"
import { userTerminal } from "./terminal.ts"

/** Tells if there is another number of containers than there has to be. */
const expectContainers = (count: number) =>
  Effect.gen(function*() {
    const { wrong } = yield* Bench
    const names = (yield* instances).map(({ name }) => name)
    if (names.length !== count) {
      yield* wrong("control", `${names.length} containers, not ${count}: ${names.join(", ")}`)
    }
  })

/** Runs without a fault, which the same checks have to find in order: else they say nothing. */
export const controls: ReadonlyArray<Fault> = [
  {
    name: "no-fault",
    what: "nothing goes wrong, in a session without a terminal",
    run: Effect.gen(function*() {
      const { statusIs, toolStarts, wrong } = yield* Bench
      yield* statusIs(yield* runs(shell), 0)
      yield* expectContainers(1)
      yield* check()
      if ((yield* toolStarts) !== 1) yield* wrong("control", "the tool was not started")
    })
  },
  {
    name: "no-fault-resume",
    what: "nothing goes wrong, in a saved session that goes on",
    run: Effect.gen(function*() {
      const { planted, statusIs } = yield* Bench
      yield* statusIs(yield* runs(yield* resume), 0)
      yield* expectContainers(1)
      for (const { name } of yield* instances) {
        yield* untilScreen(name, planted.resumable.files.get(".fake/conversation")?.slice(0, 40) ?? "")
      }
    })
  },
  {
    name: "no-fault-end",
    what: "nothing goes wrong, in a session that is killed or shut down",
    run: Effect.gen(function*() {
      const { pick, statusIs } = yield* Bench
      const { container, persistent } = yield* anySession
      const args = yield* pick([["kill", "--force", container], ["shutdown", container]])
      yield* statusIs(yield* runs(args), 0)
      yield* expectContainers(persistent && args[0] === "shutdown" ? 1 : 0)
    })
  },
  {
    name: "no-fault-attached",
    what: "nothing goes wrong, in a terminal that is detached",
    run: Effect.gen(function*() {
      const { statusIs } = yield* Bench
      const terminal = yield* userTerminal
      yield* terminal.line("clincus shell")
      const pid = yield* terminal.process
      yield* terminal.attached
      yield* terminal.keys("C-b", "d")
      yield* statusIs(yield* terminal.ended(pid), 0)
      yield* terminal.isAsBefore
      yield* expectContainers(1)
    })
  }
]
