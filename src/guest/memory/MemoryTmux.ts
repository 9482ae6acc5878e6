import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { posix as Path } from "node:path"
import * as State from "../../host/stateFiles.ts"
import { OperationLost } from "../../incus/errors.ts"
import { IncusService } from "../../incus/IncusService.ts"
import { MemoryIncus } from "../../incus/memory/MemoryIncus.ts"
import type { Instance } from "../../incus/schemas.ts"
import { NoTmux, TmuxError } from "../errors.ts"
import type { Guest } from "../Guest.ts"
import { outcomeDirectory } from "../paths.ts"
import type { Attached } from "../tmuxApi.ts"
import { TmuxService } from "../TmuxService.ts"
import {
  type Client,
  keyOf,
  linesOf,
  lineTool,
  makePane,
  type MemoryToolProgram,
  type Pane,
  toolOf,
  writeTo
} from "./pane.ts"

/**
 * What the twin of tmux is given.
 *
 * @see memoryTmux
 */
export interface MemoryTmuxOptions {
  /** Runs in the place of every tool; one that repeats lines unless given. */
  readonly tool?: MemoryToolProgram
}

/** Where a path of a container is on the host, by the disk that it is on. */
const onHost = ({ devices }: Instance, path: string) =>
  Object.values(devices).flatMap(({ path: mounted, source, type }) =>
    type === "disk" && source !== undefined && mounted !== undefined && path.startsWith(`${mounted}/`)
      ? [{ root: source, path: path.slice(mounted.length + 1) }]
      : []
  )[0]

/** The keys that detach a terminal. */
const detach = "\x02d"

/**
 * A tmux in memory, for the containers of a `MemoryIncus`: a tool is a function, what it leaves when it ends is on the
 * mounted disks as the real pane leaves it, and its container goes off then. A twin of the service and not of the commands
 * that the service runs: those are text for bash and tmux, and whatever understood that text here would be a second bash,
 * held to nothing. Both services are held to one contract instead. Each of these asks Incus for a command first, as the
 * real one does, so that it fails if that service would; what lasts, such as an attached terminal, fails when the daemon
 * restarts.
 *
 * @example
 * import * as Testing from "clincus/testing"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * export const twins = Testing.memoryTmux({ tool: ({ write }) => Effect.as(write("done\n"), 0) }).pipe(
 *   Layer.provideMerge(Testing.memoryIncus())
 * )
 */
export const memoryTmux = (
  { tool = lineTool }: MemoryTmuxOptions = {}
): Layer.Layer<TmuxService, never, IncusService | MemoryIncus> =>
  Layer.effect(
    TmuxService,
    Effect.gen(function*() {
      const incus = yield* IncusService
      const memory = yield* MemoryIncus
      const panes = new Map<string, Pane>()

      /** The way into the container. */
      const enter = (guest: Guest) =>
        Effect.asVoid(
          incus.exec.run(guest.container, { command: ["tmux"], user: guest.uid, group: guest.gid })
        )

      /** What lasts hangs on a command of the daemon, and fails as that does when the daemon restarts. */
      const onCommand = (guest: Guest) => <A, E, R>(lasting: Effect.Effect<A, E, R>) =>
        Effect.raceFirst(
          lasting,
          Effect.zipRight(
            memory.restarted,
            new OperationLost({
              operation: "tmux",
              method: "POST",
              path: `/1.0/instances/${guest.container}/exec`
            })
          )
        )

      const paneOf = (guest: Guest) =>
        Effect.flatMap(enter(guest), () => {
          const pane = panes.get(guest.container)
          return pane === undefined
            ? new NoTmux({ container: guest.container })
            : Effect.succeed(pane)
        })

      const letGo = (pane: Pane, why: "Ended" | "Cut") =>
        Effect.suspend(() => {
          if (panes.get(pane.guest.container) === pane) panes.delete(pane.guest.container)
          return Effect.forEach([...pane.clients], ({ end }) => Deferred.succeed(end, why), { discard: true })
        })

      /** Does something to a file of the container that is on a disk of the host. */
      const at = (
        instance: Option.Option<Instance>,
        path: string,
        use: (root: string, path: string) => Effect.Effect<void, State.StateError>
      ) => {
        const place = Option.flatMapNullable(instance, (one) => onHost(one, path))
        return Option.match(place, {
          onNone: () => Effect.void,
          onSome: (found) =>
            Effect.orDie(use(Path.dirname(found.root), `${Path.basename(found.root)}/${found.path}`))
        })
      }

      /** Writes a file of the container, as the user in it. */
      const save = ({ guest }: Pane) => (path: string, text: string) =>
        Effect.flatMap(memory.look(guest.container, incus.project), (instance) =>
          at(instance, path, (root, below) =>
            State.write(root, below, text, { uid: guest.uid, gid: guest.gid })))

      const leave = (pane: Pane, status: number) =>
        Effect.zipRight(
          save(pane)(`${outcomeDirectory}/screen`, linesOf(pane, 200)),
          save(pane)(`${outcomeDirectory}/status`, `${status}\n`)
        )

      /** The pane's life, from the tool's beginning to the container's end. */
      const live = (pane: Pane, ended: Deferred.Deferred<number>) =>
        Effect.gen(function*() {
          const { guest, start } = pane
          const status = yield* tool(toolOf(pane, save(pane)))
          if (start.onExit === "shell") {
            yield* Deferred.succeed(ended, status)
            yield* writeTo(pane, `\nThe tool has ended with status ${status}.\n`)
            yield* lineTool(toolOf(pane, save(pane)))
          }
          yield* leave(pane, status)
          yield* Deferred.succeed(ended, status)
          yield* letGo(pane, "Ended")
          const instance = yield* memory.look(guest.container, incus.project)
          yield* Effect.forEach(start.remove, (path) =>
            at(instance, path, State.remove))
          yield* Effect.ignore(memory.powerOff(guest.container, incus.project))
        }).pipe(Effect.ensuring(letGo(pane, "Cut")))

      return {
        start: (guest, start) =>
          Effect.gen(function*() {
            yield* enter(guest)
            const pane = yield* makePane(guest, start)
            const ended = yield* Deferred.make<number>()
            panes.set(guest.container, pane)
            yield* memory.inhabit(guest.container, live(pane, ended), incus.project)
            if (start.moment === 0) {
              return Option.none()
            }
            return yield* Effect.timeoutOption(Deferred.await(ended), start.moment)
          }),

        attach: (guest, _terminal, io) =>
          Effect.gen(function*() {
            yield* enter(guest)
            const pane = panes.get(guest.container)
            if (pane === undefined) {
              return { _tag: "NoServer" } satisfies Attached
            }
            const client: Client = {
              draw: (text) =>
                io.output(Buffer.from(text)),
              end: yield* Deferred.make<"Detached" | "Ended" | "Cut">()
            }
            pane.clients.add(client)
            pane.size = io.size
            yield* Effect.addFinalizer(() => Effect.sync(() => pane.clients.delete(client)))
            yield* client.draw(pane.screen.replaceAll("\n", "\r\n"))
            let held = ""
            yield* io.input.pipe(
              Stream.decodeText(),
              Stream.runForEach((text) => {
                const all = held + text
                const [before = "", ...rest] = all.split(detach)
                held = rest.length === 0 && all.endsWith("\x02") ? "\x02" : ""
                const typed = before.slice(0, before.length - held.length)
                return Effect.zipRight(
                  typed === "" ? Effect.void : pane.typed.offer(typed),
                  rest.length === 0 ? Effect.void : Deferred.succeed(client.end, "Detached")
                )
              }),
              Effect.forkScoped
            )
            yield* io.resizes.pipe(
              Stream.runForEach((size) =>
                Effect.sync(() => {
                  pane.size = size
                })
              ),
              Effect.forkScoped
            )
            const why = yield* Deferred.await(client.end)
            if (why !== "Cut") return { _tag: why } satisfies Attached
            return yield* new TmuxError({
              container: guest.container,
              action: "attach the terminal",
              reason: "the way to tmux was cut off"
            })
          }).pipe(Effect.scoped, onCommand(guest)),

        shell: (guest, _terminal, io) =>
          Effect.gen(function*() {
            yield* enter(guest)
            const lines = io.input.pipe(
              Stream.decodeText(),
              Stream.map((text) => text.replaceAll("\r", "\n")),
              Stream.splitLines
            )
            return yield* lineTool({
              guest,
              command: ["bash", "-l"],
              environment: {},
              typed: Stream.empty,
              lines,
              write: (text) => io.output(Buffer.from(text.replaceAll("\n", "\r\n"))),
              save: () => Effect.void
            }).pipe(onCommand(guest))
          }),

        capture: (guest, { lines }) =>
          Effect.map(paneOf(guest), (pane) => linesOf(pane, lines ?? pane.size.rows)),

        send: (guest, { keys, text = "" }) =>
          Effect.gen(function*() {
            const pane = yield* paneOf(guest)
            if (text !== "") yield* pane.typed.offer(text)
            if (text !== "" && keys.length > 0) yield* Effect.sleep("150 millis")
            if (keys.length > 0) yield* pane.typed.offer(keys.map(keyOf).join(""))
          }),

        status: (guest) =>
          Effect.map(paneOf(guest), (pane) => ({
            clients: pane.clients.size,
            windows: 1,
            ...pane.size,
            activity: Math.floor(pane.writtenAt / 1000)
          })),

        untilRest: (guest, seconds) =>
          Effect.gen(function*() {
            for (;;) {
              const { writtenAt } = yield* paneOf(guest)
              const now = yield* Clock.currentTimeMillis
              if (now - writtenAt >= Math.max(1, seconds) * 1000) return Math.floor(writtenAt / 1000)
              yield* Effect.sleep("500 millis")
            }
          }).pipe(onCommand(guest)),

        untilActive: (guest, since) =>
          Effect.gen(function*() {
            while (Math.floor((yield* paneOf(guest)).writtenAt / 1000) <= since) {
              yield* Effect.sleep("500 millis")
            }
          }).pipe(onCommand(guest)),

        alive: (guest) => Effect.map(enter(guest), () => panes.has(guest.container))
      }
    })
  )
