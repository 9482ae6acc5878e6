import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { ConfigService } from "../../config/ConfigService.ts"
import type { Origin } from "../../config/Settings.ts"
import type { TmuxService } from "../../guest/TmuxService.ts"
import type { Host } from "../../host/Host.ts"
import type { IncusService } from "../../incus/IncusService.ts"
import type { SlotService } from "../../session/SlotService.ts"
import { makeGround } from "./ground.ts"
import type { Probe } from "./Probe.ts"
import { probes } from "./probes.ts"
import { type Outcome, runProbe } from "./run.ts"
import { startOn } from "./session.ts"

/**
 * What came of a probe. `kept`: the attempt failed, and its control did not. `broken`: the attempt had its way. `open`: it
 * had its way because the user's configuration says so. `unknown`: the control failed, or nothing could be tried.
 *
 * @see HealthReport
 */
export const ProbeReport = Schema.Struct({
  name: Schema.String,
  /** For people: what sessions are kept from. */
  title: Schema.String,
  promise: Schema.String,
  /** Whom it was tried as inside. */
  as: Schema.Literal("root", "user"),
  state: Schema.Literal("kept", "broken", "open", "unknown"),
  /** Why it is not known, or what of the configuration opens it; empty else. */
  detail: Schema.String
})
export type ProbeReport = typeof ProbeReport.Type

/** What came of a probe, in the light of what the user has configured. */
export const reportOf = (
  { name, opened, promise, title }: Probe,
  as: ProbeReport["as"],
  outcome: Outcome,
  origins: ReadonlyArray<Origin>
): ProbeReport => {
  const report = (state: ProbeReport["state"], detail = ""): ProbeReport => ({
    name,
    title,
    promise,
    as,
    state,
    detail
  })
  if (outcome.state === "unknown") return report("unknown", outcome.reason)
  const word = opened === undefined
    ? undefined
    : origins.find(({ key, source, value }) =>
      key === opened.key && ("value" in opened ? value === opened.value : source !== "default")
    )
  return outcome.state === "broken" && word !== undefined
    ? report("open", `${word.key} = ${JSON.stringify(word.value)} (${word.source})`)
    : report(outcome.state)
}

const all = (outcome: Outcome): ReadonlyArray<ProbeReport> =>
  probes.flatMap((probe) => probe.as.map((as) => reportOf(probe, as, outcome, [])))

/**
 * Starts a session as the user's configuration makes sessions, and tries every probe in it. Leaves nothing behind; if it is
 * killed the session ends by itself within a minute, and the next probes remove its directory.
 */
export const probeAll: Effect.Effect<
  ReadonlyArray<ProbeReport>,
  never,
  ConfigService | FileSystem.FileSystem | Host | IncusService | Path.Path | SlotService | TmuxService
> = Effect.scoped(Effect.gen(function*() {
  const ground = yield* makeGround
  const { origins } = yield* Effect.flatMap(
    ConfigService,
    (config) => config.load({ workspace: ground.workspace })
  )
  const { guest } = yield* startOn(ground)
  // Those of one probe share files and a port.
  const found = yield* Effect.forEach(probes, (probe) =>
    Effect.forEach(
      probe.as,
      (as) =>
        Effect.map(runProbe(probe, as, guest, ground), (outcome) => reportOf(probe, as, outcome, origins))
    ), { concurrency: "unbounded" })
  return found.flat()
})).pipe(
  Effect.catchAll((error) => Effect.succeed(all({ state: "unknown", reason: error.message }))),
  Effect.withSpan("Health.probes")
)
