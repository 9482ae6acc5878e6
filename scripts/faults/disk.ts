import * as Effect from "effect/Effect"
import { World } from "../../test/daemon/support/World.ts"
import { Bench } from "./Bench.ts"
import type { Fault } from "./fault.ts"
import { noContainerLeft } from "./left.ts"
import { runs, session, shell } from "./session.ts"
import { empty, fill, readOnly, writable } from "./smallDisk.ts"

/** What goes wrong with the disk, and how it is put right again. */
interface Trouble {
  readonly name: string
  readonly what: string
  readonly begin: Effect.Effect<void, never, Bench | World>
  readonly end: Effect.Effect<void, never, World>
}

const full: Trouble = {
  name: "full",
  what: "the disk of the saved sessions is full",
  begin: Effect.gen(function*() {
    const { between, note } = yield* Bench
    const { saved } = yield* World
    const free = (yield* between(0, 8)) * 4096
    yield* note(`${free} bytes are free`)
    yield* fill(saved, free)
  }),
  end: Effect.flatMap(World, ({ saved }) => empty(saved))
}

const locked: Trouble = {
  name: "readonly",
  what: "the disk of the saved sessions is read-only",
  begin: Effect.flatMap(World, ({ saved }) => readOnly(saved)),
  end: Effect.flatMap(World, ({ saved }) => writable(saved))
}

const start = ({ begin, end, name, what }: Trouble): Fault => ({
  name: `${name}-start`,
  what: `${what} at the start of a session, or in the midst of it`,
  disk: true,
  run: Effect.scoped(Effect.gen(function*() {
    const { launch, pause, pick, statusIs } = yield* Bench
    const early = yield* pick([true, false])
    if (early) yield* begin
    const program = yield* launch(shell)
    if (!early) yield* Effect.zipRight(pause(0, 800), begin)
    const ended = yield* program.ended
    yield* statusIs(ended, 0, 1)
    if (ended.status !== 0) yield* noContainerLeft(ended.line)
    yield* end
  }))
})

const ending = ({ begin, end, name, what }: Trouble, command: string): Fault => ({
  name: `${name}-${command}`,
  what: `${what} when a session is ended by ${command}`,
  disk: true,
  run: Effect.gen(function*() {
    const { statusIs } = yield* Bench
    const { container } = yield* session()
    yield* begin
    const ended = yield* runs([command, container])
    yield* statusIs(ended, 0, 1)
    yield* noContainerLeft(ended.line)
    yield* end
  })
})

/** Disks that take nothing more: what is to end ends all the same. */
export const disks: ReadonlyArray<Fault> = [full, locked].flatMap((trouble) => [
  start(trouble),
  ending(trouble, "kill"),
  ending(trouble, "shutdown")
])
