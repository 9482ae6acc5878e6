import { describe, expect } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import { join } from "node:path"
import { IncusService } from "../../../src/incus/IncusService.ts"
import * as Library from "../support/library.ts"
import { inside } from "../support/look.ts"
import { background, run, succeeds } from "../support/program.ts"
import { give } from "../support/repository.ts"
import { World } from "../support/World.ts"

const secret = "hidden-from-sessions"

const files = [".env", "sub/.env", "deep/down/key.pem", "secrets/a/b"]

const withSecrets = (directory: string) => {
  for (const file of files) {
    Fs.mkdirSync(join(directory, file, ".."), { recursive: true })
    Fs.writeFileSync(join(directory, file), secret)
  }
  Fs.writeFileSync(join(directory, "shown.txt"), "shown")
  give(directory)
}

/** Ways to get at what is hidden, each of which prints all that it finds. */
const ways: ReadonlyArray<string> = [
  "grep -rs hidden-from /workspace",
  "cat /workspace/.env /workspace/sub/.env /workspace/secrets/a/b",
  "umount -l /workspace/.env; cat /workspace/.env",
  "mount --bind /workspace /mnt; grep -rs hidden-from /mnt",
  "unshare -Urm bash -c 'umount -l /workspace/.env; mount --bind /workspace /mnt; mount --rbind /workspace /mnt; umount -l /mnt/.env; grep -rs hidden-from /mnt /workspace'",
  "unshare -m bash -c 'umount -l /workspace/.env; cat /workspace/.env'",
  "mv /workspace/.env /workspace/moved; cat /workspace/moved",
  "mv /workspace/sub /workspace/moved; cat /workspace/moved/.env; mv /workspace/moved /workspace/sub",
  "ln /workspace/.env /workspace/linked; cat /workspace/linked",
  "rm -f /workspace/.env; rm -rf /workspace/secrets; grep -rs hidden-from /workspace",
  "grep -rs hidden-from /proc/1/root/workspace /proc/1/cwd/workspace",
  "mount -o remount,rw /workspace/.env; cat /workspace/.env",
  "nsenter -t 1 -m -- sh -c 'umount -l /workspace/.env; cat /workspace/.env'"
]

describe("what is hidden", () => {
  Library.test(
    "looks empty, and is not to be had by the tool or by root in the container",
    () =>
      Effect.gen(function*() {
        const { configuration, configure, workspace } = yield* World
        const { exec } = yield* IncusService
        yield* configure(`${configuration}\n[security]\nhide = [".env", "*.pem", "secrets/"]\n`)
        const directory = workspace()
        withSecrets(directory)
        const { container } = yield* background(directory, "--debug")
        expect(
          yield* inside(
            container,
            "cd /workspace && stat -c '%F %s' .env deep/down/key.pem && ls -A secrets && cat shown.txt && touch new && ! touch secrets/new 2>&1",
            1000
          )
        ).toMatch(/^regular empty file 0\nregular empty file 0\nshown/)
        for (const way of ways) {
          for (const user of [0, 1000]) {
            const { stderr, stdout } = yield* exec.run(container, {
              command: ["bash", "-c", way],
              user,
              group: user,
              environment: {}
            })
            expect([way, user, `${stdout}${stderr}`.includes(secret)]).toEqual([way, user, false])
          }
        }
        yield* succeeds("kill", "--force", container)
        for (const file of files) {
          expect([file, Fs.readFileSync(join(directory, file), "utf8")]).toEqual([file, secret])
        }
        // The control: without the configuration all of it is there.
        yield* configure(configuration)
        const open = yield* background(directory, "--debug")
        expect((yield* inside(open.container, "grep -rsl hidden-from /workspace", 1000)).trim().split("\n"))
          .toHaveLength(files.length)
      }),
    60_000
  )

  Library.test("is more for a workspace's own file, and never less", () =>
    Effect.gen(function*() {
      const { configuration, configure, workspace } = yield* World
      yield* configure(`${configuration}\n[security]\nhide = [".env"]\n`)
      const directory = workspace({ config: "[security]\nhide = [\"*.pem\"]\n" })
      withSecrets(directory)
      const { container } = yield* background(directory, "--debug", "--no-protect")
      expect((yield* inside(container, "grep -rsl hidden-from /workspace", 1000)).trim()).toBe(
        "/workspace/secrets/a/b"
      )
      yield* succeeds("kill", "--force", container)
      Fs.writeFileSync(join(directory, ".clincus.toml"), "[security]\nhide = [\"!.env\"]\n")
      const refused = yield* run(["shell", "--background", "--debug"], { directory })
      expect(refused).toMatchObject({
        status: 1,
        stderr: expect.stringContaining("without one that begins with '!'")
      })
    }))

  Library.test("is not started without, if a link leads to what would be seen", () =>
    Effect.gen(function*() {
      const { configuration, configure, workspace } = yield* World
      yield* configure(`${configuration}\n[security]\nhide = [".env"]\n`)
      const directory = workspace()
      Fs.writeFileSync(join(directory, "real"), secret)
      Fs.symlinkSync("real", join(directory, ".env"))
      give(directory)
      const refused = yield* run(["shell", "--background", "--debug"], { directory })
      expect(refused).toMatchObject({
        status: 1,
        stderr: expect.stringContaining(
          `${directory}/.env is to be hidden, and is a link to real, which is not hidden`
        )
      })
      yield* configure(`${configuration}\n[security]\nhide = [".env", "/real"]\n`)
      const { container } = yield* background(directory, "--debug")
      expect(yield* inside(container, "cat /workspace/.env")).toBe("")
    }))
})
