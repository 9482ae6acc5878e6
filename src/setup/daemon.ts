import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { shellLine } from "../host/shell.ts"
import type { IncusFailure } from "../incus/errors.ts"
import type { Machine } from "./machine.ts"
import { daemonProgram } from "./packages.ts"
import type { IncusServer } from "./server.ts"
import { type Action, done, manual, needed, type Step } from "./Step.ts"

const standardSocket = "/var/lib/incus/unix.socket"
const group = "incus-admin"

/** True for the command line of the daemon itself, as /proc has it; its helpers have the name of a task behind the program. */
export const isDaemon = (commandLine: string): boolean => {
  const [program, first] = commandLine.split("\0")
  return /(^|\/)incusd$/.test(program ?? "") && (first === undefined || first === "" || first.startsWith("-"))
}

/** A daemon process runs, whether it answers yet or not. */
const running = (machine: Machine) =>
  machine.list("/proc").pipe(
    Effect.flatMap((entries) =>
      Effect.exists(
        entries.filter((entry) => /^\d+$/.test(entry)),
        (pid) => Effect.map(machine.read(`/proc/${pid}/cmdline`), isDaemon)
      )
    )
  )

const bySystemd = (machine: Machine): ReadonlyArray<Action> => [
  machine.asRoot("systemctl", "enable", "--now", "incus.socket", "incus.service")
]

/**
 * Started by hand, in a session of its own and away from this terminal. A stale socket of a killed daemon does not
 * disturb it; beside a daemon that runs already it gives up by itself, but a daemon that is on its way is only waited for.
 */
const byHand = (machine: Machine, program: string, directory: string | undefined, alive: boolean) => {
  const setting = directory === undefined ? [] : [`INCUS_DIR=${directory}`]
  const log = directory === undefined ? "/var/log/incus/incusd.log" : `${directory}/incusd.log`
  const environment = setting.length === 0 ? [] : ["env", ...setting]
  const start = shellLine([...environment, "setsid", "-f", program, "--group", group, "--logfile", log])
  return [
    ...(alive ? [] : [
      machine.asRoot("mkdir", "-p", log.slice(0, log.lastIndexOf("/"))),
      machine.asRoot("sh", "-c", `cd / && ${start} </dev/null >/dev/null 2>&1`)
    ]),
    directory === undefined
      ? machine.asRoot(program, "waitready", "--timeout=60")
      : machine.asRoot("env", ...setting, program, "waitready", "--timeout=60")
  ]
}

/** The daemon runs and answers on its socket. */
export const daemonStep = (machine: Machine, server: IncusServer): Step => ({
  name: "daemon",
  title: "Incus daemon",
  check: Effect.gen(function*() {
    const reach = yield* server.reach
    if (reach._tag === "Answers") return done(`version ${reach.version} answers on ${server.socket}`)

    const own = machine.environment["INCUS_DIR"]
    const directory = own !== undefined && own !== "" && `${own}/unix.socket` === server.socket
      ? own
      : undefined
    if (server.socket !== standardSocket && directory === undefined) {
      return reach._tag === "Denied"
        ? done(`there is a socket at ${server.socket}`)
        : manual(`no daemon answers on ${server.socket}, and set-up only starts the machine's own`, [
          `# start the daemon that owns ${server.socket}`
        ])
    }

    const alive = yield* running(machine)
    // A user who may not use the socket cannot ask; the process is the next best thing.
    if (reach._tag === "Denied" && alive) return done("runs")
    if (directory === undefined && (yield* machine.systemd)) {
      return reach._tag === "Denied" && (yield* socketActive(machine))
        ? done("is started by its socket")
        : needed("Incus does not answer on its socket", bySystemd(machine))
    }
    // A daemon with a directory of its own is not told from others by its command line.
    const starting = alive && directory === undefined
    const program = Option.getOrElse(yield* daemonProgram(machine), () => "/usr/libexec/incus/incusd")
    return needed(
      starting ? "Incus is starting" : "Incus is not running, and no systemd starts it here",
      byHand(machine, program, directory, starting)
    )
  })
})

const socketActive = (machine: Machine): Effect.Effect<boolean, IncusFailure> =>
  machine.output(["systemctl", "is-active", "incus.socket"]).pipe(Effect.isSuccess)
