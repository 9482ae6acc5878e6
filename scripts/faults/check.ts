import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { basename } from "node:path"
import { parseProcess } from "../../src/domain/HostProcess.ts"
import { stateOfProcess } from "../../src/host/process.ts"
import { IncusService } from "../../src/incus/IncusService.ts"
import type { Instance } from "../../src/incus/schemas.ts"
import { inWorkspace } from "../../src/policy/files/protected.ts"
import { holdsState } from "../../src/session/container.ts"
import { clincus } from "../../test/daemon/support/program.ts"
import { Bench, statusOf } from "./Bench.ts"
import { filesBelow, namesIn } from "./files.ts"
import { isKept, label, type Left, look } from "./left.ts"
import { conversation, type Planted } from "./planted.ts"
import { runs } from "./session.ts"

/** The part of `list --format json` that is looked at. */
const Listed = Schema.parseJson(Schema.Struct({
  active_containers: Schema.Array(Schema.Struct({
    container: Schema.String,
    session: Schema.String,
    state: Schema.String
  }))
}))

/** Whether a container has the tool in it, by its processes. */
const hasTool = (container: string) =>
  Effect.flatMap(
    IncusService,
    ({ exec }) =>
      exec.run(container, { command: ["pgrep", "-f", "^/bin/bash /workspace/fake (start|resume) "] })
  ).pipe(
    Effect.map(({ status }) => status === 0),
    Effect.orElseSucceed(() => false)
  )

/** What `tmux capture` says of a session. The tool's first line is on the screen a moment after its start. */
const capture = (container: string) =>
  Effect.flatMap(
    Clock.currentTimeMillis,
    (began) =>
      Effect.repeat(Effect.zip(clincus("tmux", "capture", container), Clock.currentTimeMillis), {
        until: ([{ status, stdout }, now]) => status !== 0 || stdout.includes("ready") || now > began + 3000
      })
  ).pipe(Effect.map(([seen]) => seen))

const checkInstance = (instance: Instance) =>
  Effect.gen(function*() {
    const { wrong } = yield* Bench
    const { name, status } = instance
    if (isKept(instance)) {
      if (holdsState(instance)) yield* wrong("state in a stopped container", name)
      return
    }
    if (status !== "Running") return yield* wrong("slot held by nothing", `${name} is ${status}`)
    if (!(yield* hasTool(name))) return yield* wrong("container without a tool", `${name} runs without one`)
    const seen = yield* capture(name)
    if (statusOf(seen) !== 0 || !seen.stdout.includes("ready")) {
      yield* wrong("not attachable", `capture of ${name}: status ${statusOf(seen)}, ${seen.stderr.trim()}`)
    }
  })

/** The running container of a session. */
const holderOf = ({ instances }: Left, session: string): Instance | undefined =>
  instances.find((instance) => label(instance, "session") === session && instance.status === "Running")

const checkRecords = (left: Left) =>
  Effect.gen(function*() {
    const { wrong } = yield* Bench
    for (const { file, record } of left.records) {
      if (Option.isNone(record)) {
        yield* wrong("unreadable record", `${file} is none`)
        continue
      }
      const { id, owner, phase, run } = record.value
      const container = holderOf(left, id)
      const held = phase === "running" && container !== undefined && label(container, "run") === run
      const owned = owner !== undefined && (yield* stateOfProcess(owner)) === "alive"
      if (!held && !owned) {
        yield* wrong("record without container or owner", `open/${file}, ${phase}, has neither`)
      }
    }
    for (const [file, text] of left.locks) {
      const holder = parseProcess(text)
      const blocks = Option.isNone(holder) || (yield* stateOfProcess(holder.value)) !== "dead"
      if (blocks) yield* wrong("lock held", `locks/${file} by ${text}`)
    }
  })

const checkFiles = (left: Left) =>
  Effect.gen(function*() {
    const { secrets, wrong } = yield* Bench
    for (const [file, text] of left.files) {
      const session = file.split("/")[1] ?? ""
      if (/\.new$|^\.clincus-/.test(basename(file))) yield* wrong("half-written file", file)
      if (text.includes(secrets.variable)) yield* wrong("variable on the disk", file)
      if (text.includes(secrets.file) && holderOf(left, session) === undefined) {
        yield* wrong("credential left", file)
      }
    }
    for (const { directory, id, metadata } of left.sessions) {
      const credential = left.files.get(`sessions-fake/${id}/.fake/credentials.json`)
      if (holderOf(left, id) !== undefined && credential?.includes(secrets.file) !== true) {
        yield* wrong("credential taken away", `${id} runs`)
      }
      if (Option.isNone(metadata)) yield* wrong("unreadable metadata", directory)
      else if (holderOf(left, id) === undefined && metadata.value.endedAt === undefined) {
        yield* wrong("end not noted", `${id} has ended and its metadata does not say so`)
      }
    }
  })

/** What was saved before is there byte for byte. Of a session that goes on only the metadata may have changed. */
const checkPlanted = (planted: Planted, mayGoOn: boolean) =>
  Effect.gen(function*() {
    const { wrong } = yield* Bench
    const now = filesBelow(planted.directory)
    for (const [file, text] of planted.files) {
      const found = now.get(file)
      const may = mayGoOn && /^(metadata\.json|outcome\/.*)$/.test(file)
      const goesOn = mayGoOn && file === conversation && found?.startsWith(text) === true
      if (found !== text && !may && !goesOn) {
        yield* wrong(
          "saved session changed",
          `${planted.id}/${file} ${found === undefined ? "is gone" : "differs"}`
        )
      }
    }
  })

/** Tells what `list --format json` shows and what does not exist, and the other way round. */
const checkListed = ({ instances }: Left, stdout: string) =>
  Effect.gen(function*() {
    const { wrong } = yield* Bench
    const shown = Option.match(Schema.decodeUnknownOption(Listed)(stdout), {
      onNone: () => [],
      onSome: (list) => list.active_containers.map(({ container, state }) => `${container} ${state}`)
    })
    const [one, other] = [shown, instances.map(({ name, status }) => `${name} ${status.toLowerCase()}`)]
      .map((lines) => lines.toSorted().join(", "))
    if (one !== other) {
      yield* wrong("list differs from what is there", `list shows [${one}]; there is [${other}]`)
    }
  })

/** What stood in for protected paths of the workspace is gone with the session that needed it, and only then. */
const checkWorkspace = (left: Left) =>
  Effect.gen(function*() {
    const { workspace, wrong } = yield* Bench
    const standing = namesIn(workspace).filter((name) => inWorkspace.some(({ path }) => path === name))
    const runs = left.instances.some((instance) =>
      instance.status === "Running" && label(instance, "workspace") === workspace
    )
    if (!runs && standing.length > 0) {
      yield* wrong("workspace not tidied", `${standing.join(", ")} are left in it`)
    }
    if (runs && standing.length === 0) {
      yield* wrong("workspace not protected", "nothing stands in for absent paths")
    }
  })

/**
 * Checks all that has to hold in a world in which nothing is under way, with what `list --format json` has just said; it is
 * asked after the look if nobody did.
 */
export const check = (listed?: string) =>
  Effect.gen(function*() {
    const { planted, statusIs } = yield* Bench
    const left = yield* look
    yield* checkRecords(left)
    yield* checkFiles(left)
    yield* checkWorkspace(left)
    yield* checkPlanted(planted.other, false)
    yield* checkPlanted(planted.resumable, true)
    yield* Effect.forEach(left.instances, checkInstance)
    if (listed !== undefined) return yield* checkListed(left, listed)
    const ended = yield* runs(["list", "--format", "json"])
    yield* statusIs(ended, 0)
    yield* checkListed(left, ended.stdout)
  })
