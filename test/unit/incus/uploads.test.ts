import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { IncusService } from "../../../src/incus/IncusService.ts"
import { faultyServer, operation, type Reply, withClient } from "./support/faultyServer.ts"

const fingerprint = "a".repeat(64)

/** A daemon that takes images, and a directory with a file `image.tar` and a directory `directory`. */
const setUp = (upload: Reply = { operation: "import" }) =>
  Effect.gen(function*() {
    const directory = yield* Effect.acquireRelease(
      Effect.sync(() => Fs.mkdtempSync(join(tmpdir(), "clincus-upload-"))),
      (path) => Effect.sync(() => Fs.rmSync(path, { recursive: true }))
    )
    Fs.writeFileSync(join(directory, "image.tar"), "bytes of an image")
    Fs.mkdirSync(join(directory, "directory"))
    const { requests, socket } = yield* faultyServer(({ method, path }) =>
      method === "POST"
        ? upload
        : path.endsWith("/wait")
        ? { sync: operation("import", { metadata: { fingerprint } }) }
        : { sync: [] }
    )
    const { images } = yield* IncusService.pipe(withClient(socket))
    return { images, requests, path: (name: string) => join(directory, name) }
  })

describe("an upload", () => {
  it.live("sends the file", () =>
    Effect.scoped(Effect.gen(function*() {
      const { images, path, requests } = yield* setUp()
      expect(yield* images.importFile(path("image.tar"), {})).toBe(fingerprint)
      expect(requests.find(({ method }) => method === "POST")?.body).toBe("bytes of an image")
    })))

  for (const [name, reason] of [["missing", /ENOENT/], ["directory", /EISDIR/]] as const) {
    it.live(`of a file that cannot be read (${name}) names the file, not Incus`, () =>
      Effect.scoped(Effect.gen(function*() {
        const { images, path } = yield* setUp()
        const expected = {
          _tag: "LocalFileError",
          path: path(name),
          message: expect.stringMatching(new RegExp(`cannot read ${path(name)}.*${reason.source}`))
        }
        expect(yield* Effect.flip(images.importFile(path(name), {}))).toMatchObject(expected)
        expect(yield* Effect.flip(images.importSplit(path("image.tar"), path(name), {}))).toMatchObject(
          expected
        )
      })))
  }

  it.live("whose connection is cut does not name the file", () =>
    Effect.scoped(Effect.gen(function*() {
      const { images, path } = yield* setUp("cut")
      expect(yield* Effect.flip(images.importFile(path("image.tar"), {}))).toMatchObject({
        _tag: "IncusConnectionLost"
      })
    })))

  it.live("in two parts separates them by a boundary that is another each time", () =>
    Effect.scoped(Effect.gen(function*() {
      const { images, path, requests } = yield* setUp()
      yield* images.importSplit(path("image.tar"), path("image.tar"), {})
      yield* images.importSplit(path("image.tar"), path("image.tar"), {})
      const sent = requests.filter(({ method }) => method === "POST")
      const boundaries = sent.map(({ headers }) =>
        /boundary=(\S{30,70})$/.exec(headers["content-type"] ?? "")?.[1]
      )
      expect(new Set(boundaries).size).toBe(2)
      sent.forEach(({ body }, index) => {
        const parts = body.split(`--${boundaries[index]}`)
        expect(parts).toHaveLength(4)
        expect(parts.filter((part) => part.includes("\r\n\r\nbytes of an image\r\n"))).toHaveLength(2)
      })
    })))
})
