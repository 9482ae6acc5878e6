import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { Reply } from "../../test/unit/incus/support/faultyServer.ts"
import { Bench, type Ended } from "./Bench.ts"
import type { Fault } from "./fault.ts"
import { instances, isKept } from "./left.ts"
import { type Named, proxy } from "./proxy.ts"
import { anySession, resume, shell } from "./session.ts"

const replies: readonly [Reply, ...ReadonlyArray<Reply>] = [
  "cut",
  "cut midway",
  "hang",
  "hang midway",
  "truncate",
  "garbage",
  "no HTTP",
  { error: 500, text: "the daemon has a fault" }
]

const hangs = (reply: Reply) => reply === "hang" || reply === "hang midway"

/** A command that has failed leaves no container, or says which. */
const saysWhatIsLeft = ({ line, status, stderr, stdout }: Ended) =>
  Effect.gen(function*() {
    const { wrong } = yield* Bench
    if (status === 0) return
    const unsaid = (yield* instances).filter((one) =>
      !`${stdout}${stderr}`.includes(one.name) &&
      !isKept(one)
    )
    if (unsaid.length > 0) {
      yield* wrong(
        "left unsaid",
        `${line} left ${unsaid.map(({ name }) => name).join(", ")}`
      )
    }
  })

/** A command whose conversation with the daemon is disturbed at a named request. */
const disturbed = (
  args: ReadonlyArray<string>,
  on: Named,
  options: { readonly again: boolean; readonly impatient: boolean }
) =>
  Effect.scoped(Effect.gen(function*() {
    const { between, launch, note, pick, statusIs } = yield* Bench
    const reply = yield* pick(replies)
    const reaches = yield* pick([true, false])
    const { seen, socket } = yield* proxy({ on, reply, reaches, again: options.again })
    yield* note(
      `${args[0]}: ${on}, ${reaches ? "which is done, " : ""}${
        typeof reply === "string" ? reply : "error" in reply ? `status ${reply.error}` : ""
      }`
    )
    const program = yield* launch(args, { INCUS_SOCKET: socket })
    const signalled = options.impatient && hangs(reply)
    if (signalled) {
      // The user loses patience; the daemon has lost only this one request.
      yield* Effect.repeat(Effect.sync(() => seen.some((one) => one.endsWith("!"))), {
        until: (struck) => struck,
        schedule: Schedule.spaced("10 millis").pipe(Schedule.upTo("5 seconds"))
      })
      const delay = yield* between(100, 2000)
      yield* note(`SIGINT after ${delay} ms`)
      yield* Effect.delay(program.kill("SIGINT"), delay)
    }
    const ended = yield* program.ended
    yield* note(seen.join(", "))
    yield* statusIs(ended, 0, 1, ...(signalled ? [130] : []))
    return ended
  }))

const starting = (on: Named, what: string): Fault => ({
  name: `daemon-${on}`,
  what,
  run: Effect.gen(function*() {
    const { pick } = yield* Bench
    const args = yield* pick([shell, [...shell, "--persistent"], yield* resume])
    yield* saysWhatIsLeft(yield* disturbed(args, on, { again: false, impatient: true }))
  })
})

const ending = (command: string, on: Named, what: string): Fault => ({
  name: `daemon-${on}`,
  what,
  run: Effect.gen(function*() {
    const { container } = yield* anySession
    yield* disturbed([command, ...(command === "kill" ? ["--force"] : []), container], on, {
      again: false,
      impatient: true
    })
  })
})

/** The whole conversation stops at a moment that is drawn. */
const frozen = (impatient: boolean) =>
  Effect.scoped(Effect.gen(function*() {
    const { launch, note, pause, pick, statusIs } = yield* Bench
    const args = yield* pick([shell, [...shell, "--persistent"], yield* resume])
    const { freeze, seen, socket } = yield* proxy()
    const program = yield* launch(args, { INCUS_SOCKET: socket })
    yield* pause(0, 800)
    yield* freeze
    if (impatient) {
      for (let count = 0; count < 3; count++) yield* Effect.zipRight(pause(50, 700), program.kill("SIGINT"))
    }
    const ended = yield* program.ended
    yield* note(seen.join(", "))
    yield* statusIs(ended, 0, 1, ...(impatient ? [130] : []))
  }))

/** A daemon, or a way to it, that fails at a named request. Whatever it fails with is drawn. */
export const daemons: ReadonlyArray<Fault> = [
  starting("creation", "the request that makes the container of a start goes wrong"),
  starting("wait", "waiting for the container of a start goes wrong"),
  starting("exec", "the request that starts the tool goes wrong"),
  starting("stream", "the connection on which the tool is started goes wrong"),
  starting("look", "looking at containers goes wrong during a start"),
  ending("kill", "delete", "the request of kill that deletes the container goes wrong"),
  ending("shutdown", "state", "the request of shutdown that stops the container goes wrong"),
  {
    name: "daemon-freezes",
    what: "the daemon hangs from some moment of a start on, and the user gives up",
    run: frozen(true)
  },
  {
    name: "daemon-frozen",
    what: "the daemon hangs from some moment of a start on, and the user waits",
    slow: true,
    run: frozen(false)
  },
  {
    name: "daemon-fails-always",
    what: "a request of a start goes wrong each time, and the user waits",
    slow: true,
    run: Effect.gen(function*() {
      const { pick } = yield* Bench
      const on = yield* pick<Named>(["creation", "wait", "exec", "stream", "look", "delete", "state"])
      yield* disturbed(shell, on, { again: true, impatient: false })
    })
  }
]
