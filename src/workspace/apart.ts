import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { userFile } from "../config/userFile.ts"
import { Host } from "../host/Host.ts"
import type { Workspace } from "./Workspace.ts"

/**
 * The workspace holds, or lies in, what the tool must not reach: the saved sessions, the user's home directory, or the
 * configuration that clincus obeys.
 *
 * @see SessionFailure
 */
export class WorkspaceTooWide extends Data.TaggedError("WorkspaceTooWide")<{
  readonly workspace: string
  readonly what: "sessions" | "home" | "configuration"
  /** Where that is. */
  readonly path: string
}> {
  override get message(): string {
    const what = {
      sessions: `what is saved of all sessions (${this.path})`,
      home: `your home directory (${this.path}), with keys and passwords in it`,
      configuration: `the configuration that clincus obeys (${this.path})`
    }
    return `a session on ${this.workspace} could read and change ${what[this.what]}`
  }
  get hint(): string {
    return this.what === "sessions"
      ? "Work on the directory of a project, or set [paths] sessions_dir to a directory that is not in it."
      : "Work on the directory of a project. If you want just that, say --allow-home, in a terminal, and keep [paths] sessions_dir outside."
  }
}

/** The real path of a directory that need not be there yet. */
const realPathOf = (path: string): Effect.Effect<string, never, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const paths = yield* Path.Path
    return yield* fs.realPath(path).pipe(
      Effect.catchAll(() =>
        paths.dirname(path) === path
          ? Effect.succeed(path)
          : Effect.map(realPathOf(paths.dirname(path)), (above) => paths.join(above, paths.basename(path)))
      )
    )
  })

/** True if `inner` is `outer` or lies in it. */
const contains = (outer: string, inner: string) =>
  inner === outer || inner.startsWith(outer === "/" ? outer : `${outer}/`)

/** Fails with `WorkspaceTooWide` unless the workspace is apart from what the tool must not reach. */
export const requireApart = (
  workspace: Workspace,
  sessions: string,
  allowHome: boolean
): Effect.Effect<void, WorkspaceTooWide, Host | FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function*() {
    const host = yield* Host
    const [saved, home, configuration] = yield* Effect.all([
      realPathOf(sessions),
      realPathOf(host.home),
      Effect.flatMap(userFile, ({ path }) => realPathOf(path))
    ], { concurrency: "unbounded" })
    const tooWide = (what: WorkspaceTooWide["what"], path: string) =>
      new WorkspaceTooWide({ workspace: workspace.path, what, path })
    // The home directory first: the saved sessions are usually in it, and say less.
    if (!allowHome && contains(workspace.path, home)) return yield* tooWide("home", home)
    if (!allowHome && contains(workspace.path, configuration)) {
      return yield* tooWide("configuration", configuration)
    }
    if (contains(workspace.path, saved) || contains(saved, workspace.path)) {
      return yield* tooWide("sessions", saved)
    }
  })
