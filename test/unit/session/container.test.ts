import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { before, type Fault } from "../../../src/incus/memory/faults.ts"
import { MemoryIncus } from "../../../src/incus/memory/MemoryIncus.ts"
import { endContainer, holdsState } from "../../../src/session/container.ts"
import { toConfig } from "../../../src/session/labels.ts"
import { onTwin } from "../incus/support/twin.ts"

const session = "3f2b8c1e-5a6d-4f70-8e91-a2b3c4d5e6f7"

/** The persistent container of a session that runs. */
const persistent = {
  name: "one",
  config: toConfig({
    version: 1,
    session,
    workspace: "/home/me/project",
    directory: "/workspace",
    tool: "claude",
    slot: 1,
    persistent: "true",
    user: 1000,
    uid: 1000,
    gid: 1000,
    home: "/home/code",
    saved: `/home/me/.clincus/sessions-claude/${session}`,
    started: 0,
    variables: ""
  }),
  devices: { state0: { type: "disk", source: "/home/me/.clincus", path: "/home/code/.claude" } }
}

const faults: ReadonlyArray<readonly [what: string, Fault]> = [
  ["a connection that is cut at the first look", before("look", "cut")],
  ["a connection that is cut at the second look", before("look", "cut", 2)],
  ["a connection that is cut at the change", before("edit", "cut")],
  [
    "a daemon that is busy with the container",
    before("edit", {
      status: 400,
      error: "Failed to create instance update operation: Instance is busy running a \"delete\" operation"
    })
  ]
]

describe("the end of a persistent container", () => {
  for (const [what, fault] of faults) {
    it.live(`takes the state out in spite of ${what}`, () =>
      Effect.gen(function*() {
        const incus = yield* MemoryIncus
        yield* incus.put(persistent)
        yield* incus.fault(fault)
        yield* endContainer("one", { session })
        const left = Option.getOrThrow(yield* incus.look("one"))
        expect({ status: left.status, holds: holdsState(left) }).toEqual({ status: "Stopped", holds: false })
      }).pipe(onTwin()))
  }
})
