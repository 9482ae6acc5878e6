import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import { isRelativePath } from "../../domain/RelativePath.ts"
import { codeOf, isUnsupported } from "../codeOf.ts"
import { quote } from "../shell.ts"
import { at, closing, missing, openAnyhow, openForReading, unless } from "./descriptors.ts"

/** The steps that all functions on a directory that a container writes are made of: see StateDirectory.ts. */

/**
 * A file of a saved session could not be written, read or removed. `path` is where it is on the host.
 *
 * @see EndFailure
 */
export class StateError extends Data.TaggedError("StateError")<{
  readonly path: string
  readonly action: "write" | "remove" | "read"
  readonly cause: unknown
}> {
  /** True if the rights of this user do not suffice: it belongs to another user, of the container perhaps. */
  get denied(): boolean {
    return ["EACCES", "EPERM"].includes(codeOf(this.cause))
  }
  override get message(): string {
    const why = this.denied
      ? "it belongs to another user"
      : this.cause instanceof Error
      ? this.cause.message
      : String(this.cause)
    return `cannot ${this.action} ${this.path} of a saved session: ${why}`
  }
  get hint(): string | undefined {
    return this.action === "remove"
      ? `Remove it: sudo rm -rf -- ${quote(this.path)}`
      : undefined
  }
}

/**
 * The user outside who owns what is written.
 *
 * @example
 * import * as Clincus from "clincus"
 *
 * // As chown(1) takes it.
 * export const asText = ({ gid, uid }: Clincus.Owner): string => `${uid}:${gid}`
 *
 * export const owner = asText({ uid: 1000, gid: 100 })
 * // => "1000:100"
 */
export interface Owner {
  readonly uid: number
  readonly gid: number
}

export const attempt = <A>(path: string, action: StateError["action"], run: () => A) =>
  Effect.try({ try: run, catch: (cause) => new StateError({ path, action, cause }) })

/** Lets timers, signals and all else that waits have their turn; a mere yield to other fibers would not. */
export const nextTurn: Effect.Effect<void> = Effect.async((resume) => {
  const turn = setImmediate(() => resume(Effect.void))
  return Effect.sync(() => clearImmediate(turn))
})

/** Drives steps that may be many: others get their turn, and after an interrupt no further step is made. */
export const drive = <A>(
  path: string,
  action: StateError["action"],
  begin: () => Generator<void, A>
): Effect.Effect<A, StateError> =>
  Effect.suspend(() => {
    const steps: Iterator<void, A> = begin()
    const step = attempt(path, action, () => steps.next())
    return Effect.gen(function*() {
      for (;;) {
        const { done, value } = yield* step
        if (done === true) return value
        yield* nextTurn
      }
    }).pipe(Effect.ensuring(attempt(path, action, () => steps.return?.()).pipe(Effect.ignore)))
  })

/** Returns when what was written to an open file, or changed in an open directory, is on the disk: see fsync(2). */
export const synced = (path: string, action: StateError["action"], descriptor: number) =>
  Effect.async<void, StateError>((resume) =>
    Fs.fsync(descriptor, (cause) => {
      const failed = cause !== null && !isUnsupported(cause)
      resume(failed ? Effect.fail(new StateError({ path, action, cause })) : Effect.void)
    })
    // The descriptor is in use until then, so nobody may close it.
  ).pipe(Effect.uninterruptible)

export const checked = (path: string): ReadonlyArray<string> => {
  if (!isRelativePath(path)) throw new Error(`'${path}' is not a path below it`)
  return path.split("/")
}

/** Only root can give a file away; another user's files are their own already. */
export const give = (descriptor: number, owner: Owner) => {
  if (process.getuid?.() === 0) Fs.fchownSync(descriptor, owner.uid, owner.gid)
}

/** Enters a directory in an open one; nothing if there is no such directory. */
export type Enter = (parent: number, name: string) => number | undefined

export const enterExisting: Enter = (parent, name) =>
  unless(missing, () => openAnyhow(at(parent, name), 0o500))

/** Walks down from `root` and opens the last directory, or nothing if the way is not there. The caller closes it. */
export const openWithin = (
  root: string,
  parts: ReadonlyArray<string>,
  enter: Enter,
  needed: 0o500 | 0o700 = 0o500
): number | undefined =>
  parts.reduce(
    (here: number | undefined, part) =>
      here === undefined ? undefined : closing(here, (parent) => enter(parent, part)),
    unless(missing, () => openAnyhow(root, needed))
  )

/** Walks down from `root` and hands over the last directory, or nothing if the way is not there. */
export const within = <A>(
  root: string,
  parts: ReadonlyArray<string>,
  enter: Enter,
  use: (directory: number) => A
): A | undefined => {
  const directory = openWithin(root, parts, enter)
  return directory === undefined ? undefined : closing(directory, use)
}

/** The directory that a path is in, and its last name. */
export const splitLast = (path: string) => {
  const parts = checked(path)
  return { above: parts.slice(0, -1), last: parts.at(-1) ?? "" }
}

export const withFile = <A>(
  root: string,
  path: string,
  use: (descriptor: number, info: { readonly size: number }) => A
): A | undefined => {
  const { above, last } = splitLast(path)
  return within(root, above, enterExisting, (directory) => {
    const file = unless([...missing, "EACCES", "ENXIO"], () => openForReading(at(directory, last)))
    return file === undefined ? undefined : closing(file, () => {
      const info = Fs.fstatSync(file)
      return info.isFile() ? use(file, info) : undefined
    })
  })
}

export const readStart = (file: number, most: number): string => {
  const buffer = Buffer.alloc(most)
  let length = 0
  for (;;) {
    const got = Fs.readSync(file, buffer, length, most - length, length)
    length += got
    if (got === 0 || length === most) return buffer.toString("utf8", 0, length)
  }
}
