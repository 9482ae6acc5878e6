import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import type { TerminalSize } from "../../incus/execApi.ts"
import type { Guest } from "../Guest.ts"
import type { TmuxStart } from "../tmuxApi.ts"

/** A terminal that is attached to a pane. */
export interface Client {
  readonly draw: (text: string) => Effect.Effect<void>
  /** Told why it is attached no longer. */
  readonly end: Deferred.Deferred<"Detached" | "Ended" | "Cut">
}

/** The window that a tool of the twin runs in. */
export interface Pane {
  readonly guest: Guest
  readonly start: TmuxStart
  readonly typed: Queue.Queue<string>
  readonly clients: Set<Client>
  size: TerminalSize
  /** All that was written, newlines included. */
  screen: string
  /** When it was last written to, ms since the epoch. */
  writtenAt: number
}

/**
 * What a tool of the twin has of the world.
 *
 * @see MemoryToolProgram
 */
export interface MemoryTool {
  readonly guest: Guest
  readonly command: ReadonlyArray<string>
  readonly environment: Readonly<Record<string, string>>
  /** What is typed and pasted, as it comes; the Enter key is `\r`, Ctrl-C `\x03`. */
  readonly typed: Stream.Stream<string>
  /** The same by lines, for tools that read no single keys. */
  readonly lines: Stream.Stream<string>
  /** Writes on the screen. */
  readonly write: (text: string) => Effect.Effect<void>
  /** Writes a file of the container, absolute. One that is on no disk of the host is nowhere. */
  readonly save: (path: string, text: string) => Effect.Effect<void>
}

/**
 * What stands for a tool: gets its terminal and ends with the exit status. It is interrupted with its container.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Testing from "clincus/testing"
 * import * as Effect from "effect/Effect"
 * import * as Option from "effect/Option"
 * import * as Stream from "effect/Stream"
 *
 * // Asks a question, writes the answer down in the workspace and ends.
 * const tool: Testing.MemoryToolProgram = ({ guest, lines, save, write }: Testing.MemoryTool) =>
 *   Effect.gen(function*() {
 *     yield* write("Which name? ")
 *     const name = yield* Stream.runHead(lines)
 *     yield* save(`${guest.directory}/name`, Option.getOrElse(name, () => ""))
 *     return 0
 *   })
 *
 * export const answer = Effect.gen(function*() {
 *   const sessions = yield* Clincus.Sessions
 *   const disk = yield* Testing.MemoryDisk
 *   const session = yield* sessions.start({ workspace: "/home/me/project" })
 *   yield* sessions.send(session, { text: "ada", keys: ["Enter"] })
 *   yield* sessions.wait(session)
 *   return Option.getOrThrow(yield* disk.read("/home/me/project/name"))
 * }).pipe(
 *   Effect.scoped,
 *   Effect.provide(Testing.memorySessions({ tool, files: { "/home/me/project/a": "" } })),
 *   Effect.provide(Testing.hurriedClock)
 * )
 * // => "ada"
 */
export type MemoryToolProgram = (tool: MemoryTool) => Effect.Effect<number>

/**
 * Says "ready", answers each line with "said" and the line, and ends with N at `exit N`.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Testing from "clincus/testing"
 * import * as Effect from "effect/Effect"
 *
 * export const screen = Effect.gen(function*() {
 *   const sessions = yield* Clincus.Sessions
 *   const session = yield* sessions.start({ workspace: "/home/me/project" })
 *   yield* sessions.send(session, { text: "hello", keys: ["Enter"] })
 *   yield* Effect.sleep("1 second")
 *   return (yield* sessions.capture(session)).trim().split("\n")
 * }).pipe(
 *   Effect.scoped,
 *   Effect.provide(Testing.memorySessions({ tool: Testing.lineTool, files: { "/home/me/project/a": "" } })),
 *   Effect.provide(Testing.hurriedClock)
 * )
 * // => ["ready", "said hello"]
 */
export const lineTool: MemoryToolProgram = ({ lines, write }) =>
  Effect.gen(function*() {
    yield* write("ready\n")
    const last = yield* lines.pipe(
      Stream.tap((line) => line.startsWith("exit") ? Effect.void : write(`said ${line}\n`)),
      Stream.takeUntil((line) => line.startsWith("exit")),
      Stream.runLast
    )
    return last._tag === "Some" ? Number(last.value.slice("exit".length)) : 0
  })

/** tmux's names of keys that are not themselves. */
const keys: Readonly<Record<string, string>> = {
  Enter: "\r",
  Tab: "\t",
  Space: " ",
  Escape: "\x1b",
  BSpace: "\x7f"
}

/** What a key types, by tmux's name of it. */
export const keyOf = (name: string): string => {
  const control = /^C-([a-z])$/.exec(name)?.[1]
  return keys[name] ?? (control === undefined ? name : String.fromCharCode(control.charCodeAt(0) - 96))
}

export const makePane = (guest: Guest, start: TmuxStart): Effect.Effect<Pane> =>
  Effect.gen(function*() {
    return {
      guest,
      start,
      typed: yield* Queue.unbounded<string>(),
      clients: new Set<Client>(),
      size: start.size,
      screen: "",
      writtenAt: yield* Clock.currentTimeMillis
    }
  })

export const writeTo = (pane: Pane, text: string): Effect.Effect<void> =>
  Effect.gen(function*() {
    pane.screen += text
    pane.writtenAt = yield* Clock.currentTimeMillis
    yield* Effect.forEach([...pane.clients], ({ draw }) => draw(text.replaceAll("\n", "\r\n")), {
      discard: true
    })
  })

export const toolOf = (pane: Pane, save: MemoryTool["save"]): MemoryTool => {
  const typed = Stream.fromQueue(pane.typed)
  return {
    guest: pane.guest,
    command: pane.start.command,
    environment: pane.start.environment,
    typed,
    lines: typed.pipe(Stream.map((text) => text.replaceAll("\r", "\n")), Stream.splitLines),
    write: (text) => writeTo(pane, text),
    save
  }
}

/** The last lines of the screen, without empty ones at its end. */
export const linesOf = ({ screen }: Pane, most: number): string => {
  const rows = screen.replace(/\n+$/, "").split("\n")
  return `${rows.slice(-most).join("\n")}\n`
}
