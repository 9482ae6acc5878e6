import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Fs from "node:fs"
import { join } from "node:path"
import { eventually } from "../../test/daemon/support/eventually.ts"
import { openTerminal } from "../../test/daemon/support/terminal.ts"
import { World } from "../../test/daemon/support/World.ts"
import { Bench } from "./Bench.ts"
import { textOf } from "./files.ts"

const quietModes = "alternate=0 cursor=1 mouse=0 keypad=0"

/** A terminal in the workspace, which knows what it was like at first. */
export const userTerminal = Effect.gen(function*() {
  const { workspace, wrong } = yield* Bench
  const { root } = yield* World
  const terminal = yield* openTerminal({ directory: workspace })
  let count = 0
  /** What stty says. */
  const settings = Effect.gen(function*() {
    const file = join(root, `stty-${++count}`)
    yield* terminal.line(`stty -a > ${file}.new && mv ${file}.new ${file}`)
    return yield* eventually("an answer of stty", Effect.sync(() => textOf(file)), (text) => text !== "")
  })
  const before = yield* settings
  yield* terminal.clear
  return {
    ...terminal,
    /** The process of clincus, as soon as it is there. */
    process: eventually("a process of clincus", terminal.pid, (pid) => pid > 0),
    /** Waits until the tool is to be seen and can be typed to. */
    attached: terminal.until("the tool", (seen) => seen.includes("ready") && seen.includes("C-b d detaches")),
    /**
     * Waits for the end of clincus, and for the shell to say with what status. A command line of which the status is a
     * part would not do: the shell gives that up when its program dies of SIGINT.
     */
    ended: (pid: number) =>
      Effect.gen(function*() {
        yield* gone(pid)
        yield* terminal.until("a prompt", (seen) => seen.endsWith("host$"))
        const screen = yield* terminal.screen
        yield* terminal.line("echo status=$?")
        return { line: "clincus in a terminal", status: yield* terminal.status, stderr: screen }
      }),
    /** Tells whatever is not as it was before clincus ran in it. */
    isAsBefore: Effect.gen(function*() {
      const modes = yield* terminal.modes
      if (modes !== quietModes) yield* wrong("terminal changed", modes)
      const after = yield* settings
      if (after !== before) yield* wrong("terminal changed", `stty says ${after}, before ${before}`)
    })
  }
})

/** Waits until a process is gone. */
export const gone = (pid: number) =>
  Effect.repeat(Effect.sync(() => Fs.existsSync(`/proc/${pid}`)), {
    until: (there) => !there,
    schedule: Schedule.spaced("50 millis").pipe(Schedule.upTo("60 seconds"))
  }).pipe(Effect.asVoid)
