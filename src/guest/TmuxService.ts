import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import type { IncusFailure, InstanceNotFound } from "../incus/errors.ts"
import type { TerminalIO } from "../incus/execApi.ts"
import { IncusService } from "../incus/IncusService.ts"
import { attachScript, attachStatus, knownTerminal } from "./attach.ts"
import { bounded } from "./bounded.ts"
import { NoTmux, TmuxError, type TmuxFailure } from "./errors.ts"
import type { Guest } from "./Guest.ts"
import { socketPath } from "./paths.ts"
import { makeRest } from "./rest.ts"
import { startScript } from "./start.ts"
import type { Attached, TmuxStart, TmuxStatus } from "./tmuxApi.ts"

/**
 * The tmux session named `clincus` that the tool lives in, inside a container; see tmux(1). Its server has a socket of
 * its own, away from a tmux that the agent might start.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Effect from "effect/Effect"
 *
 * export const rested = ({ guest }: Clincus.SessionHandle) =>
 *   Effect.gen(function*() {
 *     const tmux = yield* Clincus.TmuxService
 *     yield* tmux.send(guest, { text: "go on", keys: ["Enter"] })
 *     yield* tmux.untilRest(guest, 10)
 *     return yield* tmux.capture(guest, { ansi: false })
 *   })
 */
export class TmuxService extends Context.Tag("clincus/TmuxService")<TmuxService, {
  /**
   * Starts the command in a new tmux session and returns when that is up. Gives the command's status if it ended
   * within the moment that it was watched.
   */
  readonly start: (guest: Guest, start: TmuxStart) => Effect.Effect<Option.Option<number>, TmuxFailure>
  /**
   * Connects a terminal until it is detached or the session ends, and tells which it was by tmux's own word. Fails if
   * tmux gives none, as when the container is switched off meanwhile: nothing is known of the session then.
   */
  readonly attach: (guest: Guest, terminal: string, io: TerminalIO) => Effect.Effect<Attached, TmuxFailure>
  /** Connects a terminal to a login shell beside the tool, and returns its exit status. */
  readonly shell: (guest: Guest, terminal: string, io: TerminalIO) => Effect.Effect<number, TmuxFailure>
  /** The screen; with `lines`, that many of the last lines, scrollback included. `ansi` keeps colours. */
  readonly capture: (
    guest: Guest,
    options: { readonly lines?: number; readonly ansi: boolean }
  ) => Effect.Effect<string, TmuxFailure>
  /** Types text (pasted whole, newlines included), then the keys, by tmux's names such as `Enter` or `C-c`. */
  readonly send: (
    guest: Guest,
    input: { readonly text?: string; readonly keys: ReadonlyArray<string> }
  ) => Effect.Effect<void, TmuxFailure>
  /** How many look at the session, its size, and when something last happened in it. */
  readonly status: (guest: Guest) => Effect.Effect<TmuxStatus, TmuxFailure>
  /**
   * Returns when the tool has written nothing for so many seconds (1 or more): when it last wrote, seconds since the epoch.
   * Takes a look twice a second, in the container. Fails with `NoTmux` when the session ends.
   */
  readonly untilRest: (guest: Guest, seconds: number) => Effect.Effect<number, TmuxFailure>
  /** Returns when the tool has written something since then (seconds since the epoch). */
  readonly untilActive: (guest: Guest, since: number) => Effect.Effect<void, TmuxFailure>
  /** True while tmux runs in the container. Fails if the container cannot be asked, or is gone. */
  readonly alive: (guest: Guest) => Effect.Effect<boolean, IncusFailure | InstanceNotFound>
}>() {}

const target = "clincus:"
/** What tmux may say of a screen and its history, and of anything else (bytes). */
const screenLimit = 32 * 1024 * 1024
const answerLimit = 64 * 1024
/** A word that no parameter is: the end of them. */
const end = ""

/**
 * Holds back what is typed until tmux draws: before that the terminal in the container is one in which Ctrl-C ends what
 * runs there, the way to tmux, and what is typed shows twice.
 */
const onceDrawn = (io: TerminalIO): Effect.Effect<TerminalIO> =>
  Effect.map(Deferred.make<void>(), (drawn) => ({
    ...io,
    input: Stream.unwrap(Effect.as(Deferred.await(drawn), io.input)),
    output: (chunk) => Effect.zipRight(Deferred.succeed(drawn, undefined), io.output(chunk))
  }))

const text = (status: number, stderr: string) => stderr.trim() === "" ? `status ${status}` : stderr.trim()

/**
 * tmux by commands that Incus runs in the container; each is answered within some seconds or fails with `TmuxError`.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Layer from "effect/Layer"
 *
 * export const tmux = Clincus.tmuxLayer.pipe(
 *   Layer.provide(Clincus.incusLayer({ socket: "/var/lib/incus/unix.socket", project: "default" }))
 * )
 */
export const layer: Layer.Layer<TmuxService, never, IncusService> = Layer.effect(
  TmuxService,
  Effect.map(IncusService, (incus) => {
    const environment = (guest: Guest) => ({ HOME: guest.home, LANG: "C.UTF-8", SHELL: "/bin/bash" })

    const tmux = (guest: Guest, action: string, args: ReadonlyArray<string>, input?: string) =>
      bounded(
        { container: guest.container, action, bytes: args[0] === "capture-pane" ? screenLimit : answerLimit },
        (onOutput) =>
          incus.exec.run(guest.container, {
            command: ["tmux", "-u", "-S", socketPath, ...args],
            environment: environment(guest),
            user: guest.uid,
            group: guest.gid,
            onOutput,
            ...(input === undefined ? {} : { input })
          })
      ).pipe(
        Effect.flatMap(({ status, stderr, stdout }) => {
          if (status === 0) return Effect.succeed(stdout)
          return Effect.fail(
            /no server running|error connecting|can't find session/.test(stderr)
              ? new NoTmux({ container: guest.container })
              : new TmuxError({ container: guest.container, action, reason: text(status, stderr) })
          )
        })
      )

    const status = (guest: Guest) =>
      tmux(guest, "read the session", [
        "display-message",
        "-p",
        "-t",
        target,
        "#{session_attached} #{session_windows} #{window_width} #{window_height} #{session_activity}"
      ]).pipe(Effect.flatMap((line) => {
        // The tmux is the container's, and may say anything.
        const [clients, windows, columns, rows, activity] = /^\d{1,10}( \d{1,10}){4}\n$/.test(line)
          ? line.trim().split(" ").map(Number)
          : []
        return clients === undefined || windows === undefined || columns === undefined || rows === undefined
            || activity === undefined
          ? new TmuxError({
            container: guest.container,
            action: "read the session",
            reason: "tmux gave no status"
          })
          : Effect.succeed<TmuxStatus>({ clients, windows, columns, rows, activity })
      }))

    return {
      start: (guest, start) =>
        incus.exec.run(guest.container, {
          command: ["/bin/bash", "-c", startScript(start.prelude)],
          input: [
            ...Object.entries({
              uid: guest.uid,
              gid: guest.gid,
              home: guest.home,
              directory: guest.directory,
              run: start.run,
              user: start.user,
              columns: start.size.columns,
              rows: start.size.rows,
              on_exit: start.onExit,
              // The container goes by the same clock.
              deadline: Math.ceil((start.deadline ?? 0) / 1000),
              moment: (start.moment / 1000).toString(),
              words: start.command.length,
              remove: start.remove.length
            }).map(([name, value]) => `${name}=${value}`),
            end,
            ...start.command,
            ...start.remove,
            ...Object.entries(start.environment).map(([name, value]) => `${name}=${value}`)
          ].map((word) => `${word}\0`).join("")
        }).pipe(
          Effect.filterOrFail(
            (result) => result.status === 0,
            (result) =>
              new TmuxError({
                container: guest.container,
                action: "start the tool's terminal",
                reason: text(result.status, result.stderr)
              })
          ),
          Effect.map(({ stdout }) =>
            /^\d{1,3}\n$/.test(stdout) ? Option.some(Number(stdout)) : Option.none()
          ),
          Effect.withSpan("Tmux.start")
        ),

      attach: (guest, terminal, io) =>
        onceDrawn(io).pipe(
          Effect.flatMap((held) =>
            incus.exec.terminal(guest.container, {
              command: ["/bin/sh", "-c", attachScript],
              environment: { ...environment(guest), TERM: terminal },
              user: guest.uid,
              group: guest.gid,
              directory: guest.directory
            }, held)
          ),
          Effect.flatMap((status): Effect.Effect<Attached, TmuxError> => {
            switch (status) {
              case attachStatus.detached:
                return Effect.succeed({ _tag: "Detached" })
              case attachStatus.ended:
                return Effect.succeed({ _tag: "Ended" })
              case attachStatus.noServer:
                return Effect.succeed({ _tag: "NoServer" })
              default:
                return new TmuxError({
                  container: guest.container,
                  action: "attach the terminal",
                  reason: status === attachStatus.failed ? "tmux refused it" : "the way to tmux was cut off"
                })
            }
          })
        ),

      shell: (guest, terminal, io) =>
        incus.exec.terminal(guest.container, {
          // An exec has none of the user's other groups; init-groups gives them.
          command: [
            "/bin/sh",
            "-c",
            `${knownTerminal}exec setpriv --reuid ${guest.uid} --regid ${guest.gid} --init-groups -- bash -l`
          ],
          environment: { ...environment(guest), TERM: terminal },
          directory: guest.directory
        }, io),

      capture: (guest, { ansi, lines }) =>
        tmux(guest, "read the screen", [
          "capture-pane",
          "-p",
          "-t",
          target,
          ...(ansi ? ["-e"] : []),
          ...(lines === undefined ? [] : ["-S", `-${lines}`])
        ]).pipe(Effect.map((screen) => {
          const rows = screen.replace(/\n+$/, "").split("\n")
          return `${(lines === undefined ? rows : rows.slice(-lines)).join("\n")}\n`
        })),

      send: (guest, { keys, text: typed }) =>
        Effect.gen(function*() {
          if (typed !== undefined && typed !== "") {
            // Through a buffer: as an argument the text would be on a command line, and keys would be read into it.
            // A buffer of its own, for two may send at once.
            const buffer = ["-b", `clincus-${yield* Random.nextIntBetween(0, 2 ** 31)}`]
            yield* tmux(guest, "type the text", ["load-buffer", ...buffer, "-"], typed)
            yield* tmux(guest, "type the text", ["paste-buffer", "-p", "-d", ...buffer, "-t", target])
          }
          if (keys.length > 0) {
            // A tool that reads a paste does so after a moment; a key at once after it would be taken for part of it.
            if (typed !== undefined && typed !== "") yield* Effect.sleep("150 millis")
            yield* tmux(guest, "send keys", ["send-keys", "-t", target, "--", ...keys])
          }
        }),

      status,
      ...makeRest(incus),
      alive: (guest) =>
        status(guest).pipe(
          Effect.as(true),
          Effect.catchTags({ NoTmux: () => Effect.succeed(false), TmuxError: () => Effect.succeed(false) })
        )
    }
  })
)
