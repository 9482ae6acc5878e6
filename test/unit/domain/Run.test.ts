import { describe, expect, it } from "@effect/vitest"
import * as Option from "effect/Option"
import { isElsewhere } from "../../../src/domain/Place.ts"
import {
  decide,
  type Decision,
  parseRun,
  printRun,
  type RunPhase,
  type RunRecord,
  sameRun,
  type Sighting
} from "../../../src/domain/Run.ts"

const id = "3f2b8c1e-5a6d-4f70-8e91-a2b3c4d5e6f7"
const run = "11111111-1111-4111-8111-111111111111"

const record: RunRecord = {
  tool: "claude",
  id,
  run,
  since: 1_790_000_000_000,
  phase: "starting",
  owner: { pid: 1, started: "2", boot: "b", namespace: "pid:[4026531836]" },
  server: "f",
  project: "default",
  remove: [".claude/.credentials.json"],
  scrub: [{ path: ".claude/.claude.json", keys: ["primaryApiKey"] }]
}

describe("the record of a run", () => {
  it("is read as it was written, and keeps what a newer clincus wrote", () => {
    expect(parseRun(printRun(record))).toEqual(Option.some(record))
    const newer = { ...record, budget: { usd: 3 } }
    const read = Option.getOrThrow(parseRun(JSON.stringify(newer)))
    expect(JSON.parse(printRun({ ...read, phase: "running" }))).toEqual({ ...newer, phase: "running" })
  })

  it("keeps its keys side by side, as they are on the disks of users", () => {
    const text = JSON.stringify({
      tool: "claude",
      id,
      run,
      since: 1_790_000_000_000,
      phase: "running",
      owner: { pid: 1, started: "2", boot: "b", namespace: "pid:[4026531836]" },
      reason: "shutdown",
      server: "f",
      project: "default",
      container: "clincus-a1b2c3-1",
      remove: [".claude/.credentials.json"],
      scrub: []
    })
    const read = Option.getOrThrow(parseRun(text))
    expect(read).toMatchObject({ server: "f", project: "default", container: "clincus-a1b2c3-1" })
    expect(JSON.parse(printRun(read))).toEqual(JSON.parse(text))
  })

  it("is elsewhere only if it names another server", () => {
    expect(isElsewhere(record, "f")).toBe(false)
    expect(isElsewhere(record, "g")).toBe(true)
    expect(isElsewhere({}, "g")).toBe(false)
  })

  it("of an older clincus is of a session that runs", () => {
    const old = { tool: "claude", id, since: 1, remove: [], scrub: [] }
    expect(Option.getOrThrow(parseRun(JSON.stringify(old)))).toMatchObject({ phase: "running" })
  })

  it.each([
    ["remove", ["../x"]],
    ["remove", ["/etc/passwd"]],
    ["remove", ["a/../../x"]],
    ["remove", ["a\0b"]],
    ["remove", [""]],
    ["scrub", [{ path: "..", keys: [] }]],
    ["tool", ".."],
    ["tool", "a/b"],
    ["id", "../../x"],
    ["phase", "ended"]
  ])("with %s %j is none", (key, value) => {
    expect(parseRun(JSON.stringify({ ...record, [key]: value }))).toEqual(Option.none())
  })

  it("is another one's where both name a run and the runs differ", () => {
    expect(sameRun({ run }, { run })).toBe(true)
    expect(sameRun({ run }, { run: id })).toBe(false)
    expect(sameRun({}, { run })).toBe(true)
  })
})

describe("what whoever comes by does about a run", () => {
  const quarter = 15 * 60_000
  const table: ReadonlyArray<
    readonly [
      phase: RunPhase,
      owner: "alive" | "dead" | "unknown",
      age: number,
      ...Record<Sighting, Decision>[]
    ]
  > = [
    // The tool is up: who started it is of no interest, only its container is.
    ["running", "alive", 0, { absent: "finish", stopped: "retire", live: "leave", unknown: "leave" }],
    ["running", "dead", 0, { absent: "finish", stopped: "retire", live: "leave", unknown: "leave" }],
    ["running", "unknown", quarter * 2, {
      absent: "finish",
      stopped: "retire",
      live: "leave",
      unknown: "leave"
    }],
    // It is being started: by a process that lives, or by nobody any more, whatever the clock says.
    ["starting", "alive", quarter * 100, {
      absent: "leave",
      stopped: "leave",
      live: "leave",
      unknown: "leave"
    }],
    ["starting", "dead", 0, { absent: "finish", stopped: "undo", live: "undo", unknown: "leave" }],
    ["starting", "unknown", quarter - 1, {
      absent: "leave",
      stopped: "leave",
      live: "leave",
      unknown: "leave"
    }],
    ["starting", "unknown", quarter + 1, {
      absent: "finish",
      stopped: "undo",
      live: "undo",
      unknown: "leave"
    }]
  ]
  for (const [phase, owner, age, decisions] of table) {
    it(`in phase ${phase}, its owner ${owner}, ${age} ms old`, () => {
      for (const container of ["absent", "stopped", "live", "unknown"] as const) {
        expect([container, decide({ phase }, { container, owner, age, expired: false })]).toEqual([
          container,
          decisions?.[container]
        ])
      }
    })
  }

  it("whose time is over is ended if it runs, and in no other case", () => {
    const of = (phase: RunPhase, container: Sighting) =>
      decide({ phase }, { container, owner: "alive", age: 0, expired: true })
    expect([of("running", "live"), of("running", "unknown"), of("running", "stopped"), of("ending", "live")])
      .toEqual([
        "expire",
        "leave",
        "retire",
        "leave"
      ])
  })
})
