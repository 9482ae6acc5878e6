import type * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { durableFiles } from "../host/durableFiles.ts"
import { inTurn } from "../host/mutex.ts"
import { readUntrusted } from "../host/stateFiles.ts"
import { TrustNotSaved } from "./errors.ts"
import type { FileRequest, Withheld } from "./Settings.ts"

/**
 * What the user has granted to a workspace's own file: for one path and one content, so that another file in its place
 * has to ask again, and only what was shown, so that it never gets what was moot when it was asked about.
 *
 * @example
 * import * as Clincus from "clincus"
 *
 * export const describe = ({ granted_at, keys, workspace }: Clincus.Grant): string =>
 *   `${workspace}: ${keys.join(", ")} since ${granted_at.toISOString()}`
 */
export const Grant = Schema.Struct({
  /** Real path on the host. */
  workspace: Schema.NonEmptyString,
  /** SHA-256 of the file's bytes, in hex. */
  sha256: Schema.String.pipe(Schema.pattern(/^[0-9a-f]{64}$/)),
  /** Keys, and `tool.permission` if the tool may act without asking although the user's own one may not. */
  keys: Schema.Array(Schema.String),
  /** ISO 8601, UTC. */
  granted_at: Schema.Date
})
export type Grant = typeof Grant.Type

const TrustFile = Schema.Struct({ version: Schema.Literal(1), granted: Schema.Array(Grant) })
const decode = Schema.decodeUnknownOption(Schema.parseJson(TrustFile))
const encode = Schema.encodeSync(TrustFile)

/** Thousands of grants fit in (bytes). */
const limit = 4 * 1024 * 1024

const fileIn = (sessionsDirectory: string) =>
  Effect.map(Path.Path, (path) => path.join(sessionsDirectory, "trusted.json"))

/**
 * All that is granted, as `trusted.json` in the directory of saved sessions has it. A damaged file grants nothing.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Effect from "effect/Effect"
 *
 * export const trusted = Clincus.readGrants("/home/ada/.clincus").pipe(
 *   Effect.map((grants) => grants.map(({ workspace }) => workspace))
 * )
 */
export const readGrants = (
  sessionsDirectory: string
): Effect.Effect<ReadonlyArray<Grant>, never, Path.Path> =>
  Effect.gen(function*() {
    const file = yield* fileIn(sessionsDirectory)
    const text = yield* readUntrusted(file, limit)
    if (text === undefined) return []
    const decoded = decode(text)
    if (Option.isSome(decoded)) return decoded.value.granted
    yield* Effect.logWarning(`${file} is damaged: it counts as empty`)
    return []
  }).pipe(
    Effect.catchTag("FileRefused", (refused) =>
      Effect.as(Effect.logWarning(`${refused.message}: it counts as empty`), []))
  )

/** What a grant has to name for a request to be in force. */
const covers = ({ key, unasked }: FileRequest): ReadonlyArray<string> =>
  unasked ? [key, "tool.permission"] : [key]

/** Whether a request of the file with this content is granted. */
export const isGranted = (
  grants: ReadonlyArray<Grant>,
  file: Pick<Withheld, "workspace" | "sha256">,
  request: FileRequest
): boolean => {
  const keys = grants.filter(({ sha256, workspace }) =>
    workspace === file.workspace && sha256 === file.sha256
  )
    .flatMap((grant) => grant.keys)
  return covers(request).every((key) => keys.includes(key))
}

/** Nobody holds the lock longer than it takes to write a small file. */
const patience = "10 seconds"

/** Replaces what is granted by what `next` makes of it, while no other process does so. Gives what `next` gives beside. */
const change = <A>(
  sessionsDirectory: string,
  next: (before: ReadonlyArray<Grant>) => { readonly granted: ReadonlyArray<Grant>; readonly result: A }
): Effect.Effect<A, TrustNotSaved, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function*() {
    const path = yield* Path.Path
    const files = yield* durableFiles
    const file = yield* fileIn(sessionsDirectory)
    const locks = path.join(sessionsDirectory, "locks")
    yield* files.makePrivate(locks)
    // A look at the names clears away what was begun to be written there.
    yield* files.names(sessionsDirectory)
    return yield* inTurn(
      files,
      path.join(locks, path.basename(file)),
      Effect.gen(function*() {
        const { granted, result } = next(yield* readGrants(sessionsDirectory))
        yield* files.replace(file, `${JSON.stringify(encode({ version: 1, granted }), undefined, 2)}\n`)
        return result
      }),
      patience
    )
  }).pipe(
    Effect.mapError(({ reason }) => new TrustNotSaved({ directory: sessionsDirectory, reason }))
  )

/**
 * Remembers that the user grants all requests of `withheld`.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 *
 * export const grant = Effect.gen(function*() {
 *   const { load } = yield* Clincus.ConfigService
 *   const { settings, withheld } = yield* load({ workspace: "/home/ada/project" })
 *   if (withheld !== undefined) yield* Clincus.grantRequests(settings.paths.sessions_dir, withheld)
 * }).pipe(Effect.catchTag("TrustNotSaved", ({ directory }) => Console.error(`${directory} cannot be written`)))
 */
export const grantRequests = (
  sessionsDirectory: string,
  { requests, sha256, workspace }: Withheld
): Effect.Effect<void, TrustNotSaved, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function*() {
    const granted_at = new Date(yield* Clock.currentTimeMillis)
    const isSame = (one: Grant) => one.workspace === workspace && one.sha256 === sha256
    yield* change(sessionsDirectory, (before) => {
      const keys = new Set([
        ...before.filter(isSame).flatMap((grant) => grant.keys),
        ...requests.flatMap(covers)
      ])
      return {
        granted: [
          ...before.filter((one) => !isSame(one)),
          { workspace, sha256, keys: [...keys], granted_at }
        ],
        result: undefined
      }
    })
  })

/**
 * Takes back what was granted to a workspace, whatever its file says now; of all workspaces without one. Gives that.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Effect from "effect/Effect"
 *
 * export const revoke = Clincus.revokeGrants("/home/ada/.clincus", "/home/ada/project").pipe(
 *   Effect.map((taken) => taken.flatMap(({ keys }) => keys))
 * )
 */
export const revokeGrants = (
  sessionsDirectory: string,
  workspace: string | undefined
): Effect.Effect<ReadonlyArray<Grant>, TrustNotSaved, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function*() {
    const goes = (one: Grant) => workspace === undefined || one.workspace === workspace
    // If there is nothing to take back, nothing has to be written.
    if (!(yield* readGrants(sessionsDirectory)).some(goes)) return []
    return yield* change(sessionsDirectory, (before) => ({
      granted: before.filter((one) => !goes(one)),
      result: before.filter(goes)
    }))
  })
