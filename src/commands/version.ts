import * as Command from "@effect/cli/Command"
import { describe } from "../cli/describe.ts"
import { format, print } from "../cli/output.ts"
import { version } from "../domain/version.ts"

export const command = Command.make(
  "version",
  { format },
  ({ format }) => print(format, { clincus: version, node: process.versions.node }, () => `clincus ${version}`)
).pipe(
  Command.withDescription(describe("Print the version."))
)
