import * as Effect from "effect/Effect"
import { faultyServer, type Reply, type Seen } from "../../test/unit/incus/support/faultyServer.ts"
import { Bench } from "./Bench.ts"
import type { Fault } from "./fault.ts"
import { resume, runs } from "./session.ts"

/** A server that has nothing, and knows nothing of what runs on the first one. */
const answer = ({ path }: Seen): Reply =>
  path === "/1.0"
    ? {
      sync: {
        auth: "trusted",
        auth_user_method: "unix",
        environment: { server_version: "6.0", certificate_fingerprint: "0".repeat(64) }
      }
    }
    : path === "/1.0/instances"
    ? { sync: [] }
    : path === "/1.0/operations"
    ? { sync: {} }
    : { error: 404, text: "not found" }

/** Another server than the one that a session runs on. */
export const strangers: ReadonlyArray<Fault> = [{
  name: "other-server",
  what: "INCUS_SOCKET names another server while a session runs",
  run: Effect.gen(function*() {
    const { note, pick, statusIs } = yield* Bench
    const goesOn = yield* resume
    const asked = yield* pick([
      { args: ["list", "--format", "json"], status: 0 },
      { args: ["list", "--all"], status: 0 },
      { args: ["clean", "--force"], status: 0 },
      { args: ["kill", "--all", "--force"], status: 0 },
      { args: goesOn, status: 1 }
    ])
    // The session that runs is the one that `--resume` names.
    yield* runs(goesOn)
    yield* note(asked.args.join(" "))
    const { socket } = yield* faultyServer(answer)
    yield* statusIs(yield* runs(asked.args, { INCUS_SOCKET: socket }), asked.status)
  })
}]
