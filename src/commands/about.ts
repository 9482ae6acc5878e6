import type { About } from "../cli/About.ts"
import { version } from "../domain/version.ts"

export const about: About = {
  name: "clincus",
  version,
  bug: "this is a bug in clincus, please report it",
  cleaningUp: "cleaning up; once more stops that, and the next command does the rest",
  logVariable: "CLINCUS_LOG",
  traceVariable: "CLINCUS_TRACE"
}
