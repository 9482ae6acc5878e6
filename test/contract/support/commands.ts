import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { CannotRun, type MemoryProcess, type MemoryProgram } from "../../../src/incus/memory/guest.ts"

/** A command of a contract: as a real container runs it, and as the twin does. */
interface Command {
  readonly line: readonly [string, ...ReadonlyArray<string>]
  readonly program: MemoryProgram
}

const whole = ({ input }: MemoryProcess) =>
  Effect.map(Stream.runCollect(input), (chunks) => Buffer.concat([...chunks]))

const size = ({ columns, rows }: { readonly columns: number; readonly rows: number }) =>
  `${rows} ${columns}\r\n`

const define = <A extends Record<string, Command>>(all: A) => all

export const commands = define({
  cat: {
    line: ["cat"],
    program: ({ input, write }) => Effect.as(Stream.runForEach(input, (one) => write(one)), 0)
  },
  both: {
    line: ["sh", "-c", "echo out; echo err >&2; exit 3"],
    program: ({ write }) => write("out\n").pipe(Effect.zipRight(write("err\n", 2)), Effect.as(3))
  },
  missing: { line: ["no-such-command"], program: () => new CannotRun({ status: 127 }) },
  directory: { line: ["/etc"], program: () => new CannotRun({ status: 126 }) },
  shell127: { line: ["sh", "-c", "exit 127"], program: () => Effect.succeed(127) },
  whoami: {
    line: ["sh", "-c", "printf '%s,%s,%s,%s' \"$NAME\" \"$PWD\" \"$(id -u)\" \"$(id -g)\""],
    program: ({ directory, environment, group, user, write }) =>
      Effect.as(write([environment["NAME"], directory, user, group].join(",")), 0)
  },
  length: {
    line: ["wc", "-c"],
    program: (process) =>
      Effect.flatMap(whole(process), ({ length }) => Effect.as(process.write(`${length}\n`), 0))
  },
  flood: {
    line: ["head", "-c", "3000000", "/dev/zero"],
    program: ({ write }) => Effect.as(Effect.replicateEffect(write(new Uint8Array(30_000)), 100), 0)
  },
  sleep: { line: ["sleep", "600"], program: () => Effect.never },
  idle: {
    line: ["sh", "-c", "echo begun; exec sleep 600"],
    program: ({ write }) => Effect.zipRight(write("begun\n"), Effect.never)
  },
  /** Says how many of `idle` run. */
  idlers: {
    line: ["sh", "-c", "pgrep -xc sleep; true"],
    program: ({ write }) => Effect.flatMap(running, (count) => Effect.as(write(`${count}\n`), 0))
  },
  terminal: {
    // A trap ends what dash reads; bash would wait for the end of the line first.
    line: [
      "sh",
      "-c",
      "stty size; trap 'stty size' WINCH; echo ready; "
      + "while :; do read -r line && echo \"got $line\" && [ \"$line\" = end ] && exit 5; done"
    ],
    program: ({ input, resizes, terminal, write }) =>
      Effect.gen(function*() {
        yield* write(Option.match(terminal, { onNone: () => "not a terminal\n", onSome: size }))
        yield* write("ready\r\n")
        yield* Effect.forkScoped(Stream.runForEach(resizes, (now) => write(size(now))))
        const end = yield* input.pipe(
          Stream.decodeText(),
          Stream.splitLines,
          Stream.tap((line) => write(`got ${line}\r\n`)),
          Stream.takeUntil((line) => line === "end"),
          Stream.runLast
        )
        return Option.contains(end, "end") ? 5 : 0
      }).pipe(Effect.scoped)
  }
})

let count = 0
const running = Effect.sync(() => count)

/** Runs a program of the twin, and counts it where it is one of those that only end by being killed. */
const counted = (program: MemoryProgram): MemoryProgram => (process) =>
  Effect.acquireUseRelease(
    Effect.sync(() => void count++),
    () => program(process),
    () => Effect.sync(() => void count--)
  )

const isWaiting = ({ line }: Command) => line.join(" ").includes("sleep 600")

/** The commands of the contracts, in a container of the twin. */
export const programs: MemoryProgram = (process) => {
  const found: Command | undefined = Object.values(commands).find(({ line }) =>
    line.join("\0") === process.command.join("\0")
  )
  if (found === undefined) return new CannotRun({ status: 127 })
  return (isWaiting(found) ? counted(found.program) : found.program)(process)
}
