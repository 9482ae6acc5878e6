import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"

/** The path that a field of mountinfo stands for: spaces and the like are written in octal; see proc_pid_mountinfo(5). */
const unescaped = (field: string): string =>
  Buffer.from(
    field.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8))),
    "latin1"
  ).toString("utf8")

/** The mount points below a directory in the text of a mountinfo, each once. */
export const submountsIn = (mountinfo: string, directory: string): ReadonlyArray<string> => [
  ...new Set(
    mountinfo.split("\n").flatMap((line) => {
      const point = unescaped(Buffer.from(line.split(" ")[4] ?? "").toString("latin1"))
      return point.startsWith(`${directory}/`) ? [point] : []
    })
  )
]

/** What is mounted below a directory on this host; nothing if that cannot be told. */
export const submountsOf = (
  directory: string
): Effect.Effect<ReadonlyArray<string>, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString("/proc/self/mountinfo")).pipe(
    Effect.map((text) => submountsIn(text, directory)),
    Effect.orElseSucceed(() => [])
  )
