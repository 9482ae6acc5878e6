import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { inside, type } from "../../test/daemon/support/look.ts"
import { Bench } from "./Bench.ts"
import { endsByItself } from "./ending.ts"
import type { Fault } from "./fault.ts"
import { anySession, runs } from "./session.ts"

const root = 0
const code = 1000

/** Does something in a session's container by which its tool ends; somebody may look at it meanwhile. */
const ending = (line: string, users: readonly [number, ...ReadonlyArray<number>]) =>
  Effect.gen(function*() {
    const { between, note, pick, statusIs } = yield* Bench
    const { container } = yield* anySession
    const user = yield* pick(users)
    const delay = yield* between(0, 4000)
    yield* note(`by ${user}, list after ${delay} ms`)
    const looking = yield* Effect.fork(Effect.delay(runs(["list", "--format", "json"]), delay))
    // It cuts off whoever asked for it.
    yield* Effect.ignore(inside(container, line, user))
    yield* endsByItself(container)
    yield* statusIs(yield* Fiber.join(looking), 0)
  })

/** What happens in a container: its tool and its system belong to whoever works there. */
export const insiders: ReadonlyArray<Fault> = [
  { name: "reboot", what: "reboot inside", run: ending("reboot", [root]) },
  { name: "kill-all-inside", what: "kill -9 -1 inside", run: ending("kill -9 -1", [root, code]) },
  {
    name: "kill-tmux-inside",
    what: "kill -9 of the tmux server inside",
    run: ending("pkill -9 tmux", [root, code])
  },
  {
    name: "kill-watch-inside",
    what: "kill -9 of the watcher inside: the session goes on, and ends when its tool does",
    run: Effect.gen(function*() {
      const { note, pause, pick } = yield* Bench
      const { container } = yield* anySession
      yield* pause(0, 1500)
      yield* inside(container, "pkill -9 -f '[/]var/lib/clincus/watch'")
      const exits = yield* pick([true, false])
      if (!exits) return
      yield* note("the tool exits")
      yield* pause(0, 1500)
      yield* type(container, "exit 0")
      yield* endsByItself(container)
    })
  }
]
