import { expect } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { Metadata } from "../../src/domain/Metadata.ts"
import type { RunRecord } from "../../src/domain/Run.ts"
import * as State from "../../src/host/stateFiles.ts"
import { HistoryStore, layer } from "../../src/session/HistoryStore.ts"
import { Disk, type DiskServices } from "./support/Disk.ts"
import { onGround } from "./support/onGround.ts"

const idOf = (digit: number) => `3f2b8c1e-5a6d-4f70-8e91-a2b3c4d5e6f${digit}`
const started = 1_790_000_000_000

const runOf = (digit: number, changes: Partial<RunRecord> = {}): RunRecord => ({
  tool: "claude",
  id: idOf(digit),
  run: idOf(digit).replace("3f2b", "aaaa"),
  since: started,
  phase: "running",
  container: `clincus-a1b2c3-${digit + 1}`,
  remove: [".claude/.credentials.json"],
  scrub: [{ path: ".claude/.claude.json", keys: ["primaryApiKey"] }],
  ...changes
})

const metadataOf = (run: RunRecord, changes: Partial<Metadata> = {}): Metadata => ({
  version: 1,
  id: run.id,
  tool: run.tool,
  workspace: "/home/me/project",
  containerPath: "/workspace",
  container: "clincus-a1b2c3-1",
  slot: 1,
  persistent: false,
  image: "clincus",
  startedAt: new Date(started),
  lastUsedAt: new Date(started),
  ...changes
})

/** A store in a directory of a test's own. */
const store = (name: string) =>
  Effect.flatMap(
    Disk,
    ({ owner, root }) =>
      Effect.map(Effect.provide(HistoryStore, layer(`${root}/${name}`)), (history) => ({ history, owner }))
  )

/** How sessions are saved, and the runs of them that are under way: the same on the disk and in memory. */
export const historyContract = <E>(name: string, disk: Layer.Layer<DiskServices, E>) =>
  onGround(disk, name, (it) => {
    it.scoped("a run is claimed by one of ten, noted by whom it is, and let go by no other", () =>
      Effect.gen(function*() {
        const { history: { runs } } = yield* store("runs")
        const all = Array.from({ length: 10 }, (_, digit) => runOf(0, { run: idOf(digit) }))
        const claims = yield* Effect.forEach(all, runs.claim, { concurrency: "unbounded" })
        expect(claims.filter((ours) => ours)).toHaveLength(1)
        const winner = all.find((_, index) => claims[index]) ?? runOf(0)
        const other = runOf(0)
        expect([yield* runs.isOurs(winner), yield* runs.isOurs(other), yield* runs.has(other)]).toEqual([
          true,
          false,
          true
        ])
        yield* runs.note({ ...other, phase: "ending" })
        yield* runs.release(other)
        expect(yield* runs.get(winner)).toEqual(Option.some(winner))
        yield* runs.note({ ...winner, phase: "ending" })
        expect((yield* runs.list).runs).toEqual([{ ...winner, phase: "ending" }])
        yield* runs.release(winner)
        expect([yield* runs.has(winner), (yield* runs.list).runs]).toEqual([false, []])
        expect(yield* runs.claim(other)).toBe(true)
      }))

    it.scoped("what is saved is listed, newest first, and what is damaged hides nothing", () =>
      Effect.gen(function*() {
        const { history, owner } = yield* store("list")
        expect(yield* history.list).toEqual({ sessions: [], damaged: [] })
        for (const digit of [0, 1, 2]) {
          const metadata = metadataOf(runOf(digit), { lastUsedAt: new Date(started + digit) })
          yield* history.prepare(metadata)
          yield* history.save(metadata)
        }
        yield* State.write(history.directory(runOf(1)), "metadata.json", "{", owner)
        yield* history.prepare(runOf(3))
        const { damaged, sessions } = yield* history.list
        expect(sessions.map(({ id }) => id)).toEqual([idOf(2), idOf(0)])
        expect([...damaged].toSorted()).toEqual([history.directory(runOf(1)), history.directory(runOf(3))])
        expect(yield* history.get(runOf(2))).toEqual(
          Option.some(metadataOf(runOf(2), { lastUsedAt: new Date(started + 2) }))
        )
        expect(yield* history.get(runOf(3))).toEqual(Option.none())
      }))

    it.scoped("a run that is finished leaves what was said, and no credential", () =>
      Effect.gen(function*() {
        const { history, owner } = yield* store("finish")
        const run = runOf(0)
        const directory = history.directory(run)
        yield* history.runs.claim(run)
        yield* history.prepare(run)
        yield* history.save(metadataOf(run))
        const write = (path: string, text: string) => State.write(directory, path, text, owner)
        yield* write(".claude/.credentials.json", "secret")
        yield* write(".claude/.claude.json", `{"primaryApiKey":"secret","theme":"dark"}`)
        yield* write(".claude/projects/x.jsonl", "what was said")
        yield* write("outcome/status", "3\n")
        yield* write("outcome/screen", "the last screen\n\n")
        expect(yield* history.outcome(run)).toEqual(
          Option.some({ status: 3, overtime: false, screen: "the last screen" })
        )
        yield* history.finish({ ...run, run: idOf(9) }, { reason: "lost" }, started + 5)
        expect(yield* State.exists(directory, ".claude/.credentials.json")).toBe(true)
        yield* history.finish(run, { reason: "lost" }, started + 5)
        expect(yield* State.exists(directory, ".claude/.credentials.json")).toBe(false)
        expect(yield* State.read(directory, ".claude/.claude.json", 100)).toBe(`{"theme":"dark"}\n`)
        expect(yield* State.read(directory, ".claude/projects/x.jsonl", 100)).toBe("what was said")
        expect(yield* history.runs.has(run)).toBe(false)
        expect(yield* history.get(run)).toMatchObject({ value: { end: { reason: "exited", status: 3 } } })
      }))

    it.scoped("an end that was meant is the one that is noted", () =>
      Effect.gen(function*() {
        const { history } = yield* store("intend")
        const run = runOf(0)
        yield* history.runs.claim(run)
        yield* history.prepare(run)
        yield* history.save(metadataOf(run))
        yield* history.intend(run, { reason: "killed" })
        yield* history.finish(run, { reason: "lost" }, started + 1000)
        expect(yield* history.get(run)).toMatchObject({ value: { end: { reason: "killed" } } })
      }))

    it.scoped("a session that is removed is gone, with its run", () =>
      Effect.gen(function*() {
        const { history, owner } = yield* store("remove")
        const run = runOf(0)
        yield* history.runs.claim(run)
        yield* history.prepare(run)
        yield* history.save(metadataOf(run))
        yield* State.write(history.directory(run), ".claude/a/b", "x", owner)
        yield* history.remove({ ...run, run: idOf(9) })
        expect((yield* history.list).sessions).toHaveLength(1)
        yield* history.remove(run)
        expect([yield* history.list, yield* history.runs.has(run)]).toEqual([
          { sessions: [], damaged: [] },
          false
        ])
      }))

    it.scoped("a record that is none is told, and speaks for no session", () =>
      Effect.gen(function*() {
        const { history, owner } = yield* store("damaged")
        const run = runOf(0)
        yield* history.runs.claim(run)
        yield* State.write(`${history.root}/open`, `claude.${idOf(1)}`, "{", owner)
        yield* State.write(`${history.root}/open`, `claude.${idOf(2)}`, JSON.stringify(run), owner)
        const { damaged, runs } = yield* history.runs.list
        expect(runs).toEqual([run])
        expect([...damaged].toSorted()).toEqual(
          [1, 2].map((digit) => `${history.root}/open/claude.${idOf(digit)}`)
        )
        expect([yield* history.runs.has(runOf(2)), yield* history.runs.get(runOf(2))]).toEqual([
          true,
          Option.none()
        ])
      }))
  })
