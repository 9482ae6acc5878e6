import { describe, expect } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFileSync } from "node:child_process"
import * as Fs from "node:fs"
import { join } from "node:path"
import * as Library from "../support/library.ts"
import { inside } from "../support/look.ts"
import { background, run, succeeds } from "../support/program.ts"
import { give } from "../support/repository.ts"
import { World } from "../support/World.ts"

/** Mounts a directory below another one until the scope closes. */
const mounted = (source: string, at: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      for (const one of [source, at]) Fs.mkdirSync(one, { recursive: true })
      execFileSync("mount", ["--bind", source, at])
      give(at)
    }),
    () => Effect.sync(() => execFileSync("umount", ["-l", at]))
  )

describe("a mount below a workspace", () => {
  Library.test("comes along, so that what is written there is there", () =>
    Effect.gen(function*() {
      const { workspace } = yield* World
      const directory = workspace()
      const [source, at] = [`${directory}-data`, join(directory, "some data")]
      yield* mounted(source, at)
      const { container } = yield* background(directory, "--debug")
      yield* inside(
        container,
        "echo written > '/workspace/some data/file' && echo beside > /workspace/beside",
        1000
      )
      expect(Fs.readFileSync(join(source, "file"), "utf8")).toBe("written\n")
      expect(Fs.readFileSync(join(directory, "beside"), "utf8")).toBe("beside\n")
      yield* succeeds("kill", "--force", container)
    }))

  Library.test("is named before the session if it cannot come along", () =>
    Effect.gen(function*() {
      const { workspace } = yield* World
      const directory = workspace({ uid: 0, gid: 0 })
      const at = join(directory, "data")
      yield* mounted(`${directory}-data`, at)
      const started = yield* run(["shell", "--background", "--debug", "--format", "json"], { directory })
      expect(started.stderr).toContain(`Note: ${at} is a mount of its own, which the session does not see`)
    }))
})
