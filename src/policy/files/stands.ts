import * as Effect from "effect/Effect"
import * as State from "../../host/stateFiles.ts"
import { inWorkspace } from "./protected.ts"
import type { Stand } from "./trees.ts"

/**
 * What stands in for protected paths that are not there. It is made before a container starts, belongs to the owner of the
 * workspace, and goes when no session needs it any more; what the user has put in its place meanwhile stays.
 */

const excludeFile = "info/exclude"
/** Lists of what git is not to show are short (bytes). */
const limit = 1024 * 1024

/** Lines for git's own list, so that nobody commits what stands in. Directories that are empty git does not show anyway. */
const block = [
  "# clincus: these stand in while a session runs, so that it cannot make them",
  ...inWorkspace.flatMap(({ absent, path }) => typeof absent === "object" ? [`/${path}`] : []),
  "# clincus: end",
  ""
].join("\n")

/** Makes what is not there. Gives those that cannot be made, by the tool no more than by this user. */
export const makeStands = (
  stands: ReadonlyArray<Stand>,
  exclude: string | undefined,
  owner: State.Owner
): Effect.Effect<ReadonlyArray<Stand>, State.StateError> =>
  Effect.gen(function*() {
    if (exclude !== undefined) {
      const text = (yield* State.read(exclude, excludeFile, limit)) ?? ""
      const start = text === "" || text.endsWith("\n") ? text : `${text}\n`
      if (!text.includes(block)) yield* State.rewriteAt(exclude, excludeFile, `${start}${block}`, owner)
    }
    const [missing] = yield* Effect.partition(stands, (stand) =>
      Effect.flatMap(
        State.makeStand(stand.root, stand.path, stand.text, owner),
        (isThere) => isThere ? Effect.void : Effect.fail(stand)
      ))
    const failed = missing.find((one) => one instanceof State.StateError)
    if (failed instanceof State.StateError) return yield* failed
    return missing.filter((one): one is Stand => !(one instanceof State.StateError))
  }).pipe(Effect.withSpan("Policy.makeStands"))

/** Removes what was made and is as it was made, and takes the lines out of git's own list again. */
export const removeStands = (
  stands: ReadonlyArray<Stand>,
  exclude: string | undefined
): Effect.Effect<void, State.StateError> =>
  Effect.gen(function*() {
    yield* Effect.forEach(stands.toReversed(), ({ path, root, text }) => State.removeStand(root, path, text))
    if (exclude === undefined) return
    const text = yield* State.read(exclude, excludeFile, limit)
    if (text === undefined || !text.includes(block)) return
    const owner = yield* State.ownerOf(exclude, "info")
    yield* State.rewriteAt(exclude, excludeFile, text.replace(block, ""), owner)
  })
