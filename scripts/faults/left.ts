import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { join } from "node:path"
import { parseMetadata } from "../../src/domain/Metadata.ts"
import { parseRun, type RunRecord } from "../../src/domain/Run.ts"
import { IncusService } from "../../src/incus/IncusService.ts"
import type { Instance } from "../../src/incus/schemas.ts"
import { World } from "../../test/daemon/support/World.ts"
import { Bench } from "./Bench.ts"
import { filesBelow, namesIn, textOf } from "./files.ts"

/** What there is in a world at one moment. */
export interface Left {
  readonly instances: ReadonlyArray<Instance>
  /** Files of `open/`; none where the text is no record. */
  readonly records: ReadonlyArray<{ readonly file: string; readonly record: Option.Option<RunRecord> }>
  /** Files of `locks/` with their text. */
  readonly locks: ReadonlyArray<readonly [file: string, text: string]>
  /** Directories of saved sessions. */
  readonly sessions: ReadonlyArray<{
    readonly id: string
    readonly directory: string
    readonly metadata: ReturnType<typeof parseMetadata>
  }>
  /** All files of the directory of saved sessions. */
  readonly files: ReadonlyMap<string, string>
}

/** The label of an instance. */
export const label = ({ config }: Instance, key: string): string | undefined => config[`user.clincus.${key}`]

/** True for a persistent container that is off, as it is between its sessions. */
export const isKept = (instance: Instance): boolean =>
  instance.status === "Stopped" && label(instance, "persistent") === "true"

/** The instances of this world, whatever their state. */
export const instances = Effect.gen(function*() {
  const { prefix } = yield* World
  const incus = yield* IncusService
  return (yield* incus.instances.list).filter(({ name }) => name.startsWith(prefix))
})

/** Looks at all of it. */
export const look = Effect.gen(function*() {
  const { saved } = yield* World
  const open = join(saved, "open")
  const locks = join(saved, "locks")
  const folder = join(saved, "sessions-fake")
  return {
    instances: yield* instances,
    records: namesIn(open).map((file) => ({ file, record: parseRun(textOf(join(open, file))) })),
    locks: namesIn(locks).map((file) => [file, textOf(join(locks, file))]),
    sessions: namesIn(folder).map((id) => ({
      id,
      directory: join(folder, id),
      metadata: parseMetadata(textOf(join(folder, id, "metadata.json")))
    })),
    files: filesBelow(saved)
  } satisfies Left
})

/** Tells of containers that are left by a command that was to leave none. */
export const noContainerLeft = (line: string) =>
  Effect.gen(function*() {
    const { wrong } = yield* Bench
    const left = (yield* instances).filter((instance) => !isKept(instance))
    if (left.length > 0) {
      yield* wrong(
        "not undone at once",
        `${line} left ${left.map(({ name, status }) => `${name} (${status})`).join(", ")}`
      )
    }
  })

/** Tells whatever is left by a command that says that it has undone all of what it did. */
export const nothingLeft = (line: string) =>
  Effect.gen(function*() {
    const { planted, wrong } = yield* Bench
    yield* noContainerLeft(line)
    const { records, sessions } = yield* look
    const known = new Set([planted.other.id, planted.resumable.id])
    const left = [
      ...records.map(({ file }) => `open/${file}`),
      ...sessions.filter(({ id }) => !known.has(id)).map(({ id }) => `sessions-fake/${id}`)
    ]
    if (left.length > 0) yield* wrong("not undone at once", `${line} left ${left.join(", ")}`)
  })
