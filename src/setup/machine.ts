import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Subnet } from "../domain/ipv4.ts"
import { Host } from "../host/Host.ts"
import { capture } from "../host/programs.ts"
import { shellLine, shellWord } from "../host/shell.ts"
import { CommandFailed } from "./errors.ts"
import { Privileged, type RootCommand } from "./Privileged.ts"
import type { Action } from "./Step.ts"

/** What the steps ask the machine, and the two kinds of change that they make to it as root. */
export interface Machine {
  readonly user: string
  readonly uid: number
  readonly root: boolean
  /** The ids of the user's groups, the primary one first. */
  readonly groups: Effect.Effect<ReadonlyArray<number>>
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The text of a file; empty if there is none or it may not be read. */
  readonly read: (path: string) => Effect.Effect<string>
  readonly exists: (path: string) => Effect.Effect<boolean>
  readonly list: (path: string) => Effect.Effect<ReadonlyArray<string>>
  /** Where a program is, searched in the user's path and in root's. */
  readonly program: (name: string) => Effect.Effect<Option.Option<string>>
  /** True if systemd is PID 1, as sd_booted(3) finds out. */
  readonly systemd: Effect.Effect<boolean>
  /** The networks of this machine's own addresses. */
  readonly addresses: Effect.Effect<ReadonlyArray<Subnet>>
  /** What a command that needs no root prints. */
  readonly output: (argv: readonly [string, ...ReadonlyArray<string>]) => Effect.Effect<string, CommandFailed>
  readonly asRoot: (...argv: RootCommand["argv"]) => Action
  /** Replaces a file that belongs to root. */
  readonly write: (path: string, text: string) => Action
}

const systemPath = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/local/bin", "/usr/bin", "/bin"]

export const makeMachine: Effect.Effect<
  Machine,
  never,
  FileSystem.FileSystem | Host | Privileged
> = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const host = yield* Host
  const privileged = yield* Privileged

  const root = host.uid === 0
  const sudo = root ? "" : "sudo "
  const exists = (path: string) => fs.exists(path).pipe(Effect.orElseSucceed(() => false))

  const output: Machine["output"] = (argv) => {
    const failed = (status: number, said: string) =>
      new CommandFailed({ command: shellLine(argv), status, output: said })
    return capture({ argv, environment: { ...host.environment, LC_ALL: "C" } }).pipe(
      Effect.mapError((error) => failed(127, error.message)),
      Effect.flatMap(({ status, stderr, stdout }) =>
        status === 0 ? Effect.succeed(stdout) : failed(status, stderr)
      )
    )
  }

  /**
   * The account's groups, not those of this process: it may have logged in before it came into one, or run in
   * incus-admin by sg(1), which is not a group for files. Users without an account have only the process's.
   */
  const groups = output(["id", "-G", "--", host.user]).pipe(
    Effect.map((text) => text.trim().split(/\s+/).map(Number)),
    Effect.orElseSucceed(() => [host.gid, ...(process.getgroups?.() ?? [])])
  )

  return {
    user: host.user,
    uid: host.uid,
    root,
    groups,
    environment: host.environment,
    exists,
    output,
    read: (path) => fs.readFileString(path).pipe(Effect.orElseSucceed(() => "")),
    list: (path) => fs.readDirectory(path).pipe(Effect.orElseSucceed(() => [])),
    program: (name) =>
      Effect.findFirst(
        [...new Set([...(host.environment["PATH"] ?? "").split(":"), ...systemPath])]
          .filter((directory) => directory !== "")
          .map((directory) => `${directory}/${name}`),
        exists
      ),
    systemd: exists("/run/systemd/system"),
    addresses: host.networks,
    asRoot: (...argv) => ({ shown: `${sudo}${shellLine(argv)}`, run: privileged.run({ argv }) }),
    write: (path, text) => ({
      shown: `${sudo}tee ${shellWord(path)} >/dev/null <<'END'\n${text.trimEnd()}\nEND`,
      run: privileged.run({ argv: ["tee", path], input: text })
    })
  }
})
