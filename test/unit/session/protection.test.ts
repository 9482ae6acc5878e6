import * as NodeFileSystem from "@effect/platform-node-shared/NodeFileSystem"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { IncusRequestError, NameTaken } from "../../../src/incus/errors.ts"
import { explainGone } from "../../../src/session/protection.ts"

describe("a container that did not start", () => {
  it.scoped("is told of by the path that it was to hold and that is gone, if there is such a path", () =>
    Effect.gen(function*() {
      const root = yield* Effect.acquireRelease(
        Effect.sync(() => Fs.mkdtempSync(join(tmpdir(), "clincus-gone-"))),
        (directory) => Effect.sync(() => Fs.rmSync(directory, { recursive: true }))
      )
      const held = (below: string) => ({ root, below, path: `/workspace/${below}`, how: "read" as const })
      const explain = explainGone(root, {
        plan: {
          holds: [held(".vscode"), held(".idea")],
          stands: [],
          exclude: undefined,
          git: undefined,
          notes: []
        },
        hidden: [],
        submounts: [],
        stands: undefined,
        mayMount: false
      })
      const refused = new IncusRequestError({
        method: "POST",
        path: "/1.0/instances",
        status: 400,
        reason: "exit status 1"
      })
      const failed = Effect.provide(Effect.flip(explain(Effect.fail(refused))), NodeFileSystem.layer)
      Fs.mkdirSync(join(root, ".vscode"))
      expect(yield* failed).toMatchObject({
        _tag: "ProtectedGone",
        workspace: root,
        path: join(root, ".idea")
      })
      // The controls: all is there, and another failure.
      Fs.mkdirSync(join(root, ".idea"))
      expect(yield* failed).toBe(refused)
      Fs.rmSync(join(root, ".idea"), { recursive: true })
      const taken = new NameTaken({ name: "clincus-a1b2c3-1" })
      expect(yield* Effect.flip(explain(Effect.fail(taken))).pipe(Effect.provide(NodeFileSystem.layer))).toBe(
        taken
      )
    }))
})
