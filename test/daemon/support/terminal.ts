import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import { randomBytes } from "node:crypto"
import { join } from "node:path"
import { eventually } from "./eventually.ts"
import { program } from "./program.ts"
import { World } from "./World.ts"

export interface Window {
  readonly columns?: number
  readonly rows?: number
  readonly environment?: Readonly<Record<string, string>>
  readonly directory?: string
}

const quote = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`

/**
 * A terminal of its own (a window of a tmux server that nobody else uses) with a shell in it, in which `clincus` is the
 * built program and the prompt `host$ `. Everything in it ends with the scope.
 */
export const openTerminal = (
  { columns = 80, directory, environment = {}, rows = 24 }: Window = {}
) =>
  Effect.gen(function*() {
    const world = yield* World
    // A server that is killed leaves its socket: this one goes with the world.
    const socket = join(world.root, `tmux-${randomBytes(4).toString("hex")}`)
    const variables = { ...world.environment, PS1: "host$ ", HISTFILE: "", ...environment }
    const tmux = (...args: ReadonlyArray<string>) => {
      const { status, stderr, stdout } = spawnSync("tmux", ["-u", "-S", socket, "-f", "/dev/null", ...args], {
        encoding: "utf8",
        env: variables
      })
      return { status, stdout, stderr }
    }
    const shell = `clincus() { ${quote(process.execPath)} -- ${quote(program)} "$@"; }; export TERM=${
      environment["TERM"] ?? "screen-256color"
    }`
    yield* Effect.acquireRelease(
      Effect.sync(() => {
        const { status, stderr } = tmux(
          "new-session",
          "-d",
          "-s",
          "host",
          "-x",
          String(columns),
          "-y",
          String(rows),
          "-c",
          directory ?? world.root,
          "bash",
          "--norc",
          "--noprofile"
        )
        if (status !== 0) throw new Error(`tmux: ${stderr}`)
        tmux("set-option", "-g", "status", "off")
        tmux("set-option", "-s", "set-clipboard", "on")
        tmux("resize-window", "-t", "host", "-x", String(columns), "-y", String(rows))
      }),
      () => Effect.sync(() => tmux("kill-server"))
    )
    const keys = (...names: ReadonlyArray<string>) =>
      Effect.sync(() => void tmux("send-keys", "-t", "host", ...names))
    const write = (text: string) => Effect.sync(() => void tmux("send-keys", "-t", "host", "-l", "--", text))
    const screen = Effect.sync(() => tmux("capture-pane", "-p", "-t", "host").stdout.trimEnd())
    const line = (text: string) => Effect.zipRight(write(text), keys("Enter"))
    const until = (what: string, wanted: (screen: string) => boolean) => eventually(what, screen, wanted)
    const shows = (text: string) => until(`"${text}" on the screen`, (seen) => seen.includes(text))
    yield* shows("host$")
    const clear = line("printf '\\033[2J\\033[H'").pipe(
      Effect.zipRight(until("a clear screen", (seen) => seen === "host$"))
    )
    yield* line(shell)
    yield* clear
    return {
      keys,
      write,
      line,
      screen,
      shows,
      until,
      /** Waits for `clincus …; echo status=$?` to have printed its status, and gives that. */
      status: until("an exit status", (seen) => /status=\d+$/m.test(seen)).pipe(
        Effect.map((seen) => Number(/status=(\d+)$/m.exec(seen)?.[1]))
      ),
      clear,
      resize: (columns: number, rows: number) =>
        Effect.sync(() =>
          void tmux("resize-window", "-t", "host", "-x", String(columns), "-y", String(rows))
        ),
      /** Modes of the terminal that a program may have left behind; all 0 but the cursor in a shell. */
      modes: Effect.sync(() =>
        tmux(
          "display-message",
          "-p",
          "-t",
          "host",
          "alternate=#{alternate_on} cursor=#{cursor_flag} mouse=#{mouse_any_flag} keypad=#{keypad_cursor_flag}"
        ).stdout.trim()
      ),
      /** Writes what programs write to the terminal from now on to a file, byte for byte. */
      record: (file: string) =>
        Effect.sync(() => void tmux("pipe-pane", "-O", "-t", "host", `cat > ${quote(file)}`)),
      /** What the terminal has in its clipboard; empty if nothing was put there. */
      clipboard: Effect.sync(() => tmux("show-buffer").stdout),
      /** The window is closed, as by its button. */
      close: Effect.sync(() => void tmux("kill-session", "-t", "host")),
      /** Id of the clincus process that runs in it. */
      pid: Effect.sync(() => {
        const shell = tmux("display-message", "-p", "-t", "host", "#{pane_pid}").stdout.trim()
        const children = spawnSync("pgrep", ["-P", shell], { encoding: "utf8" }).stdout.trim().split("\n")
        return Number(children[0])
      })
    }
  })
