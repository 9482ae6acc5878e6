import * as Effect from "effect/Effect"
import { lineTool, type MemoryToolProgram } from "../../../src/guest/memory/pane.ts"

/** A tool that repeats lines, as a real container runs it. Its last argument is what it is told at first. */
export const lineCommand: ReadonlyArray<string> = [
  "bash",
  "-c",
  "echo ready; line=$1; while :; do "
  + "case $line in exit*) exit ${line#exit};; ?*) echo \"said $line\";; esac; "
  + "IFS= read -r line || exit; done",
  "tool",
  ""
]

/** The same in the twin. */
export const tool: MemoryToolProgram = (pane) => {
  const [first = ""] = pane.command.slice(-1)
  return first.startsWith("exit") ? Effect.succeed(Number(first.slice(4))) : lineTool(pane)
}
