import * as NodeFileSystem from "@effect/platform-node-shared/NodeFileSystem"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { IncusRequestError, NameTaken } from "../../../src/incus/errors.ts"
import { explainStart } from "../../../src/session/startFailure.ts"

describe("a container that did not start", () => {
  it.scoped("is told of by the path that it was to hold and that is gone, before limits are blamed", () =>
    Effect.gen(function*() {
      const root = yield* Effect.acquireRelease(
        Effect.sync(() => Fs.mkdtempSync(join(tmpdir(), "clincus-gone-"))),
        (directory) => Effect.sync(() => Fs.rmSync(directory, { recursive: true }))
      )
      const refused = new IncusRequestError({
        method: "POST",
        path: "/1.0/instances",
        status: 400,
        reason: "exit status 1"
      })
      const said = (
        limits: Readonly<Record<string, string>>,
        error: IncusRequestError | NameTaken = refused
      ) =>
        Effect.fail(error).pipe(
          explainStart({
            identity: {
              owner: { uid: 0, gid: 0 },
              uid: 0,
              gid: 0,
              user: "root",
              home: "/root",
              groups: [],
              mounts: "shift"
            },
            workspace: root,
            limits,
            held: [join(root, ".vscode"), join(root, ".idea")]
          }),
          Effect.flip,
          Effect.provide(NodeFileSystem.layer)
        )
      const low = { "limits.memory": "8MiB" }
      Fs.mkdirSync(join(root, ".vscode"))
      const gone = { _tag: "ProtectedGone", workspace: root, path: join(root, ".idea") }
      expect(yield* said({})).toMatchObject(gone)
      expect(yield* said(low)).toMatchObject(gone)
      // The controls: another failure, and all is there.
      const taken = new NameTaken({ name: "clincus-a1b2c3-1" })
      expect(yield* said(low, taken)).toBe(taken)
      Fs.mkdirSync(join(root, ".idea"))
      expect(yield* said({})).toBe(refused)
      expect(yield* said(low)).toMatchObject({ _tag: "LimitsTooLow", limits: ["limits.memory=8MiB"] })
    }))
})
