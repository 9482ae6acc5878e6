import * as FileSystem from "@effect/platform/FileSystem"
import { describe, expect } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import type { Guest } from "../../src/guest/Guest.ts"
import { outcomeDirectory } from "../../src/guest/paths.ts"
import type { TmuxStart } from "../../src/guest/tmuxApi.ts"
import { TmuxService } from "../../src/guest/TmuxService.ts"
import { runVariable } from "../../src/guest/watch.ts"
import { IncusService } from "../../src/incus/IncusService.ts"
import type { IncusTransport } from "../../src/incus/IncusTransport.ts"
import { eventually } from "../daemon/support/eventually.ts"
import { Ground } from "./support/Ground.ts"
import { onGround } from "./support/onGround.ts"
import { change } from "./support/raw.ts"
import { running, statusOf } from "./support/spec.ts"
import { lineCommand } from "./support/tool.ts"

const run = "3f2b8c1e-5a6d-4f70-8e91-a2b3c4d5e6f7"

/** A container of a session that has not begun, with its outcome and a credential on the host. */
const prepared = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const saved = yield* Effect.flatMap(Ground, ({ directory }) => directory)
  const [outcome, state] = [`${saved}/outcome`, `${saved}/state`]
  yield* Effect.forEach([outcome, state], (directory) => fs.makeDirectory(directory))
  yield* fs.writeFileString(`${state}/credential`, "secret")
  const disk = (source: string, path: string) => ({ type: "disk", source, path, shift: "true" })
  const container = yield* running({
    ephemeral: true,
    config: { [`environment.${runVariable}`]: run },
    devices: {
      eth0: { type: "none" },
      outcome: disk(outcome, outcomeDirectory),
      state0: disk(state, "/root/state")
    }
  })
  const guest: Guest = { container, uid: 0, gid: 0, home: "/root", directory: "/root" }
  return { container, guest, outcome, state }
})

const textOf = (path: string) => Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(path))

const begin = (guest: Guest, changes: Partial<TmuxStart> = {}) =>
  Effect.flatMap(TmuxService, (tmux) =>
    tmux.start(guest, {
      run,
      user: "root",
      command: lineCommand,
      environment: { PATH: "/usr/bin:/bin", GREETING: "hello" },
      size: { columns: 90, rows: 20 },
      onExit: "end",
      remove: ["/root/state/credential"],
      moment: 0,
      deadline: undefined,
      prelude: "",
      ...changes
    }))

/** The same with the tool begun. */
const begun = Effect.gen(function*() {
  const session = yield* prepared
  yield* begin(session.guest)
  yield* untilScreen(session.guest, "ready")
  return session
})

const untilScreen = (guest: Guest, text: string) =>
  Effect.flatMap(
    TmuxService,
    (tmux) =>
      eventually(`"${text}" on the screen`, tmux.capture(guest, { ansi: false }), (screen) =>
        screen.includes(text))
  )

const untilGone = (container: string) =>
  eventually("its end", statusOf(container), (status) => status === "Gone")

/** A terminal that nobody sits at. */
const terminal = Effect.gen(function*() {
  const typed = yield* Queue.unbounded<Uint8Array>()
  const screen = yield* Ref.make("")
  return {
    io: {
      size: { columns: 100, rows: 30 },
      input: Stream.fromQueue(typed),
      resizes: Stream.empty,
      output: (chunk: Uint8Array) => Ref.update(screen, (text) => text + Buffer.from(chunk).toString("utf8"))
    },
    type: (text: string) => typed.offer(Buffer.from(text)),
    until: (text: string) => eventually(`"${text}"`, Ref.get(screen), (shown) => shown.includes(text))
  }
})

/** How a tool lives in a container, as far as sessions rely on it: the same of tmux in a real one and of the twin. */
export const tmuxContract = <E>(
  name: string,
  ground: Layer.Layer<FileSystem.FileSystem | Ground | IncusService | IncusTransport | TmuxService, E>
) =>
  onGround(ground, name, (it) => {
    describe("a tool", () => {
      it.scoped("has a screen that can be read, typed at, and asked about", () =>
        Effect.gen(function*() {
          const tmux = yield* TmuxService
          const { guest } = yield* begun
          expect(yield* tmux.status(guest)).toMatchObject({ clients: 0, windows: 1, columns: 90, rows: 20 })
          expect(yield* tmux.alive(guest)).toBe(true)
          yield* tmux.send(guest, { text: "one thing", keys: ["Enter"] })
          yield* untilScreen(guest, "said one thing")
          yield* tmux.send(guest, { text: "two", keys: [] })
          yield* tmux.send(guest, { keys: ["Space", "x", "Enter"] })
          yield* untilScreen(guest, "said two x")
          expect(
            (yield* tmux.capture(guest, { ansi: false, lines: 500 })).split("\n").filter((line) =>
              line !== ""
            )
          )
            .toContain("said one thing")
        }))

      it.scoped("that ends leaves its outcome, no credential, and no container", () =>
        Effect.gen(function*() {
          const tmux = yield* TmuxService
          const { container, guest, outcome, state } = yield* begun
          yield* tmux.send(guest, { text: "exit 3", keys: ["Enter"] })
          yield* untilGone(container)
          expect(yield* textOf(`${outcome}/status`)).toBe("3\n")
          expect(yield* textOf(`${outcome}/screen`)).toMatch(/^ready\n/m)
          expect(yield* Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readDirectory(state))).toEqual([])
        }))

      it.scoped("that ends at once is told, with its status, where it is watched", () =>
        Effect.gen(function*() {
          const [ends, lives] = [yield* prepared, yield* prepared]
          expect(yield* begin(ends.guest, { command: [...lineCommand.slice(0, -1), "exit 7"], moment: 5000 }))
            .toEqual(
              Option.some(7)
            )
          expect(yield* textOf(`${ends.outcome}/status`)).toBe("7\n")
          expect(yield* begin(lives.guest, { moment: 500 })).toEqual(Option.none())
          yield* untilGone(ends.container)
          expect(yield* statusOf(lives.container)).toBe("Running")
        }))

      it.scoped("is followed by a shell where that was asked for", () =>
        Effect.gen(function*() {
          const tmux = yield* TmuxService
          const { container, guest, outcome } = yield* prepared
          yield* begin(guest, { onExit: "shell" })
          yield* untilScreen(guest, "ready")
          yield* tmux.send(guest, { text: "exit 4", keys: ["Enter"] })
          yield* untilScreen(guest, "ended with status 4")
          expect(yield* statusOf(container)).toBe("Running")
          yield* tmux.send(guest, { text: "exit 0", keys: ["Enter"] })
          yield* untilGone(container)
          expect(yield* textOf(`${outcome}/status`)).toBe("4\n")
        }))

      it.scoped("is waited for until it rests, and until it writes again", () =>
        Effect.gen(function*() {
          const tmux = yield* TmuxService
          const { guest } = yield* begun
          const since = yield* tmux.untilRest(guest, 1)
          const active = yield* Effect.fork(tmux.untilActive(guest, since))
          yield* Effect.sleep("1500 millis")
          expect(Option.isNone(yield* Fiber.poll(active))).toBe(true)
          yield* tmux.send(guest, { text: "again", keys: ["Enter"] })
          yield* Fiber.join(active)
          expect(yield* tmux.untilRest(guest, 1)).toBeGreaterThan(since)
        }))

      it.scoped("that is not there is not found, nor where its container is off, frozen or gone", () =>
        Effect.gen(function*() {
          const tmux = yield* TmuxService
          const { instances } = yield* IncusService
          const { container, guest } = yield* prepared
          const { io } = yield* terminal
          const tags = Effect.all([
            Effect.flip(tmux.capture(guest, { ansi: false })),
            Effect.flip(tmux.send(guest, { keys: ["Enter"] })),
            Effect.flip(tmux.status(guest)),
            Effect.flip(tmux.untilRest(guest, 1))
          ]).pipe(Effect.map((failures) => new Set(failures.map(({ _tag }) => _tag))))
          expect(yield* tags).toEqual(new Set(["NoTmux"]))
          expect(yield* tmux.alive(guest)).toBe(false)
          expect(yield* tmux.attach(guest, "xterm", io)).toEqual({ _tag: "NoServer" })
          yield* change(container, "freeze")
          expect(yield* tags).toEqual(new Set(["IncusRequestError"]))
          expect(yield* Effect.flip(tmux.alive(guest))).toMatchObject({ _tag: "IncusRequestError" })
          yield* change(container, "unfreeze")
          yield* instances.stop(container, { force: true })
          expect(yield* tags).toEqual(new Set(["InstanceNotFound"]))
          expect(yield* Effect.flip(tmux.attach(guest, "xterm", io))).toMatchObject({
            _tag: "InstanceNotFound"
          })
        }))
    })

    describe("a terminal", () => {
      it.scoped("shows the tool, types at it, and is detached while the tool goes on", () =>
        Effect.gen(function*() {
          const tmux = yield* TmuxService
          const { guest } = yield* begun
          const { io, type, until } = yield* terminal
          const fiber = yield* Effect.fork(tmux.attach(guest, "xterm-256color", io))
          yield* until("ready")
          yield* eventually("the client", tmux.status(guest), ({ clients }) => clients === 1)
          yield* type("typed\r")
          yield* until("said typed")
          yield* type("\x02d")
          expect(yield* Fiber.join(fiber)).toEqual({ _tag: "Detached" })
          expect(yield* tmux.alive(guest)).toBe(true)
          yield* eventually("no client", tmux.status(guest), ({ clients }) => clients === 0)
        }))

      it.scoped("is told of the tool's end", () =>
        Effect.gen(function*() {
          const tmux = yield* TmuxService
          const { guest } = yield* begun
          const { io, type, until } = yield* terminal
          const fiber = yield* Effect.fork(tmux.attach(guest, "xterm-256color", io))
          yield* until("ready")
          yield* type("exit 0\r")
          expect(yield* Fiber.join(fiber)).toEqual({ _tag: "Ended" })
        }))

      it.scoped("is told of no end that nobody saw: its container was switched off", () =>
        Effect.gen(function*() {
          const tmux = yield* TmuxService
          const { instances } = yield* IncusService
          const { container, guest } = yield* begun
          const { io, until } = yield* terminal
          const fiber = yield* Effect.fork(Effect.flip(tmux.attach(guest, "xterm-256color", io)))
          yield* until("ready")
          yield* instances.stop(container, { force: true })
          expect(yield* Fiber.join(fiber)).toMatchObject({ _tag: "TmuxError" })
        }))
    })
  })
