import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { execFileSync } from "node:child_process"
import * as Fs from "node:fs"
import { join } from "node:path"
import { codeOf } from "../../src/host/codeOf.ts"

const mount = (...args: ReadonlyArray<string>) =>
  Effect.sync(() => void execFileSync("mount", args, { stdio: ["ignore", "ignore", "inherit"] }))

/** Mounts a disk of 2 MiB on a directory; unmounted with the scope. */
export const smallDisk = (at: string): Effect.Effect<void, never, Scope.Scope> =>
  Effect.acquireRelease(
    mount("-t", "tmpfs", "-o", "size=2m,mode=700", "clincus-faults", at),
    () => Effect.sync(() => void execFileSync("umount", ["-l", at]))
  )

/** Makes a mounted directory read-only for whoever comes by this mount, as the host does and no container. */
export const readOnly = (at: string) => mount("-o", "remount,bind,ro", at)
export const writable = (at: string) => mount("-o", "remount,bind,rw", at)

const filler = (at: string) => join(at, "filler")

/** Fills a disk up but for so many bytes, in whole pages. */
export const fill = (at: string, free: number) =>
  Effect.sync(() => {
    const file = Fs.openSync(filler(at), "a")
    const page = Buffer.alloc(4096, "x")
    try {
      for (;;) Fs.writeSync(file, page)
    } catch (cause) {
      if (codeOf(cause) !== "ENOSPC") throw cause
      Fs.ftruncateSync(file, Math.max(0, Fs.fstatSync(file).size - free))
    } finally {
      Fs.closeSync(file)
    }
  })

/** Gives the space back. */
export const empty = (at: string) => Effect.sync(() => Fs.rmSync(filler(at), { force: true }))
