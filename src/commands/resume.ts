import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { describe } from "../cli/describe.ts"
import { shell } from "./shell.ts"
import { options } from "./shellOptions.ts"

const id = Args.text({ name: "SESSION" }).pipe(
  Args.withDescription("Id of a saved session, or its beginning; the newest of this directory by default."),
  Args.optional
)

const { continue: _continue, resume: _resume, ...rest } = options

export const command = Command.make(
  "resume",
  { ...rest, id },
  ({ id, ...given }) =>
    Effect.suspend(() =>
      shell({
        ...given,
        directory: Option.none(),
        continue: Option.none(),
        resume: Option.some(Option.getOrElse(id, () => ""))
      })
    )
).pipe(
  Command.withDescription(describe("Go on with a saved session.", {
    group: "Sessions",
    details: ["The tool's own conversation continues. A session that still runs is attached to."],
    examples: [
      ["clincus resume", "The newest session of the current directory."],
      ["clincus resume 3f2b", "The session whose id begins so."]
    ]
  }))
)
