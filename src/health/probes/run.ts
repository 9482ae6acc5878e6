import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Guest } from "../../guest/Guest.ts"
import { IncusService } from "../../incus/IncusService.ts"
import type { Ground } from "./ground.ts"
import type { Probe, Proof, Script, Who } from "./Probe.ts"

/**
 * What came of a probe, as one user inside. `kept` is the promise; `unknown` is a probe whose control failed, or that could
 * not be run to its end.
 */
export type Outcome =
  | { readonly state: "kept" | "broken" }
  | { readonly state: "unknown"; readonly reason: string }

/** How long a script may take. */
const patience = "20 seconds"

/** Whether a file of the workspace is what a proof says. */
const seen = (proof: Exclude<Proof, { readonly kind: "says" }>, ground: Ground, mark: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    if (proof.kind === "setuid") {
      const info = yield* Effect.option(fs.stat(path.join(ground.workspace, proof.path)))
      return Option.exists(
        info,
        ({ mode, uid }) => (mode & 0o4000) !== 0 && (!proof.root || Option.contains(uid, 0))
      )
    }
    return yield* Effect.exists(
      proof.paths,
      (one) =>
        fs.readFileString(path.join(ground.workspace, one)).pipe(
          Effect.map((text) => text.includes(mark)),
          Effect.orElseSucceed(() => false)
        )
    )
  })

/** Runs a script in a container, and tells whether it had its way. */
const perform = (script: Script, mark: string, who: Who, guest: Guest, ground: Ground) =>
  Effect.gen(function*() {
    const incus = yield* IncusService
    const { stdout } = yield* incus.exec.run(guest.container, {
      command: ["bash"],
      user: who === "root" ? 0 : guest.uid,
      group: who === "root" ? 0 : guest.gid,
      environment: {
        HOME: who === "root" ? "/root" : guest.home,
        PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        WORKSPACE: guest.directory,
        SECRET: ground.secret,
        TOKEN: ground.token,
        MARK: mark,
        PORT: String(ground.port),
        ADDRESSES: ground.addresses.join(" "),
        DISK: ground.disk
      },
      input: script.lines
    })
    return script.proof.kind === "says"
      ? stdout.includes(ground.token)
      : yield* seen(script.proof, ground, mark)
  }).pipe(Effect.timeout(patience))

const unknown = (reason: string): Outcome => ({ state: "unknown", reason })

/** Tries a probe as one user in a running container that has the ground's workspace. */
export const runProbe = (
  probe: Probe,
  who: Who,
  guest: Guest,
  ground: Ground
): Effect.Effect<Outcome, never, IncusService | FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function*() {
    const mark = `${ground.token}.${probe.name}.${who}`
    if (!(yield* perform(probe.control, mark, who, guest, ground))) return unknown("its control failed")
    const broken = yield* perform(probe.attempt, mark, who, guest, ground)
    return { state: broken ? "broken" : "kept" } satisfies Outcome
  }).pipe(
    Effect.catchTag("TimeoutException", () => Effect.succeed(unknown("it did not come to an end"))),
    Effect.catchAll((error) => Effect.succeed(unknown(error.message))),
    Effect.withSpan("Health.probe", { attributes: { probe: probe.name } })
  )
