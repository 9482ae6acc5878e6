import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { EndReason } from "../../../src/domain/Metadata.ts"
import type { RunRecord } from "../../../src/domain/Run.ts"
import { runVariable } from "../../../src/guest/watch.ts"
import { MemoryDisk } from "../../../src/host/memory/MemoryDisk.ts"
import { IncusService } from "../../../src/incus/IncusService.ts"
import { before } from "../../../src/incus/memory/faults.ts"
import { MemoryIncus } from "../../../src/incus/memory/MemoryIncus.ts"
import type { Status } from "../../../src/incus/memory/model.ts"
import { HistoryStore } from "../../../src/session/HistoryStore.ts"
import { toConfig } from "../../../src/session/labels.ts"
import { helperLabel } from "../../../src/session/reclaim.ts"
import { reconcile } from "../../../src/session/reconcile.ts"
import { containers, credentials, endOf, home, inWorld, Logged, project, records } from "./support/world.ts"

const id = "3f2b8c1e-5a6d-4f70-8e91-a2b3c4d5e6f7"
const run = "aaaa8c1e-5a6d-4f70-8e91-a2b3c4d5e6f7"
const container = "clincus-a1b2c3-1"
const session = { tool: "claude", id }

interface Left {
  readonly phase: RunRecord["phase"]
  readonly container: Status | "absent"
  readonly owner?: "alive" | "dead"
  readonly persistent?: boolean
  /** The container is on another server than the one that is asked. */
  readonly elsewhere?: boolean
  readonly reason?: EndReason
  /** Without it the container was never made. */
  readonly metadata?: boolean
  readonly record?: boolean
  readonly labels?: Readonly<Record<string, string>>
}

const devices = {
  workspace: { type: "disk", source: project, path: "/workspace" },
  outcome: {
    type: "disk",
    source: `${home}/.clincus/sessions-claude/${id}/outcome`,
    path: "/var/lib/clincus/outcome"
  },
  state0: {
    type: "disk",
    source: `${home}/.clincus/sessions-claude/${id}/.claude`,
    path: "/home/code/.claude"
  }
}

/** What a program has left of a session, wherever it came to its end. */
const leave = (left: Left) =>
  Effect.gen(function*() {
    const disk = yield* MemoryDisk
    const incus = yield* MemoryIncus
    const history = yield* HistoryStore
    const { persistent = false } = left
    const now = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
    const { environment } = yield* Effect.flatMap(IncusService, ({ server }) => server)
    const directory = history.directory(session)
    yield* history.prepare(session)
    yield* disk.put(`${directory}/.claude/.credentials.json`, "secret")
    if (left.metadata !== false) {
      yield* history.save({
        version: 1,
        ...session,
        workspace: project,
        containerPath: "/workspace",
        container,
        slot: 1,
        persistent,
        image: "clincus",
        startedAt: new Date(now),
        lastUsedAt: new Date(now)
      })
    }
    if (left.record !== false) {
      yield* history.runs.claim({
        ...session,
        run,
        since: now,
        phase: left.phase,
        owner: disk[left.owner ?? "dead"],
        ...(left.reason === undefined ? {} : { reason: left.reason }),
        ...(left.phase === "starting" ? {} : { container }),
        server: left.elsewhere === true ? "f".repeat(64) : environment.certificate_fingerprint,
        project: "default",
        remove: [".claude/.credentials.json"],
        scrub: []
      })
    }
    if (left.container === "absent") return
    yield* incus.put({
      name: container,
      status: left.container,
      ephemeral: !persistent,
      config: {
        [`environment.${runVariable}`]: run,
        ...toConfig({
          version: 1,
          session: id,
          container,
          run,
          workspace: project,
          directory: "/workspace",
          tool: "claude",
          slot: 1,
          persistent: persistent ? "true" : "false",
          user: 1000,
          uid: 1000,
          gid: 1000,
          home: "/home/code",
          saved: directory,
          started: now,
          variables: ""
        }),
        ...left.labels
      },
      devices
    })
  })

/** What is there of the session after another command has come by. */
const after = (left: Left) =>
  Effect.gen(function*() {
    yield* leave(left)
    const { finished } = yield* reconcile
    return {
      containers: yield* containers,
      open: (yield* records).length,
      credentials: (yield* credentials).length,
      end: Option.getOrUndefined(Option.map(yield* endOf(session), ({ reason }) => reason)),
      finished: finished.length
    }
  }).pipe(inWorld())

const kept = (status: string) => ({
  containers: { [container]: status },
  open: 1,
  credentials: 1,
  end: undefined,
  finished: 0
})
const gone = (end: EndReason = "lost") => ({
  containers: {},
  open: 0,
  credentials: 0,
  end,
  finished: 1
})

const rows: ReadonlyArray<readonly [name: string, left: Left, expected: object]> = [
  ["runs: is left alone", { phase: "running", container: "Running" }, kept("Running")],
  ["runs, and its time is over for longer than its end takes: is ended", {
    phase: "running",
    container: "Running",
    labels: { "user.clincus.deadline": "1" }
  }, gone("time")],
  ["runs, and its time is not over: is left alone", {
    phase: "running",
    container: "Running",
    labels: { "user.clincus.deadline": "8000000000000000" }
  }, kept("Running")],
  ["is frozen: is left alone", { phase: "running", container: "Frozen" }, kept("Frozen")],
  ["is off: its container is deleted", { phase: "running", container: "Stopped" }, gone()],
  ["is off and persistent: its container stays, without the state", {
    phase: "running",
    container: "Stopped",
    persistent: true
  }, { ...gone(), containers: { [container]: "Stopped" } }],
  ["has no container: is finished", { phase: "running", container: "absent" }, gone()],
  ["is on another server: is left alone", { phase: "running", container: "absent", elsewhere: true }, {
    ...kept(""),
    containers: {}
  }],
  [
    "is being started: is left alone",
    { phase: "starting", container: "Running", owner: "alive" },
    kept("Running")
  ],
  ["is being started, its container is not there yet: is left alone", {
    phase: "starting",
    container: "absent",
    owner: "alive",
    metadata: false
  }, { ...kept(""), containers: {} }],
  ["was being started: is undone", { phase: "starting", container: "Running" }, gone()],
  ["was being started, and is persistent: is shut down, and stays", {
    phase: "starting",
    container: "Running",
    persistent: true
  }, { ...gone(), containers: { [container]: "Stopped" } }],
  ["was being started, its container was never made: is forgotten", {
    phase: "starting",
    container: "absent",
    metadata: false
  }, { ...gone(), end: undefined }],
  [
    "is being ended: is left alone",
    { phase: "ending", container: "Running", owner: "alive" },
    kept("Running")
  ],
  [
    "was being ended: is, as it was meant",
    { phase: "ending", container: "Running", reason: "killed" },
    gone("killed")
  ],
  ["was being killed, and is persistent: is deleted", {
    phase: "ending",
    container: "Running",
    persistent: true,
    reason: "killed"
  }, gone("killed")],
  ["was being killed, is persistent and off: is deleted", {
    phase: "ending",
    container: "Stopped",
    persistent: true,
    reason: "killed"
  }, gone("killed")],
  ["was being shut down, and is persistent: stays, off", {
    phase: "ending",
    container: "Running",
    persistent: true,
    reason: "shutdown"
  }, { ...gone("shutdown"), containers: { [container]: "Stopped" } }],
  ["was being ended, its container is off: is, as it was meant", {
    phase: "ending",
    container: "Stopped",
    reason: "shutdown"
  }, gone("shutdown")],
  ["was being ended, its container is gone: is finished, as it was meant", {
    phase: "ending",
    container: "absent",
    reason: "killed"
  }, gone("killed")],
  ["was being ended on another server: is left alone", {
    phase: "ending",
    container: "absent",
    elsewhere: true
  }, { ...kept(""), containers: {} }],
  ["has a container without a record: that is ended", {
    phase: "running",
    container: "Running",
    record: false
  }, { containers: {}, open: 0, credentials: 1, end: undefined, finished: 0 }],
  ["has a copy of its container without a record: that is a backup", {
    phase: "running",
    container: "Running",
    record: false,
    labels: { "user.clincus.container": "clincus-a1b2c3-9" }
  }, { ...kept("Running"), open: 0 }],
  ["is being started, and an earlier run has a container: that is left alone", {
    phase: "starting",
    container: "Running",
    owner: "alive",
    labels: { "user.clincus.run": "bbbb8c1e-5a6d-4f70-8e91-a2b3c4d5e6f7" }
  }, kept("Running")]
]

describe("a session that another command comes by", () => {
  for (const [name, left, expected] of rows) {
    it.live(name, () => Effect.map(after(left), (seen) => expect(seen).toEqual(expected)))
  }

  it.live("whose container reboots is left alone, however often", () =>
    Effect.gen(function*() {
      const incus = yield* MemoryIncus
      yield* leave({ phase: "running", container: "Running" })
      // Seen stopped by the first look, and by the second one only then.
      yield* incus.fault(
        before("list", { meanwhile: Effect.orDie(Effect.asVoid(Effect.fork(incus.reboot(container)))) })
      )
      yield* reconcile
      expect([yield* containers, (yield* records).length]).toEqual([{ [container]: "Running" }, 1])
    }).pipe(inWorld({ incus: { times: { reboot: "600 millis" } } })))

  it.live("that is persistent and started by hand at that moment is stopped, and loses the state for good", () =>
    Effect.gen(function*() {
      const incus = yield* MemoryIncus
      yield* leave({ phase: "running", container: "Stopped", persistent: true })
      const { instances } = yield* IncusService
      yield* incus.fault(before("edit", { meanwhile: Effect.ignore(instances.start(container)) }))
      yield* reconcile
      yield* instances.stop(container, { force: true })
      yield* reconcile
      const { devices, status } = Option.getOrThrow(yield* incus.look(container))
      expect([Object.keys(devices), status, yield* records]).toEqual([["workspace"], "Stopped", []])
    }).pipe(inWorld()))

  it.live("is put in order by one of ten that come by at once", () =>
    Effect.gen(function*() {
      yield* leave({ phase: "running", container: "absent" })
      const all = yield* Effect.all(Array.from({ length: 10 }, () => reconcile), { concurrency: "unbounded" })
      expect(all.filter(({ finished }) => finished.includes(id)).length).toBeGreaterThan(0)
      expect([yield* records, yield* credentials, yield* endOf(session)]).toEqual([
        [],
        [],
        Option.some({ reason: "lost" })
      ])
    }).pipe(inWorld()))

  it.live("is not ended by a daemon that does not answer", () =>
    Effect.gen(function*() {
      const incus = yield* MemoryIncus
      yield* leave({ phase: "running", container: "absent" })
      for (const trouble of ["cut", "hang", "unavailable", "garbage"] as const) {
        yield* incus.fault(before("server", trouble, "every"))
        yield* reconcile
        yield* incus.fault(before("list", trouble, "every"))
        yield* Effect.flip(reconcile)
        expect((yield* records).length, trouble).toBe(1)
        yield* incus.heal
      }
      yield* reconcile
      expect(yield* records).toEqual([])
    }).pipe(inWorld()))

  it.live("whose record is damaged is told, and hides no other", () =>
    Effect.gen(function*() {
      const disk = yield* MemoryDisk
      yield* leave({ phase: "running", container: "absent" })
      const damaged = `${home}/.clincus/open/claude.${id.replace("3", "4")}`
      yield* disk.put(damaged, "{")
      yield* reconcile
      expect(yield* records).toEqual([])
      expect(yield* Logged).toContainEqual(expect.stringContaining(damaged))
    }).pipe(inWorld()))
})

it.live("a helper whose program died is removed, and one whose program lives is not", () =>
  Effect.gen(function*() {
    const incus = yield* MemoryIncus
    const { alive, dead } = yield* MemoryDisk
    yield* incus.put({ name: "clincus-reclaim-1", config: { [helperLabel]: JSON.stringify(dead) } })
    yield* incus.put({ name: "clincus-reclaim-2", config: { [helperLabel]: JSON.stringify(alive) } })
    yield* incus.put({ name: "mine", config: {} })
    yield* reconcile
    expect(Object.keys(yield* containers)).toEqual(["clincus-reclaim-2", "mine"])
  }).pipe(inWorld()))
