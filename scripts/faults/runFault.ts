import * as NodeFileSystem from "@effect/platform-node-shared/NodeFileSystem"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Fs from "node:fs"
import { layer as worldLayer, World } from "../../test/daemon/support/World.ts"
import { Bench, makeBench, type Ran, type Wrong } from "./Bench.ts"
import { check } from "./check.ts"
import type { Fault, Next } from "./fault.ts"
import { textOf } from "./files.ts"
import { instances } from "./left.ts"
import { runs, shell } from "./session.ts"

/** What came of one run. */
export interface Outcome {
  readonly seed: number
  readonly notes: ReadonlyArray<string>
  readonly wrongs: ReadonlyArray<Wrong>
  readonly ran: ReadonlyArray<Ran>
}

/** The command, and the statuses that it may end with. A session that is captured may be gone. */
const commands: Readonly<
  Record<
    Next,
    (session: string, container: string) => readonly [args: ReadonlyArray<string>, ...statuses: Array<number>]
  >
> = {
  list: () => [["list", "--format", "json"], 0],
  shell: () => [[...shell], 0],
  clean: () => [["clean", "--force", "--format", "json"], 0],
  resume: (session) => [[...shell, `--resume=${session}`], 0],
  capture: (_, container) => [["tmux", "capture", container], 0, 1]
}

const usually: ReadonlyArray<Next> = [
  "list",
  "list",
  "list",
  "list",
  "list",
  "shell",
  "shell",
  "clean",
  "resume",
  "capture"
]

/** Processes of clincus that belong to this world. */
const processes = Effect.map(World, ({ prefix }) =>
  Fs.readdirSync("/proc").filter((pid) =>
    /^\d+$/.test(pid)
    && textOf(`/proc/${pid}/environ`).includes(`CLINCUS_CONTAINER_PREFIX=${prefix}`)
    && textOf(`/proc/${pid}/cmdline`).includes("clincus")
  ))

/** Waits until no process of the fault is there. */
const quiet = Effect.gen(function*() {
  const { wrong } = yield* Bench
  const left = yield* Effect.repeat(processes, {
    until: (pids) => pids.length === 0,
    schedule: Schedule.spaced("100 millis").pipe(Schedule.upTo("60 seconds"))
  }).pipe(Effect.zipRight(processes))
  for (const pid of left) {
    yield* wrong("does not end", textOf(`/proc/${pid}/cmdline`).replaceAll("\0", " "))
    yield* Effect.ignore(Effect.try(() => process.kill(Number(pid), "SIGKILL")))
  }
})

/** What `list` says of a world in which nothing runs. */
const nothing = JSON.stringify({ active_containers: [] })

/** The next command after the fault, and what holds then; after that the end of all that runs, and what holds then. */
const aftermath = (fault: Fault) =>
  Effect.gen(function*() {
    const bench = yield* Bench
    const [container] = yield* instances
    const [first = "list", ...others] = (fault.next ?? usually).filter((one) =>
      one !== "capture" || container !== undefined
    )
    const next = yield* bench.pick([first, ...others])
    yield* bench.note(`then ${next}`)
    const [args, ...statuses] = commands[next](bench.planted.resumable.id, container?.name ?? "")
    const ended = yield* runs(args)
    yield* bench.statusIs(ended, ...statuses)
    yield* check(next === "list" ? ended.stdout : undefined)
    if ((yield* instances).length === 0) return
    yield* bench.statusIs(yield* runs(["kill", "--all", "--force"]), 0)
    const left = yield* instances
    if (left.length > 0) yield* bench.wrong("cannot be ended", left.map(({ name }) => name).join(", "))
    yield* check(nothing)
  })

const layer = Layer.merge(worldLayer, NodeFileSystem.layer)

/** Does a fault once, in a world of its own, and tells what does not hold afterwards. */
export const runFault = (fault: Fault, seed: number): Effect.Effect<Outcome> =>
  Effect.scoped(Effect.gen(function*() {
    const world = yield* World
    const bench = yield* makeBench(fault.name, seed, fault.disk === true)
    const failed = (error: { readonly message: string }) =>
      bench.wrong("run could not be done", error.message)
    yield* Effect.scoped(fault.run).pipe(
      Effect.catchAll(failed),
      Effect.zipRight(quiet),
      Effect.zipRight(aftermath(fault)),
      Effect.catchAll(failed),
      Effect.provideService(Bench, bench),
      Effect.provideService(World, {
        ...world,
        environment: { ...world.environment, FAKE_KEY: bench.secrets.variable }
      })
    )
    return { seed, ...(yield* bench.account) }
  })).pipe(Effect.provide(Layer.fresh(layer)))
