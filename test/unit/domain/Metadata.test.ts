import { describe, expect, it } from "@effect/vitest"
import * as Option from "effect/Option"
import { describeEnd, parseMetadata, printMetadata } from "../../../src/domain/Metadata.ts"

/** As version 1 wrote it. */
const first = {
  version: 1,
  id: "3f2b8c1e-5a6d-4f70-8e91-a2b3c4d5e6f7",
  tool: "claude",
  workspace: "/home/me/project",
  containerPath: "/workspace",
  container: "clincus-a1b2c3-1",
  slot: 1,
  persistent: false,
  image: "clincus",
  startedAt: "2026-01-02T03:04:05.678Z",
  lastUsedAt: "2026-01-02T04:00:00.000Z"
}
const read = (value: unknown) => Option.getOrThrow(parseMetadata(JSON.stringify(value)))

describe("metadata.json", () => {
  it("is read and written without a loss", () => {
    const ended = { ...first, endedAt: "2026-01-02T04:00:00.000Z", end: { reason: "exited", status: 3 } }
    for (const value of [first, ended]) expect(JSON.parse(printMetadata(read(value)))).toEqual(value)
    expect(read(ended).startedAt.getTime()).toBe(Date.UTC(2026, 0, 2, 3, 4, 5, 678))
  })

  it("of a newer version is read, and the keys that this one does not know are kept", () => {
    const newer = {
      ...first,
      version: 2,
      title: "a title",
      nested: { list: [1, { deep: true }] },
      end: { reason: "abducted", by: "aliens" }
    }
    const metadata = read(newer)
    expect(metadata).toMatchObject({ version: 2, tool: "claude", end: { reason: "abducted" } })
    expect(JSON.parse(printMetadata({ ...metadata, slot: 2 }))).toEqual({ ...newer, slot: 2 })
    expect(describeEnd(metadata.end)).toBe("abducted")
  })

  it("that is damaged is none", () => {
    const { container: _, ...incomplete } = first
    for (
      const damaged of [
        incomplete,
        { ...first, id: "../../etc" },
        { ...first, startedAt: "yesterday" },
        { ...first, version: 0 },
        { ...first, tool: "" },
        [],
        null
      ]
    ) {
      expect(parseMetadata(JSON.stringify(damaged))).toEqual(Option.none())
    }
    expect(parseMetadata("{ \"version\": 1,")).toEqual(Option.none())
    expect(parseMetadata("")).toEqual(Option.none())
  })

  it("says in words how a session ended", () => {
    expect([
      undefined,
      { reason: "exited" },
      { reason: "exited", status: 0 },
      { reason: "exited", status: 4 },
      { reason: "killed" },
      { reason: "lost" },
      { reason: "failed" }
    ].map(describeEnd)).toEqual([
      "not ended",
      "tool exited",
      "tool exited",
      "tool exited with 4",
      "killed",
      "container went away",
      "tool did not start"
    ])
  })
})
