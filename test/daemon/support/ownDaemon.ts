import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { execFileSync } from "node:child_process"
import * as Fs from "node:fs"
import { join } from "node:path"
import { World } from "./World.ts"

/** Runs the daemon's own client and gives what it printed. */
export const incus = (environment: Readonly<Record<string, string>>, ...args: ReadonlyArray<string>) =>
  Effect.sync(() =>
    execFileSync("incus", args, { env: { ...process.env, ...environment }, encoding: "utf8" })
  )

/** The same where it does not matter whether it works: in a clean-up. */
const attempt = (
  environment: Readonly<Record<string, string>>,
  program: string,
  ...args: ReadonlyArray<string>
) =>
  Effect.ignore(
    Effect.try(() =>
      execFileSync(program, args, {
        env: { ...process.env, ...environment },
        stdio: "ignore",
        timeout: 20_000
      })
    )
  )

/** An Incus project with profiles of its own; gone with the scope. */
export const ownProject = Effect.gen(function*() {
  const { prefix } = yield* World
  const name = `${prefix}setup`
  return yield* Effect.acquireRelease(
    Effect.as(
      incus({}, "project", "create", name, "-c", "features.profiles=true", "-c", "features.images=false"),
      name
    ),
    () =>
      Effect.zipRight(
        attempt({}, "incus", "profile", "delete", "clincus", "--project", name),
        attempt({}, "incus", "project", "delete", name)
      )
  )
})

const read = (path: string): string => {
  try {
    return Fs.readFileSync(path, "utf8")
  } catch {
    return ""
  }
}

/**
 * A place for a daemon beside the machine's, in a directory of its own, that set-up may start. Whatever was made with it
 * is gone with the scope: pool, bridge, process, mounts.
 */
export const ownDaemon = Effect.gen(function*() {
  const { root } = yield* World
  const directory = join(root, "incus")
  const environment = { INCUS_DIR: directory, INCUS_SOCKET: join(directory, "unix.socket") }

  const pids = Effect.sync(() =>
    Fs.readdirSync("/proc").filter((entry) =>
      /^\d+$/.test(entry) && read(`/proc/${entry}/cmdline`).includes(`--logfile\0${directory}/`)
    ).map(Number)
  )
  const bridges = incus(environment, "network", "list", "--format", "csv", "--columns", "nm").pipe(
    Effect.map((text) => text.split("\n").flatMap((line) => line.endsWith(",YES") ? [line.slice(0, -4)] : []))
  )
  /** As a power cut would. */
  const kill = Effect.flatMap(
    pids,
    (found) => Effect.sync(() => found.forEach((pid) => process.kill(pid, "SIGKILL")))
  ).pipe(
    Effect.zipRight(Effect.sleep("300 millis"))
  )

  yield* Effect.addFinalizer(() =>
    Effect.gen(function*() {
      yield* attempt(environment, "incus", "profile", "delete", "clincus")
      yield* attempt(environment, "incus", "storage", "delete", "default")
      const names = yield* Effect.catchAllCause(bridges, () => Effect.succeed([]))
      // Incus fails to delete a bridge while interfaces of other containers come and go.
      yield* Effect.forEach(names, (name) =>
        incus(environment, "network", "delete", name).pipe(
          Effect.sandbox,
          Effect.retry(Schedule.spaced("200 millis").pipe(Schedule.intersect(Schedule.recurs(20)))),
          Effect.ignore
        ))
      yield* kill
      const mounts = read("/proc/self/mounts").split("\n").map((line) => line.split(" ")[1] ?? "")
        .filter((mount) => mount.startsWith(`${directory}/`))
      yield* Effect.forEach(mounts.toReversed(), (mount) => attempt({}, "umount", "-l", mount))
    })
  )
  return { environment, bridges, kill }
})
