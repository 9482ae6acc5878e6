import * as Command from "@effect/cli/Command"
import { describe } from "../cli/describe.ts"
import { format, print } from "../cli/output.ts"
import { about } from "./about.ts"

export const command = Command.make(
  "version",
  { format },
  ({ format }) =>
    print(
      format,
      { clincus: about.version, node: process.versions.node },
      () => `${about.name} ${about.version}`
    )
).pipe(
  Command.withDescription(describe("Print the version."))
)
