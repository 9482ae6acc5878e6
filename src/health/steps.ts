import type { StepReport } from "../setup/SetupService.ts"
import type { StepName } from "../setup/Step.ts"
import type { Finding, HealthState } from "./Finding.ts"

/** What it means for sessions if a step of set-up is not done. */
const without: Readonly<Record<StepName, "degraded" | "unusable">> = {
  // An Incus that answers does not miss them at every moment; one that does not answer says so itself.
  packages: "degraded",
  ids: "unusable",
  limits: "degraded",
  daemon: "unusable",
  access: "unusable",
  storage: "unusable",
  network: "unusable",
  profile: "unusable",
  restricted: "unusable",
  gateway: "unusable",
  image: "unusable"
}

/** The steps that look into Incus: without an answer of it they tell what they would do, and not how it stands. */
const inside: ReadonlySet<StepName> = new Set([
  "storage",
  "network",
  "profile",
  "restricted",
  "image",
  "gateway"
])

/** What set-up sees of a step is what health says of it. `reached` is true if Incus answers this user. */
export const findingOf = ({ name, status, title }: StepReport, reached: boolean): Finding => {
  const finding = (
    state: HealthState,
    detail: string,
    fix: ReadonlyArray<string> = [],
    bySetup = false
  ): Finding => ({ name, title, state, detail, fix, by_setup: bySetup })
  switch (status._tag) {
    case "Done":
      return status.warning === undefined
        ? finding("well", status.detail)
        : finding("degraded", status.warning)
    case "Needed":
      return inside.has(name) && !reached
        ? finding("unknown", "Incus cannot be asked")
        : finding(without[name], status.reason, status.actions.map(({ shown }) => shown), true)
    case "Manual":
      return finding(without[name], status.reason, status.instructions)
    case "Login":
      return finding(
        without[name],
        `${status.user} is in the group ${status.group}, but logged in before that`,
        [`newgrp ${status.group}`]
      )
  }
}

/** All steps; whether Incus answers is what the steps before those that look into it say. */
export const findingsOf = (steps: ReadonlyArray<StepReport>): ReadonlyArray<Finding> => {
  const isDone = (wanted: StepName) =>
    steps.some(({ name, status }) => name === wanted && status._tag === "Done")
  const reached = isDone("daemon") && isDone("access")
  return steps.map((step) => findingOf(step, reached))
}
