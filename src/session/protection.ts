import * as Effect from "effect/Effect"
import type { RunRecord, RunStands } from "../domain/Run.ts"
import type { Owner } from "../host/untrusted/StateDirectory.ts"
import { lxcOf } from "../policy/files/lxc.ts"
import { type FilePlan, planFiles } from "../policy/files/plan.ts"
import type { Stand } from "../policy/files/trees.ts"
import { HistoryStore } from "./HistoryStore.ts"
import type { SessionRequest } from "./request.ts"
import { standsOf } from "./runStands.ts"

/** What is done about the files of a workspace for one run. */
export interface Protection {
  readonly plan: FilePlan
  /** For the run's record. */
  readonly stands: RunStands | undefined
  /** Whether root in the container may mount, and so undo it. */
  readonly mayMount: boolean
}

const isAt = (stand: Stand) => (hold: { readonly root: string; readonly below: string }) =>
  hold.root === stand.root && hold.below === stand.path

const withDocker =
  "Note: containers in the session need the right to mount, so its root can take the protection off protected paths."

/** Decides how the files of a session's workspace are protected. What another run has made there is needed by this one too. */
export const protectionOf = ({ directory, docker, files, workspace }: SessionRequest) =>
  Effect.gen(function*() {
    const history = yield* HistoryStore
    const plan = yield* planFiles(workspace.path, directory, files)
    const theirs = (yield* standsOf(history.runs)).filter((stand) => plan.holds.some(isAt(stand)))
    const made = [...plan.stands, ...theirs]
    const isShown = made.some(({ root, text }) => root === workspace.path && text !== undefined)
    const stands: RunStands | undefined = made.length === 0
      ? undefined
      : { made, ...(isShown && plan.exclude !== undefined ? { exclude: plan.exclude } : {}) }
    const notes = docker && plan.holds.length > 0 ? [...plan.notes, withDocker] : plan.notes
    return { plan: { ...plan, notes }, stands, mayMount: docker } satisfies Protection
  })

/** Makes what stands in for what is not there, and gives the configuration that holds all of it. */
export const protect = ({ mayMount, plan }: Protection, run: RunRecord, owner: Owner) =>
  Effect.gen(function*() {
    const history = yield* HistoryStore
    const missing = yield* history.makeStands(run, owner)
    // What this user may not make the tool may not make either.
    return lxcOf(plan.holds.filter((hold) => !missing.some((stand) => isAt(stand)(hold))), [], mayMount)
  }).pipe(Effect.withSpan("Session.protect"))
