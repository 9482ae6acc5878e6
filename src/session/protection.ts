import * as Effect from "effect/Effect"
import type { RunRecord, RunStands } from "../domain/Run.ts"
import type { Device } from "../incus/schemas.ts"
import { blankDevice, coversOf, hiddenIn, type HiddenPath, makeBlank } from "../policy/files/hidden.ts"
import { mountingOf } from "../policy/files/lxc.ts"
import { type FilePlan, gitDevice, planFiles } from "../policy/files/plan.ts"
import type { Stand } from "../policy/files/trees.ts"
import type { Identity } from "../workspace/identity.ts"
import { submountsOf } from "../workspace/submounts.ts"
import { HistoryStore } from "./HistoryStore.ts"
import type { SessionRequest } from "./request.ts"
import { standsOf } from "./runStands.ts"

/** What is done about the files of a workspace for one run. */
export interface Protection {
  readonly plan: FilePlan
  readonly hidden: ReadonlyArray<HiddenPath>
  /** What is mounted below the workspace on the host. */
  readonly submounts: ReadonlyArray<string>
  /** For the run's record. */
  readonly stands: RunStands | undefined
  /** Root in the container may mount, and so get around what is protected and hidden. */
  readonly mayMount: boolean
}

/** What a container is given for its files, beside the disks that every session has. */
export interface Held {
  readonly config: Readonly<Record<string, string>>
  readonly devices: Readonly<Record<string, Device>>
  /** What is mounted below the workspace comes along. */
  readonly recursive: boolean
}

const isAt = (stand: Stand) => (hold: { readonly root: string; readonly below: string }) =>
  hold.root === stand.root && hold.below === stand.path

/** Decides how the files of a session's workspace are protected. What another run has made there is needed by this one too. */
export const protectionOf = ({ directory, docker, files, workspace }: SessionRequest) =>
  Effect.gen(function*() {
    const history = yield* HistoryStore
    // Asked for first: what a run that ends meanwhile takes away is then seen to be missing, or known to be needed.
    const standing = yield* standsOf(history.runs)
    const plan = yield* planFiles(workspace.path, directory, files)
    const hidden = yield* hiddenIn(workspace.path, files.hide)
    const submounts = yield* submountsOf(workspace.path)
    const theirs = standing.filter((stand) => plan.holds.some(isAt(stand)))
    const made = [...plan.stands, ...theirs]
    const isShown = made.some(({ root, text }) => root === workspace.path && text !== undefined)
    const stands: RunStands | undefined = made.length === 0
      ? undefined
      : { made, ...(isShown && plan.exclude !== undefined ? { exclude: plan.exclude } : {}) }
    return { plan, hidden, submounts, stands, mayMount: docker } satisfies Protection
  })

/** Sentences for the user on what is unusual about it. */
export const protectionNotes = (
  { hidden, mayMount, plan, submounts }: Protection,
  { mounts }: Identity
): ReadonlyArray<string> => [
  ...plan.notes,
  ...(mayMount && plan.holds.length + hidden.length > 0
    ? [
      "Note: Docker in a session needs the right to mount, so root in it can get around protected and hidden paths."
    ]
    : []),
  // A shifted mount cannot take others along.
  ...(mounts === "shift" && submounts.length > 0
    ? [
      `Note: ${submounts.join(", ")} ${
        submounts.length === 1 ? "is a mount of its own, which" : "are mounts of their own, which"
      } the session does not see: what it writes there goes to the directory below.`
    ]
    : [])
]

/**
 * What a container is given to hold all of it, once everything stands there but `missing`, which this user may not make: then
 * the tool may not make it either. `saved` is the directory of the saved session.
 */
export const heldOf = (
  { hidden, mayMount, plan, submounts }: Protection,
  missing: ReadonlyArray<Stand>,
  saved: string,
  { directory }: SessionRequest,
  { mounts }: Pick<Identity, "mounts">
): Held => {
  const holds = plan.holds.filter((hold) => !missing.some((stand) => isAt(stand)(hold)))
  const shift = mounts === "shift"
  const mounting = mountingOf([
    ...holds.map(({ below, how, path, root }) => ({
      path,
      source: path,
      from: `${root}/${below}`,
      readOnly: how === "read"
    })),
    ...coversOf(directory, saved, hidden)
  ], { mayMount, shifted: shift })
  return {
    config: mounting.config,
    devices: {
      ...gitDevice(plan, shift),
      ...(hidden.length === 0 ? {} : blankDevice(saved, shift)),
      ...mounting.devices
    },
    recursive: submounts.length > 0 && !shift
  }
}

/** Makes what stands in for what is not there, and gives what holds all of it. */
export const protect = (
  protection: Protection,
  { path, run }: { readonly path: string; readonly run: RunRecord },
  request: SessionRequest,
  identity: Identity
) =>
  Effect.gen(function*() {
    const history = yield* HistoryStore
    const missing = yield* history.makeStands(run, identity.owner)
    if (protection.hidden.length > 0) yield* makeBlank(path, identity.owner)
    return heldOf(protection, missing, path, request, identity)
  }).pipe(Effect.withSpan("Session.protect"))
