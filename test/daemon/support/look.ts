import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Fs from "node:fs"
import { join } from "node:path"
import { parseMetadata } from "../../../src/domain/Metadata.ts"
import { IncusService } from "../../../src/incus/IncusService.ts"
import { eventually, Unexpected } from "./eventually.ts"
import { succeeds } from "./program.ts"
import { World } from "./World.ts"

/** Containers of this world: name → status. */
export const containers = Effect.gen(function*() {
  const { prefix } = yield* World
  const { instances } = yield* IncusService
  const all = yield* instances.list
  return Object.fromEntries(
    all.filter(({ name }) => name.startsWith(prefix)).map(({ name, status }) => [name, status])
  )
})

/** `Running`, `Stopped` or, where there is no such container, `Gone`. */
export const statusOf = (container: string) => Effect.map(containers, (all) => all[container] ?? "Gone")

export const untilStatus = (container: string, status: string) =>
  eventually(`${container} ${status}`, statusOf(container), (seen) => seen === status)

/** Runs a shell line in a container, as root, and gives what it printed. */
export const inside = (container: string, line: string, user = 0) =>
  Effect.gen(function*() {
    const { exec } = yield* IncusService
    const { status, stderr, stdout } = yield* exec.run(container, {
      command: ["bash", "-c", line],
      user,
      group: user,
      environment: { HOME: user === 0 ? "/root" : "/home/code" }
    })
    if (status !== 0) return yield* new Unexpected({ what: `${line}: status ${status}: ${stderr}` })
    return stdout
  })

/**
 * Shell lines by which root in a container takes the off-switch out of the hands of its init: after a reboot, or without
 * tmux, it goes on then.
 */
export const withoutOffSwitch = `
unit=/etc/systemd/system/clincus-session.service
until systemctl is-active -q clincus-session; do sleep 0.2; done
rm -f $unit; ln -s /dev/null $unit; systemctl daemon-reload; systemctl stop clincus-session
pkill -9 -f '[/]var/lib/clincus/watch'
`

/** The directory of a saved session. */
export const savedPath = (
  session: { readonly session: string; readonly tool: string },
  ...rest: Array<string>
) => Effect.map(World, ({ saved }) => join(saved, `sessions-${session.tool}`, session.session, ...rest))

export const metadata = (session: { readonly session: string; readonly tool: string }) =>
  savedPath(session, "metadata.json").pipe(
    Effect.map((file) => Option.getOrThrow(parseMetadata(Fs.readFileSync(file, "utf8"))))
  )

/** Every file below a directory with its text, links not followed. */
export const texts = (directory: string): ReadonlyArray<readonly [file: string, text: string]> =>
  Fs.readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => [file, Fs.readFileSync(file, "latin1")])

export const screen = (container: string, ...options: ReadonlyArray<string>) =>
  succeeds("tmux", "capture", container, ...options)

export const untilScreen = (container: string, text: string) =>
  eventually(`"${text}" on the screen of ${container}`, screen(container), (seen) => seen.includes(text))

/** Types a line into a session's tool. */
export const type = (container: string, line: string) => succeeds("tmux", "send", container, "--", line)
