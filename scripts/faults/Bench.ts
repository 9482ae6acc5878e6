import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { createHash } from "node:crypto"
import * as Fs from "node:fs"
import { dirname, join } from "node:path"
import { fakeTool } from "../../test/daemon/support/fakeTool.ts"
import { launch, type Launched, type Result } from "../../test/daemon/support/program.ts"
import { World } from "../../test/daemon/support/World.ts"
import { textOf } from "./files.ts"
import { plant, type Planted } from "./planted.ts"
import { smallDisk } from "./smallDisk.ts"

/** Something that must not be after a fault, and is. */
export interface Wrong {
  /** A few words, the same each time. */
  readonly what: string
  readonly detail: string
}

/** A command that was run to its end, for whoever looks into what went wrong. */
export interface Ran {
  readonly line: string
  readonly status: number
  /** ms */
  readonly took: number
  readonly stderr: string
}

/** A command that was run to its end. */
export interface Ended extends Result {
  readonly line: string
  /** As a shell shows it. */
  readonly status: number
}

/** A command that runs. */
export interface Program {
  readonly kill: Launched["kill"]
  /** Waits for its end. One that has not ended in 90 s is killed, and that is wrong. */
  readonly ended: Effect.Effect<Ended>
}

/** One run of a fault: the world that it is done in, what was drawn for it, and what was wrong. */
export class Bench extends Context.Tag("faults/Bench")<Bench, {
  /** The directory that sessions work on. */
  readonly workspace: string
  /** What must not stay in a saved session: the text of the tool's credential file, and the value of its variable. */
  readonly secrets: { readonly file: string; readonly variable: string }
  /** Saved sessions from before. `other` is of another workspace, `resumable` the last one of this. */
  readonly planted: { readonly other: Planted; readonly resumable: Planted }
  /** A whole number, drawn from the run's seed: the same each time. Both bounds may come. */
  readonly between: (low: number, high: number) => Effect.Effect<number>
  readonly pick: <A>(from: readonly [A, ...ReadonlyArray<A>]) => Effect.Effect<A>
  /** Waits for a time that is drawn (ms). */
  readonly pause: (low: number, high: number) => Effect.Effect<void>
  readonly note: (text: string) => Effect.Effect<void>
  readonly wrong: (what: string, detail: string) => Effect.Effect<void>
  /** Starts `clincus …` in the workspace. */
  readonly launch: (
    args: ReadonlyArray<string>,
    environment?: Readonly<Record<string, string>>
  ) => Effect.Effect<Program, never, World | Scope.Scope>
  /** Tells of a status that the documentation does not name for what happened. */
  readonly statusIs: (
    ended: Pick<Ended, "line" | "status" | "stderr">,
    ...allowed: ReadonlyArray<number>
  ) => Effect.Effect<void>
  /** So often has the tool been started in this world. */
  readonly toolStarts: Effect.Effect<number>
  readonly account: Effect.Effect<{
    readonly notes: ReadonlyArray<string>
    readonly wrongs: ReadonlyArray<Wrong>
    readonly ran: ReadonlyArray<Ran>
  }>
}>() {}

/** What a shell shows of the signals that are sent here. */
const ofSignal: Readonly<Record<string, number>> = {
  SIGHUP: 129,
  SIGINT: 130,
  SIGQUIT: 131,
  SIGKILL: 137,
  SIGTERM: 143
}

export const statusOf = ({ status }: Result): number =>
  typeof status === "number" ? status : ofSignal[status ?? ""] ?? 255

/** No command takes longer, whatever the daemon does. */
const patience = "90 seconds"

/** Notes each of its starts beside itself. */
const countedTool = fakeTool.replace("\n", "\nprintf '%s\\n' \"$1\" >> starts\n")

/** What the fake tool has on the host: settings that take a moment to copy, and a credential. */
const furnish = (home: string, credential: string) => {
  const files: Record<string, string> = {
    ".fake/credentials.json": credential,
    ...Object.fromEntries(Array.from({ length: 60 }, (_, index) => [
      `.fake/notes/${index % 6}/${index}.md`,
      `note ${index}\n`.repeat(200)
    ]))
  }
  for (const [file, text] of Object.entries(files)) {
    Fs.mkdirSync(dirname(join(home, file)), { recursive: true })
    Fs.writeFileSync(join(home, file), text, { mode: 0o600 })
  }
}

/** A bench in the world that is given; gone with the scope. */
export const makeBench = (
  fault: string,
  seed: number,
  disk: boolean
): Effect.Effect<Context.Tag.Service<Bench>, never, World | Scope.Scope> =>
  Effect.gen(function*() {
    const world = yield* World
    let drawn = 0
    const draw = () => createHash("sha256").update(`${fault}/${seed}/${++drawn}`).digest().readUInt32BE()
    const secrets = {
      file: `file-secret-${draw()}-${draw()}`,
      variable: `variable-secret-${draw()}-${draw()}`
    }
    const notes: Array<string> = []
    const wrongs: Array<Wrong> = []
    const ran: Array<Ran> = []

    const workspace = world.workspace()
    Fs.writeFileSync(join(workspace, "fake"), countedTool)
    furnish(world.home, JSON.stringify({ token: secrets.file }))
    yield* world.configure(`${world.configuration}config = [".fake/notes"]\nenvironment = ["FAKE_KEY"]\n`)
    Fs.mkdirSync(world.saved, { mode: 0o700 })
    if (disk) yield* smallDisk(world.saved)
    const planted = {
      other: plant(world.saved, world.workspace(), { ...world, age: 1 }),
      resumable: plant(world.saved, workspace, { ...world, age: 0 })
    }

    const between = (low: number, high: number) => Effect.sync(() => low + draw() % (high - low + 1))
    const note = (text: string) => Effect.sync(() => void notes.push(text))
    const wrong = (what: string, detail: string) => Effect.sync(() => void wrongs.push({ what, detail }))
    return {
      workspace,
      secrets,
      planted,
      between,
      pick: <A>(from: readonly [A, ...ReadonlyArray<A>]) =>
        Effect.map(between(0, from.length - 1), (index) => from[index] ?? from[0]),
      pause: (low: number, high: number) =>
        between(low, high).pipe(
          Effect.tap((delay) => note(`${delay} ms`)),
          Effect.flatMap((delay) => Effect.sleep(delay))
        ),
      note,
      wrong,
      launch: (args, environment = {}) =>
        Effect.gen(function*() {
          const line = `clincus ${args.join(" ")}`
          const began = yield* Clock.currentTimeMillis
          const program = yield* launch(args, { directory: workspace, environment })
          const killed = wrong("does not end", `${line} had not ended after ${patience}`).pipe(
            Effect.zipRight(program.kill("SIGKILL")),
            Effect.zipRight(program.result)
          )
          return {
            kill: program.kill,
            ended: program.result.pipe(
              Effect.timeoutTo({ duration: patience, onTimeout: () => killed, onSuccess: Effect.succeed }),
              Effect.flatten,
              Effect.zip(Clock.currentTimeMillis),
              Effect.map(([result, now]) => {
                const status = statusOf(result)
                ran.push({ line, status, took: now - began, stderr: result.stderr })
                return { ...result, line, status }
              })
            )
          }
        }),
      statusIs: ({ line, status, stderr }, ...allowed) =>
        allowed.includes(status)
          ? Effect.void
          : wrong("exit status", `${line}: ${status}, not ${allowed.join(" or ")}: ${stderr.trim()}`),
      toolStarts: Effect.sync(() => textOf(join(workspace, "starts")).split("\n").length - 1),
      account: Effect.sync(() => ({ notes, wrongs, ran }))
    }
  })
