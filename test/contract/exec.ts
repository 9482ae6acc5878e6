import { describe, expect } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import type { TerminalSize } from "../../src/incus/execApi.ts"
import { IncusService } from "../../src/incus/IncusService.ts"
import { IncusTransport } from "../../src/incus/IncusTransport.ts"
import { eventually } from "../daemon/support/eventually.ts"
import { commands } from "./support/commands.ts"
import { Ground } from "./support/Ground.ts"
import { onGround } from "./support/onGround.ts"
import { change, raw } from "./support/raw.ts"
import { running, stopped } from "./support/spec.ts"

/** A terminal whose two ends a test has in its hands. */
const terminal = Effect.gen(function*() {
  const typed = yield* Queue.unbounded<Uint8Array>()
  const resizes = yield* Queue.unbounded<TerminalSize>()
  const screen = yield* Ref.make("")
  const io = {
    size: { columns: 100, rows: 30 },
    input: Stream.fromQueue(typed),
    resizes: Stream.fromQueue(resizes),
    output: (chunk: Uint8Array) => Ref.update(screen, (text) => text + Buffer.from(chunk).toString("utf8"))
  }
  return {
    io,
    screen: Ref.get(screen),
    type: (text: string) => typed.offer(Buffer.from(text)),
    resize: (size: TerminalSize) => resizes.offer(size),
    until: (text: string) =>
      eventually(`"${text}" on the screen`, Ref.get(screen), (shown) => shown.includes(text))
  }
})

/** How many commands that only end by being killed run in a container. */
const idlers = (container: string) =>
  Effect.map(
    Effect.flatMap(IncusService, ({ exec }) => exec.run(container, { command: commands.idlers.line })),
    ({ stdout }) => Number(stdout)
  )

const untilNoneIdles = (container: string) =>
  eventually("the end of the command", idlers(container), (count) => count === 0)

/** How an Incus runs commands, and the protocol with them. */
export const execContract = <E>(
  name: string,
  ground: Layer.Layer<Ground | IncusService | IncusTransport, E>
) =>
  onGround(ground, name, (it) => {
    describe("a command", () => {
      it.scoped("gets its input up to its end, and both outputs and the status come back", () =>
        Effect.gen(function*() {
          const { exec } = yield* IncusService
          const container = yield* running()
          expect(yield* exec.run(container, { command: commands.both.line })).toEqual({
            status: 3,
            stdout: "out\n",
            stderr: "err\n"
          })
          expect(yield* exec.run(container, { command: commands.cat.line, input: "two\nlines" })).toEqual({
            status: 0,
            stdout: "two\nlines",
            stderr: ""
          })
          // Without any it reads end-of-file.
          expect(yield* exec.run(container, { command: commands.cat.line })).toMatchObject({
            status: 0,
            stdout: ""
          })
          const long = new Uint8Array(1_000_000)
          expect((yield* exec.run(container, { command: commands.length.line, input: long })).stdout.trim())
            .toBe(
              "1000000"
            )
          const told: Array<number> = []
          const flood = yield* exec.run(container, {
            command: commands.flood.line,
            onOutput: (chunk) => Effect.sync(() => void told.push(chunk.length))
          })
          expect(flood.stdout).toHaveLength(3_000_000)
          expect(told.reduce((sum, one) => sum + one, 0)).toBe(3_000_000)
        }))

      it.scoped("runs as whom, where and with what is asked for", () =>
        Effect.gen(function*() {
          const { exec } = yield* IncusService
          const container = yield* running()
          expect(
            yield* exec.run(container, {
              command: commands.whoami.line,
              user: 1000,
              group: 1000,
              directory: "/tmp",
              environment: { NAME: "a b" }
            })
          ).toMatchObject({ status: 0, stdout: "a b,/tmp,1000,1000" })
        }))

      it.scoped("that is not there has 127, that cannot be run 126, as a shell's own have", () =>
        Effect.gen(function*() {
          const { exec } = yield* IncusService
          const container = yield* running()
          const statuses = yield* Effect.forEach(
            [commands.missing, commands.directory, commands.shell127],
            ({ line }) => exec.run(container, { command: line })
          )
          expect(statuses.map(({ status }) => status)).toEqual([127, 126, 127])
        }))

      it.scoped("runs where its container does", () =>
        Effect.gen(function*() {
          const { exec } = yield* IncusService
          const [off, frozen] = [yield* stopped(), yield* running()]
          yield* change(frozen, "freeze")
          for (const [container, reason] of [[off, /not running/], [frozen, /frozen/]] as const) {
            expect(yield* Effect.flip(exec.run(container, { command: commands.cat.line }))).toMatchObject({
              _tag: "IncusRequestError",
              reason: expect.stringMatching(reason)
            })
          }
          yield* change(frozen, "unfreeze")
        }))

      it.scoped("is killed with its container, and when its client goes", () =>
        Effect.gen(function*() {
          const { exec, instances } = yield* IncusService
          const container = yield* running()
          const begun = yield* Queue.unbounded<void>()
          const idle = exec.run(container, {
            command: commands.idle.line,
            onOutput: () => Effect.asVoid(begun.offer(undefined))
          })
          const first = yield* Effect.fork(idle)
          yield* begun.take
          expect(yield* idlers(container)).toBe(1)
          yield* Fiber.interrupt(first)
          yield* untilNoneIdles(container)
          const second = yield* Effect.fork(idle)
          yield* begun.take
          yield* instances.stop(container, { force: true })
          expect(yield* Fiber.join(second)).toMatchObject({ status: 137, stdout: "begun\n" })
        }))

      it.scoped("whose streams are not opened does not run", () =>
        Effect.gen(function*() {
          const client = yield* raw
          const container = yield* running()
          const request = {
            method: "POST" as const,
            path: client.path(["instances", container, "exec"]),
            json: {
              command: commands.both.line,
              environment: {},
              "wait-for-websocket": true,
              interactive: false
            }
          }
          const operation = yield* client.start(request)
          expect(yield* Effect.flip(client.wait(operation, request))).toMatchObject({
            reason: expect.stringMatching(/websockets/)
          })
        }))

      it.scoped("has streams for whoever knows the secret, while it runs", () =>
        Effect.gen(function*() {
          const client = yield* raw
          const transport = yield* IncusTransport
          const container = yield* running()
          const request = {
            method: "POST" as const,
            path: client.path(["instances", container, "exec"]),
            json: {
              command: commands.both.line,
              environment: {},
              "wait-for-websocket": true,
              interactive: false
            }
          }
          const operation = yield* client.start(request)
          const open = (id: string, secret: string) =>
            Effect.flip(
              Effect.scoped(transport.webSocket(client.path(["operations", id, "websocket"], { secret })))
            )
          expect(yield* open(operation.id, "wrong")).toMatchObject({ _tag: "IncusRequestError", status: 403 })
          expect(yield* open("00000000-0000-4000-8000-000000000000", "wrong")).toMatchObject({ status: 404 })
          yield* Effect.ignore(client.wait(operation, request))
          expect(yield* open(operation.id, "wrong")).toMatchObject({ status: 500 })
        }))
    })

    describe("a terminal", () => {
      it.scoped("has a size, which follows, and ends with its command's status", () =>
        Effect.gen(function*() {
          const { exec } = yield* IncusService
          const container = yield* running()
          const { io, resize, screen, type, until } = yield* terminal
          const fiber = yield* Effect.fork(exec.terminal(container, { command: commands.terminal.line }, io))
          yield* until("30 100")
          yield* until("ready")
          yield* resize({ columns: 111, rows: 33 })
          yield* until("33 111")
          yield* type("hello\n")
          yield* until("got hello")
          yield* type("end\n")
          expect(yield* Fiber.join(fiber)).toBe(5)
          expect(yield* screen).toContain("got end")
        }))

      it.scoped("kills its command where it is given up", () =>
        Effect.gen(function*() {
          const { exec } = yield* IncusService
          const container = yield* running()
          const { io, until } = yield* terminal
          const fiber = yield* Effect.fork(exec.terminal(container, { command: commands.idle.line }, io))
          yield* until("begun")
          yield* Fiber.interrupt(fiber)
          yield* untilNoneIdles(container)
        }))

      it.scoped("ends with its container", () =>
        Effect.gen(function*() {
          const { exec, instances } = yield* IncusService
          const container = yield* running()
          const { io, until } = yield* terminal
          const fiber = yield* Effect.fork(exec.terminal(container, { command: commands.idle.line }, io))
          yield* until("begun")
          yield* instances.stop(container, { force: true })
          expect(yield* Fiber.join(fiber)).toBe(137)
        }))

      it.scoped("says of a command that cannot be run what a shell says", () =>
        Effect.gen(function*() {
          const { exec } = yield* IncusService
          const container = yield* running()
          const { io } = yield* terminal
          expect(yield* exec.terminal(container, { command: commands.missing.line }, io)).toBe(127)
          expect(yield* exec.terminal(container, { command: commands.directory.line }, io)).toBe(126)
        }))
    })

    it.scoped("a file that was written is read, whether its container runs or not, and another is missing", () =>
      Effect.gen(function*() {
        const { files, instances } = yield* IncusService
        const container = yield* running()
        yield* files.write(container, "/root/note", "text", { uid: 0, gid: 0, mode: 0o640 })
        expect(Buffer.from(yield* files.read(container, "/root/note")).toString()).toBe("text")
        yield* files.write(container, "/root/note", "other", { uid: 0, gid: 0, mode: 0o640 })
        yield* instances.stop(container, { force: true })
        expect(Buffer.from(yield* files.read(container, "/root/note")).toString()).toBe("other")
        expect(yield* Effect.flip(files.read(container, "/root/none"))).toMatchObject({
          _tag: "InstanceNotFound"
        })
      }))
  })
