import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { readUntrusted } from "../../../../src/host/untrusted/file.ts"

const limit = 1024

const directory = Effect.acquireRelease(
  Effect.sync(() => Fs.mkdtempSync(join(tmpdir(), "clincus-untrusted-"))),
  (path) => Effect.sync(() => Fs.rmSync(path, { recursive: true, force: true }))
)

const makePipe = (path: string) => {
  expect(spawnSync("mkfifo", [path]).status).toBe(0)
}

/** What becomes of reading `path`; whoever waits is cut off and fails. */
const outcome = (path: string, links: "refuse" | "follow" = "refuse") =>
  readUntrusted(path, limit, { links }).pipe(
    Effect.match({ onFailure: ({ reason }) => `refused: ${reason}`, onSuccess: (text) => text ?? "none" }),
    Effect.timeout("2 seconds")
  )

describe("a file that somebody else may have made", () => {
  it.live("is read where it is a plain one, whole and up to the limit", () =>
    Effect.scoped(Effect.gen(function*() {
      const path = join(yield* directory, "file")
      for (const text of ["", "a = 1\n", "\ufeffä€😀", "x".repeat(limit)]) {
        Fs.writeFileSync(path, text)
        expect(yield* outcome(path)).toBe(text)
        expect(yield* outcome(path, "follow")).toBe(text)
      }
    })))

  it.live("is none where nothing is, or something else is on the way", () =>
    Effect.scoped(Effect.gen(function*() {
      const root = yield* directory
      Fs.writeFileSync(join(root, "file"), "")
      expect(yield* outcome(join(root, "missing"))).toBe("none")
      expect(yield* outcome(join(root, "file/below"))).toBe("none")
    })))

  it.live("is refused where it is anything else, at once", () =>
    Effect.scoped(Effect.gen(function*() {
      const root = yield* directory
      const at = (name: string) => join(root, name)
      Fs.writeFileSync(at("plain"), "plain")
      Fs.symlinkSync("plain", at("link"))
      Fs.symlinkSync("nowhere", at("dangling"))
      Fs.symlinkSync("loop", at("loop"))
      makePipe(at("pipe"))
      Fs.symlinkSync("pipe", at("to-pipe"))
      Fs.mkdirSync(at("directory"))
      Fs.writeFileSync(at("large"), "x".repeat(limit + 1))
      Fs.writeFileSync(at("latin"), Buffer.from("caf\xe9", "latin1"))
      const server = createServer()
      yield* Effect.acquireRelease(
        Effect.async<void>((resume) => void server.listen(at("socket"), () => resume(Effect.void))),
        () => Effect.async<void>((resume) => void server.close(() => resume(Effect.void)))
      )
      const reasons = {
        link: "a symbolic link, which is not followed here",
        dangling: "a symbolic link, which is not followed here",
        loop: "a symbolic link, which is not followed here",
        pipe: "a named pipe, not a file",
        directory: "a directory, not a file",
        socket: "a socket or a device, not a file",
        large: `larger than ${limit} bytes`,
        latin: "not text in UTF-8"
      }
      for (const [name, reason] of Object.entries(reasons)) {
        expect([name, yield* outcome(at(name))]).toEqual([name, `refused: ${reason}`])
      }
      expect(yield* outcome("/dev/zero")).toBe("refused: a device, not a file")

      // Where links are followed, they lead to a plain file or nowhere.
      expect(yield* outcome(at("link"), "follow")).toBe("plain")
      expect(yield* outcome(at("dangling"), "follow")).toBe("none")
      expect(yield* outcome(at("loop"), "follow")).toBe("refused: a link that leads to itself")
      expect(yield* outcome(at("to-pipe"), "follow")).toBe("refused: a named pipe, not a file")
    })))
})
