import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { lineReader } from "../host/lineReader.ts"
import { Progress } from "../host/Progress.ts"

/** What a build says: shown as it comes, kept for the log. */
export interface BuildLog {
  readonly step: (title: string) => Effect.Effect<void>
  /** A piece of output, of any length; lines are made of the pieces. */
  readonly feed: (chunk: Uint8Array) => Effect.Effect<void>
  /** The step at hand. */
  readonly current: () => string
  /** What the step at hand has said. */
  readonly tail: () => ReadonlyArray<string>
  /** Writes everything to a new file below `directory` and returns its path, if it can. */
  readonly save: (directory: string, now: number) => Effect.Effect<string | undefined>
}

export const makeBuildLog: Effect.Effect<BuildLog, never, Progress | FileSystem.FileSystem | Path.Path> =
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const progress = yield* Progress
    const all: Array<string> = []
    let step = ""
    let stepStart = 0
    const reader = lineReader()

    const flush = () => {
      const rest = reader.rest()
      if (rest.trim() !== "") all.push(rest)
    }

    return {
      step: (title) =>
        Effect.suspend(() => {
          flush()
          all.push(`== ${title}`)
          step = title
          stepStart = all.length
          return progress.step(title)
        }),
      feed: (chunk) =>
        Effect.suspend(() => {
          const said = reader.take(chunk).filter((line) => line.trim() !== "")
          all.push(...said)
          const last = said.at(-1)
          return last === undefined ? Effect.void : progress.output(last)
        }),
      current: () => step,
      tail: () => {
        flush()
        return all.slice(stepStart)
      },
      save: (directory, now) =>
        Effect.gen(function*() {
          const file = path.join(directory, `build-${new Date(now).toISOString().replaceAll(":", "")}.log`)
          yield* fs.makeDirectory(directory, { recursive: true })
          yield* fs.writeFileString(file, `${all.join("\n")}\n`, { mode: 0o600 })
          return file
        }).pipe(Effect.option, Effect.map(Option.getOrUndefined))
    }
  })

/** The log of the build at hand, for the parts of it. */
export class CurrentLog extends Context.Tag("clincus/CurrentLog")<CurrentLog, BuildLog>() {}
