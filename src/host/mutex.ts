import type * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import { createHash } from "node:crypto"
import { isGivenUp, parseProcess, unseenLimit } from "../domain/HostProcess.ts"
import { type DurableFiles, FileFailed } from "./durableFiles.ts"
import { ownProcess, stateOfProcess } from "./process.ts"

/**
 * Locks between processes: a lock is a file that says who holds it. There is no way to replace a file only while it has a
 * certain text, so a dead holder's lock is taken over under a second lock, which is that holder's alone.
 */

/** The lock under which the lock of a holder that died is taken over. No two holders have the same text. */
export const heirFile = (file: string, holder: string): string =>
  `${file}~${createHash("sha256").update(holder).digest("hex").slice(0, 16)}`

/** Whether nobody will go on with what a lock is held for: its holder died, or cannot be looked for since long ago. */
const isAbandoned = (files: DurableFiles, file: string, text: string) =>
  Effect.gen(function*() {
    const holder = parseProcess(text)
    // A text that cannot be read names nobody who could be looked for.
    const state = Option.isSome(holder) ? yield* stateOfProcess(holder.value) : "unknown"
    if (state !== "unknown") return state === "dead"
    return isGivenUp(state, Option.getOrElse(yield* files.age(file), () => 0))
  })

const take = (
  files: DurableFiles,
  file: string,
  text: string
): Effect.Effect<boolean, FileFailed, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function*() {
    if (yield* files.claim(file, text)) return true
    const holder = yield* files.read(file)
    if (Option.isNone(holder) || !(yield* isAbandoned(files, file, holder.value))) return false
    // Another process that saw that may have the lock by now. So one at a time looks again, and changes it.
    const taken = yield* exclusively(
      files,
      heirFile(file, holder.value),
      Effect.gen(function*() {
        if (!Option.contains(yield* files.read(file), holder.value)) return false
        yield* files.replace(file, text)
        return true
      })
    )
    return Option.getOrElse(taken, () => false)
  })

/** Removes what those left who died while they took the lock over: none of them can have it any more. */
const tidy = (files: DurableFiles, file: string) =>
  Effect.gen(function*() {
    const path = yield* Path.Path
    const directory = path.dirname(file)
    const heirs = (yield* files.names(directory)).filter((name) => name.startsWith(`${path.basename(file)}~`))
    yield* Effect.forEach(heirs, (name) => files.remove(path.join(directory, name)), { discard: true })
  }).pipe(Effect.ignore)

/** Gives the lock up, while it is still ours. */
const release = (files: DurableFiles, file: string, text: string) =>
  Effect.flatMap(
    files.read(file),
    (now) => Option.contains(now, text) ? Effect.ignore(files.remove(file)) : Effect.void
  )

/**
 * Runs an effect while nobody else runs one under the same file, in this process or in another, or gives none at once
 * if somebody does. A process that died holding it loses it to the next one; a process that cannot be looked for, in
 * another namespace of pids for instance, does so after a quarter of an hour.
 */
export const exclusively = <A, E, R>(
  files: DurableFiles,
  file: string,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<Option.Option<A>, E | FileFailed, R | FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function*() {
    const turn = yield* Random.nextIntBetween(0, 2 ** 48)
    const text = JSON.stringify({ ...(yield* ownProcess), turn })
    return yield* Effect.acquireUseRelease(
      take(files, file, text),
      (ours) =>
        ours ? Effect.zipRight(tidy(files, file), Effect.asSome(effect)) : Effect.succeed(Option.none<A>()),
      (ours) => ours ? release(files, file, text) : Effect.void
    )
  })

/** Who holds a lock, for a message. */
const holderOf = (files: DurableFiles, file: string) =>
  Effect.map(files.read(file), (text) =>
    Option.match(Option.flatMap(text, parseProcess), {
      onNone: () => "another process",
      onSome: ({ pid }) => `process ${pid}`
    }))

/**
 * The same, but waits for its turn, and fails if that does not come within `patience`: unless said, a little longer than a
 * holder that cannot be looked for keeps its lock.
 */
export const inTurn = <A, E, R>(
  files: DurableFiles,
  file: string,
  effect: Effect.Effect<A, E, R>,
  patience: Duration.DurationInput = Duration.millis(unseenLimit + 10_000)
): Effect.Effect<A, E | FileFailed, R | FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function*() {
    const limit = Duration.toMillis(patience)
    const begun = yield* Clock.currentTimeMillis
    for (;;) {
      const done = yield* exclusively(files, file, effect)
      if (Option.isSome(done)) return done.value
      if ((yield* Clock.currentTimeMillis) - begun > limit) {
        const holder = yield* holderOf(files, file)
        return yield* new FileFailed({
          path: file,
          reason: `${holder} has held it for more than ${
            Duration.format(Duration.seconds(Math.round(limit / 1000)))
          }`
        })
      }
      yield* Effect.sleep(yield* Random.nextIntBetween(20, 60))
    }
  })
