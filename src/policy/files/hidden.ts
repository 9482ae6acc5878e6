import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as State from "../../host/stateFiles.ts"
import type { Device } from "../../incus/schemas.ts"
import type { Mount } from "./lxc.ts"

/**
 * A path that is to be hidden cannot be: a link leads to what would be seen all the same, or there is more to look through
 * than is looked through before a session.
 *
 * @see SessionFailure
 */
export class CannotHide extends Data.TaggedError("CannotHide")<{
  readonly workspace: string
  readonly reason: "link" | "many"
  /** The link; the workspace if there is too much in it. */
  readonly path: string
  readonly target: string | undefined
}> {
  override get message(): string {
    return this.reason === "link"
      ? `${this.workspace}/${this.path} is to be hidden, and is a link to ${this.target}, which is not hidden`
      : `${this.workspace} has more than ${most} files and directories: not all of it can be looked through for what [security] hide names`
  }
  get hint(): string {
    return this.reason === "link"
      ? `Name ${this.target} in [security] hide too.`
      : "Begin the patterns with a slash and no '*', such as \"/secrets\" or \"/config/.env\": then nothing has to be looked through."
  }
}

/** What is looked through before a session: some 2 s on an ordinary machine. */
const most = 300_000

/** Names what is hidden, whole: a directory rather than all that is in it. */
export interface HiddenPath {
  readonly path: string
  readonly is: "file" | "directory"
}

/** A pattern that names one path, from the top of the workspace. */
const isPlain = (pattern: string): boolean => /^\/[^*?[\]\\!#]+$/.test(pattern)

/** Directories that are large, and have nothing of the user's own. */
const skipped = /(^|\/)(\.git|node_modules)$/

/**
 * The paths of a workspace that patterns name; they are written as in gitignore(5), and the last one that matches counts.
 * Only what is there is found. Fails with `CannotHide` if something of it could be seen all the same.
 */
export const hiddenIn = (workspace: string, patterns: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    if (patterns.length === 0) return []
    // The library is needed only by those who hide something.
    const { default: ignore } = yield* Effect.promise(() => import("ignore"))
    const matcher = ignore().add([...patterns])
    const matches = ({ is, path }: { readonly is: string; readonly path: string }) =>
      matcher.ignores(is === "directory" ? `${path}/` : path)
    const found = patterns.every(isPlain)
      ? {
        entries: (yield* State.standingAt(workspace, patterns.map((one) => one.replace(/^\/+|\/+$/g, ""))))
          .filter(matches),
        complete: true
      }
      : yield* State.walk(workspace, {
        most,
        enter: (path) => !skipped.test(path) && !matcher.ignores(`${path}/`),
        pick: matches
      })
    if (!found.complete) {
      return yield* new CannotHide({ workspace, reason: "many", path: workspace, target: undefined })
    }
    const links = found.entries.filter(({ is }) => is === "link")
    yield* Effect.forEach(links, ({ path }) => requireHidden(workspace, path, matcher.ignores.bind(matcher)))
    return found.entries.flatMap(({ is, path }): ReadonlyArray<HiddenPath> =>
      is === "file" || is === "directory" ? [{ path, is }] : []
    )
  })

/** A link hides nothing: what it leads to has to be hidden itself, or be out of the session's reach. */
const requireHidden = (workspace: string, link: string, ignores: (path: string) => boolean) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const target = yield* Effect.orElseSucceed(fs.realPath(path.join(workspace, link)), () => "/")
    if (!target.startsWith(`${workspace}/`)) return
    const below = target.slice(workspace.length + 1)
    if (ignores(below) || ignores(`${below}/`)) return
    return yield* new CannotHide({ workspace, reason: "link", path: link, target: below })
  })

const blankPath = "/var/lib/clincus-blank"

/** The directory of a saved session that has an empty file and an empty directory, and the disk by which a session gets it. */
export const blankDevice = (saved: string, shift: boolean): Record<string, Device> => ({
  blank: {
    type: "disk",
    source: `${saved}/blank`,
    path: blankPath,
    readonly: "true",
    // Without its saved session, a container that is started by hand has nothing to hide things behind.
    required: "false",
    ...(shift ? { shift: "true" } : {})
  }
})

/** Makes the directory for `blankDevice`. */
export const makeBlank = (saved: string, owner: State.Owner) =>
  Effect.zipRight(
    State.makeDirectory(saved, "blank/directory", owner),
    State.write(saved, "blank/file", "", owner, 0o444)
  )

/** The mounts by which hidden paths of a workspace at `directory` look empty. */
export const coversOf = (
  directory: string,
  saved: string,
  hidden: ReadonlyArray<HiddenPath>
): ReadonlyArray<Mount> =>
  hidden.map(({ is, path }) => ({
    source: `${blankPath}/${is}`,
    from: `${saved}/blank/${is}`,
    path: `${directory}/${path}`,
    readOnly: true
  }))
