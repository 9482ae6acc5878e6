import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { constants } from "node:fs"
import * as Fs from "node:fs/promises"
import * as Path from "node:path"

/**
 * Files in a directory that a container has written. What is there is hostile: every component of a path is looked at
 * before it is walked through, links are never followed, and no more is read than asked for. `node:fs` rather than the
 * FileSystem service, because that one cannot open a file without following links.
 *
 * Only for directories whose container has ended or has not begun: nothing else changes them meanwhile.
 */

/** A file of a saved session could not be written or removed. */
export class StateError extends Data.TaggedError("StateError")<{
  readonly path: string
  readonly action: "write" | "remove" | "read"
  readonly cause: unknown
}> {
  override get message(): string {
    const why = this.cause instanceof Error ? this.cause.message : String(this.cause)
    return `cannot ${this.action} ${this.path} of a saved session: ${why}`
  }
}

const attempt = <A>(path: string, action: StateError["action"], run: () => Promise<A>) =>
  Effect.tryPromise({ try: run, catch: (cause) => new StateError({ path, action, cause }) })

const isMissing = (cause: unknown) => cause instanceof Error && "code" in cause && cause.code === "ENOENT"

const kindOf = async (path: string): Promise<"missing" | "directory" | "file" | "other"> => {
  try {
    const info = await Fs.lstat(path)
    return info.isDirectory() ? "directory" : info.isFile() ? "file" : "other"
  } catch (cause) {
    if (isMissing(cause)) return "missing"
    throw cause
  }
}

/** Walks to the directory of `path` below `root`, real directories only. False where something else is in the way. */
const walk = async (
  root: string,
  path: string,
  make: { readonly uid: number; readonly gid: number } | undefined
) => {
  let here = root
  for (const part of Path.dirname(path).split("/").filter((one) => one !== "" && one !== ".")) {
    here = Path.join(here, part)
    const kind = await kindOf(here)
    if (kind === "directory") continue
    if (make === undefined) return false
    if (kind !== "missing") await Fs.rm(here, { force: true })
    await Fs.mkdir(here, { mode: 0o700 })
    await chownWhereAllowed(here, make)
  }
  return true
}

/** Only root can give a file away; another user's files are their own already. */
const chownWhereAllowed = async (path: string, owner: { readonly uid: number; readonly gid: number }) => {
  if (process.getuid?.() === 0) await Fs.lchown(path, owner.uid, owner.gid)
}

/** Writes a file with mode 0600 by a new file and a rename: a link in its place is replaced, never followed. */
export const write = (
  root: string,
  path: string,
  content: Uint8Array | string,
  owner: { readonly uid: number; readonly gid: number },
  mode = 0o600
): Effect.Effect<void, StateError> =>
  attempt(Path.join(root, path), "write", async () => {
    await walk(root, path, owner)
    const target = Path.join(root, path)
    const fresh = Path.join(Path.dirname(target), `.clincus-${process.pid}-${Path.basename(target)}`)
    await Fs.rm(fresh, { force: true, recursive: true })
    const file = await Fs.open(
      fresh,
      constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
      mode
    )
    try {
      await file.writeFile(content)
    } finally {
      await file.close()
    }
    await chownWhereAllowed(fresh, owner)
    if (await kindOf(target) === "directory") await Fs.rm(target, { recursive: true, force: true })
    await Fs.rename(fresh, target)
  })

/** Makes a directory and those above it. */
export const makeDirectory = (
  root: string,
  path: string,
  owner: { readonly uid: number; readonly gid: number }
): Effect.Effect<void, StateError> =>
  attempt(Path.join(root, path), "write", async () => {
    await walk(root, Path.join(path, "entry"), owner)
  })

/** Removes a file, a link (not what it points to) or a directory with all that is in it. */
export const remove = (root: string, path: string): Effect.Effect<void, StateError> =>
  attempt(Path.join(root, path), "remove", async () => {
    if (await walk(root, path, undefined)) {
      await Fs.rm(Path.join(root, path), { recursive: true, force: true })
    }
  })

/** True if a regular file stands there. */
export const isFile = (root: string, path: string): Effect.Effect<boolean> =>
  attempt(
    path,
    "read",
    async () => await walk(root, path, undefined) && await kindOf(Path.join(root, path)) === "file"
  ).pipe(
    Effect.orElseSucceed(() => false)
  )

/** Text of a regular file of at most `limit` bytes; `undefined` where there is none such. */
export const read = (root: string, path: string, limit: number): Effect.Effect<string | undefined> =>
  attempt(Path.join(root, path), "read", async () => {
    if (!await walk(root, path, undefined)) return undefined
    // Without O_NONBLOCK a named pipe in the place of the file would hold us for ever.
    const file = await Fs.open(
      Path.join(root, path),
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
    )
    try {
      const info = await file.stat()
      if (!info.isFile() || info.size > limit) return undefined
      const buffer = Buffer.alloc(info.size + 1)
      const { bytesRead } = await file.read(buffer, 0, info.size + 1, 0)
      return bytesRead > limit ? undefined : buffer.toString("utf8", 0, bytesRead)
    } finally {
      await file.close()
    }
  }).pipe(Effect.orElseSucceed(() => undefined))

/** Bytes below a directory, links not followed; stops counting at `most` entries. */
export const size = (
  root: string,
  most: number
): Effect.Effect<{ readonly bytes: number; readonly complete: boolean }> =>
  attempt(root, "read", async () => {
    let bytes = 0
    let seen = 0
    const open = [root]
    for (let here = open.pop(); here !== undefined; here = open.pop()) {
      for (const entry of await Fs.readdir(here, { withFileTypes: true })) {
        if (++seen > most) return { bytes, complete: false }
        const path = Path.join(here, entry.name)
        if (entry.isDirectory()) open.push(path)
        else if (entry.isFile()) bytes += (await Fs.lstat(path)).size
      }
    }
    return { bytes, complete: true }
  }).pipe(Effect.orElseSucceed(() => ({ bytes: 0, complete: false })))
