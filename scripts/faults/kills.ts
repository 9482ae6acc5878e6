import * as Effect from "effect/Effect"
import { Bench } from "./Bench.ts"
import type { Fault } from "./fault.ts"
import { anySession, resume, runs, session, shell } from "./session.ts"
import { gone, userTerminal } from "./terminal.ts"

/** Starts a command and kills it after a time that is drawn (ms). */
const killed = (args: ReadonlyArray<string>, latest: number) =>
  Effect.scoped(Effect.gen(function*() {
    const bench = yield* Bench
    const program = yield* bench.launch(args)
    yield* bench.pause(0, latest)
    yield* program.kill("SIGKILL")
    yield* program.ended
  }))

/** `kill -9`: the process has no say any more, the next one does the rest. */
export const kills: ReadonlyArray<Fault> = [
  {
    name: "kill-start",
    what: "kill -9 of shell --background",
    run: killed(shell, 900)
  },
  {
    name: "kill-persistent",
    what: "kill -9 of shell --background --persistent, of a new container or one that stands stopped",
    run: Effect.gen(function*() {
      const { note, pick } = yield* Bench
      const stands = yield* pick([true, false])
      if (stands) {
        yield* note("one stands")
        const { container } = yield* session("--persistent")
        yield* runs(["shutdown", container])
      }
      yield* killed([...shell, "--persistent"], 900)
    })
  },
  {
    name: "kill-resume",
    what: "kill -9 of shell --background --resume",
    run: Effect.flatMap(resume, (args) => killed(args, 900))
  },
  {
    name: "kill-attached",
    what: "kill -9 of shell in a terminal, while it starts or is attached",
    run: Effect.gen(function*() {
      const { pause } = yield* Bench
      const terminal = yield* userTerminal
      yield* terminal.line("clincus shell")
      const pid = yield* terminal.process
      yield* pause(0, 2500)
      process.kill(pid, "SIGKILL")
      yield* gone(pid)
    })
  },
  {
    name: "kill-kill",
    what: "kill -9 of kill",
    run: Effect.gen(function*() {
      const { container } = yield* anySession
      yield* killed(["kill", "--force", container], 700)
    })
  },
  {
    name: "kill-shutdown",
    what: "kill -9 of shutdown",
    run: Effect.gen(function*() {
      const { container } = yield* anySession
      yield* killed(["shutdown", container], 1800)
    })
  }
]
