import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { posix } from "node:path"
import type { HostProcess } from "../../domain/HostProcess.ts"
import { StateFiles } from "../stateFiles.ts"
import { makeFileSystem, onTree } from "./fileSystem.ts"
import { makeStateFiles } from "./stateFiles.ts"
import { below, type DiskFault, makeAll, makeTree, newFile, newLink, type Rights } from "./tree.ts"

/**
 * What a twin of the disk is at first.
 *
 * @see memoryDisk
 */
export interface MemoryDiskOptions {
  /** Whom what is made belongs to; 1000 and 1000 unless given. */
  readonly user?: Pick<Rights, "uid" | "gid">
  /** Text of files by their paths. */
  readonly files?: Readonly<Record<string, string>>
}

/**
 * A disk in memory, from behind: what a test puts on it and sees of it.
 *
 * @example
 * import * as FileSystem from "@effect/platform/FileSystem"
 * import * as Testing from "clincus/testing"
 * import * as Effect from "effect/Effect"
 * import * as Option from "effect/Option"
 *
 * export const seen = Effect.gen(function*() {
 *   const disk = yield* Testing.MemoryDisk
 *   const files = yield* FileSystem.FileSystem
 *   yield* disk.put("/etc/motd", "hello\n", { mode: 0o600 })
 *   yield* files.writeFileString("/tmp.txt", "from the program")
 *   return [yield* files.readFileString("/etc/motd"), Option.getOrThrow(yield* disk.read("/tmp.txt"))]
 * }).pipe(Effect.provide(Testing.memoryDisk()))
 * // => ["hello\n", "from the program"]
 */
export class MemoryDisk extends Context.Tag("clincus/MemoryDisk")<MemoryDisk, {
  /** Puts a file there, over what stands in its place, with the directories above it. */
  readonly put: (path: string, content: string | Uint8Array, rights?: Partial<Rights>) => Effect.Effect<void>
  /** Makes a directory and those above it. */
  readonly makeDirectory: (path: string, rights?: Partial<Rights>) => Effect.Effect<void>
  /** Makes a symbolic link at `path` that leads to `target`. */
  readonly link: (path: string, target: string) => Effect.Effect<void>
  /** Text of a file. */
  readonly read: (path: string) => Effect.Effect<Option.Option<string>>
  /** Paths of everything below a directory but directories, sorted; none if there is no such directory. */
  readonly list: (path: string) => Effect.Effect<ReadonlyArray<string>>
  /** Lets every change fail from now on, or none any more. */
  readonly fault: (fault: DiskFault | undefined) => Effect.Effect<void>
  /** Makes another process of this one: who has noted this one before finds that it has died. */
  readonly reborn: Effect.Effect<void>
  /** A process of this machine that has died, and another one that is alive. */
  readonly dead: HostProcess
  readonly alive: HostProcess
}>() {}

const boot = "0d3c1e2a-5b6f-4a70-9c81-d2e3f4a5b6c7"
const namespace = "pid:[4026531836]"
/** Beyond the largest that Linux gives to a process, so that nobody else has it; see proc(5). */
const beyond = 4_194_305

/** A line of /proc/PID/stat, of which the start is the 22nd field. */
const statOf = (pid: number, started: string) => `${pid} (node) S ${"0 ".repeat(18)}${started} 0\n`

const make = ({ files = {}, user = { uid: 1000, gid: 1000 } }: MemoryDiskOptions) =>
  Effect.gen(function*() {
    const tree = makeTree(yield* Clock.currentTimeMillis)
    const put = (path: string, content: string | Uint8Array, rights: Partial<Rights> = user) =>
      Effect.orDie(onTree(tree, () => {
        const bytes = typeof content === "string" ? Buffer.from(content) : content
        makeAll(tree, posix.dirname(path), rights).entries.set(
          posix.basename(path),
          newFile(bytes, rights, tree.now)
        )
      }))
    const link = (path: string, target: string) =>
      Effect.orDie(onTree(tree, () =>
        void makeAll(tree, posix.dirname(path), user).entries.set(
          posix.basename(path),
          newLink(target, user, tree.now)
        )))

    const alive = { pid: beyond, started: "100", boot, namespace }
    const root = { uid: 0, gid: 0 }
    yield* put("/proc/sys/kernel/random/boot_id", `${boot}\n`, root)
    yield* put(`/proc/${alive.pid}/stat`, statOf(alive.pid, alive.started), root)
    let started = 200
    const live = Effect.forEach(["self", String(process.pid)], (own) =>
      put(`/proc/${own}/stat`, statOf(process.pid, String(started)), root), { discard: true })
    yield* live
    yield* link("/proc/self/ns/pid", namespace)
    for (const [path, text] of Object.entries(files)) {
      yield* put(path, text)
    }

    return Context.make(FileSystem.FileSystem, makeFileSystem(tree, user)).pipe(
      Context.add(StateFiles, makeStateFiles(tree)),
      Context.add(MemoryDisk, {
        put,
        makeDirectory: (path, rights = user) =>
          Effect.asVoid(Effect.orDie(onTree(tree, () =>
            makeAll(tree, path, rights)))),
        link,
        read: (path) =>
          Effect.option(onTree(tree, () =>
            tree.find(path, true))).pipe(
              Effect.map(
                Option.filterMap((entry) =>
                  entry.kind === "file"
                    ? Option.some(Buffer.from(entry.bytes).toString("utf8"))
                    : Option.none()
                )
              )
            ),
        list: (path) =>
          onTree(tree, () => tree.find(path, true)).pipe(
            Effect.map((entry) =>
              entry.kind !== "directory" ?
                [] :
                [...below(entry)].flatMap((one) => one.entry.kind === "directory" ? [] : [one.path])
                  .toSorted()
            ),
            Effect.orElseSucceed(() => [])
          ),
        fault: (fault) =>
          Effect.sync(() => {
            tree.fault = fault
          }),
        reborn: Effect.suspend(() => {
          started += 1
          return live
        }),
        dead: { ...alive, pid: beyond + 1 },
        alive
      })
    )
  })

/**
 * A disk in memory: the FileSystem and the files of sessions on one tree, as far as sessions use them. Nobody is kept from
 * anything by its rights, which are only noted; a `fault` makes changes fail. Times are the Clock's.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Testing from "clincus/testing"
 * import * as Effect from "effect/Effect"
 *
 * export const onFullDisk = Effect.gen(function*() {
 *   const disk = yield* Testing.MemoryDisk
 *   const sessions = yield* Clincus.Sessions
 *   yield* disk.fault({ code: "ENOSPC" })
 *   return yield* Effect.flip(sessions.start({ workspace: "/home/me/project" }))
 * }).pipe(Effect.scoped, Effect.provide(Testing.memorySessions({ files: { "/home/me/project/a": "" } })))
 */
export const memoryDisk = (
  options: MemoryDiskOptions = {}
): Layer.Layer<FileSystem.FileSystem | Path.Path | MemoryDisk> =>
  Layer.merge(Layer.effectContext(make(options)), Path.layer)
