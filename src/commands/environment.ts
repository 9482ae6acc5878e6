import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type { UsageError } from "../cli/errors.ts"
import { escape } from "../cli/escape.ts"
import { isVariableName, readOnlyVariables } from "../domain/variables.ts"
import { Host } from "../host/Host.ts"
import { type Given, wrong } from "./shellOptions.ts"

/** The file that `--env-file` names cannot be read. */
class EnvironmentFile extends Data.TaggedError("EnvironmentFile")<{
  readonly file: string
  readonly reason: string
}> {
  override get message(): string {
    return `cannot read ${escape(this.file)}: ${this.reason}`
  }
  get hint(): string {
    return "--env-file takes a file with a line KEY=VALUE for each variable."
  }
}

type Pair = readonly [name: string, value: string]

/** `KEY=VALUE`, or `KEY` for the value that it has on the host. */
const ofOption = (word: string): Effect.Effect<Pair, UsageError, Host> =>
  Effect.flatMap(Host, ({ environment }) => {
    const equals = word.indexOf("=")
    const name = equals < 0 ? word : word.slice(0, equals)
    if (readOnlyVariables.includes(name)) return Effect.fail(wrong(`bash does not let anybody set ${name}`))
    if (!isVariableName(name)) {
      return Effect.fail(wrong(`'${name}' is not a name of a variable`, "Write --env KEY=VALUE."))
    }
    const value = equals < 0 ? environment[name] : word.slice(equals + 1)
    return value === undefined
      ? Effect.fail(wrong(`--env ${name}: the variable is not set here`, `Write --env ${name}=VALUE.`))
      : Effect.succeed([name, value])
  })

/** A line of a file. What stands in it is a secret perhaps: a complaint names its number, and its name if it is a name. */
const ofLine = (
  file: string,
  line: string,
  number: number
): Effect.Effect<ReadonlyArray<Pair>, UsageError, Host> =>
  Effect.flatMap(Host, ({ environment }) => {
    if (line.trim() === "" || line.trimStart().startsWith("#")) return Effect.succeed([])
    const equals = line.indexOf("=")
    const name = (equals < 0 ? line : line.slice(0, equals)).trim()
    const place = `${file}:${number}`
    if (!isVariableName(name)) {
      return Effect.fail(
        wrong(`${place}: the line does not begin with a name of a variable`, "Write KEY=VALUE.")
      )
    }
    if (readOnlyVariables.includes(name)) {
      return Effect.fail(wrong(`${place}: bash does not let anybody set ${name}`))
    }
    if (line.includes("\0")) return Effect.fail(wrong(`${place}: ${name} holds a NUL, which no variable can`))
    const value = equals < 0 ? environment[name] : line.slice(equals + 1)
    return Effect.succeed(value === undefined ? [] : [[name, value]])
  })

const ofFile = (given: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const { directory } = yield* Host
    const file = path.resolve(directory, given)
    const text = yield* fs.readFileString(file).pipe(
      Effect.mapError((error) =>
        new EnvironmentFile({
          file,
          reason: error._tag === "SystemError" && error.reason === "NotFound"
            ? "there is no such file"
            : error.message
        })
      )
    )
    return (yield* Effect.forEach(
      text.split(/\r?\n/),
      (line, index) => ofLine(file, line, index + 1)
    )).flat()
  })

/**
 * The variables that a command line gives to the tool: those of files, then those of `--env`. A value is taken as it
 * stands, quotes and spaces included, as `docker run --env-file` does; a `KEY` that is not set here is left out of a file.
 */
export const parseEnvironment = ({ env, envFile }: Pick<Given, "env" | "envFile">) =>
  Effect.gen(function*() {
    const files = (yield* Effect.forEach(envFile, ofFile)).flat()
    const options = yield* Effect.forEach(env, ofOption)
    return Object.fromEntries([...files, ...options])
  })
