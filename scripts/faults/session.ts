import * as Effect from "effect/Effect"
import { untilScreen } from "../../test/daemon/support/look.ts"
import { background } from "../../test/daemon/support/program.ts"
import { Bench } from "./Bench.ts"

/** The command that starts a session without a terminal. */
export const shell: ReadonlyArray<string> = ["shell", "--background", "--format", "json"]

/** Goes on with the saved session of the workspace. */
export const resume = Effect.map(Bench, ({ planted }) => [...shell, `--resume=${planted.resumable.id}`])

/** A session whose tool is at work. */
export const session = (...options: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const { workspace } = yield* Bench
    const handle = yield* background(workspace, ...options)
    yield* untilScreen(handle.container, "ready")
    return handle
  })

/** A session that is ephemeral or persistent, as it is drawn. */
export const anySession = Effect.gen(function*() {
  const { note, pick } = yield* Bench
  const kind = yield* pick(["--ephemeral", "--persistent"])
  yield* note(kind)
  return yield* session(kind)
})

/** Runs `clincus …` to its end. */
export const runs = (args: ReadonlyArray<string>, environment?: Readonly<Record<string, string>>) =>
  Effect.scoped(Effect.gen(function*() {
    const bench = yield* Bench
    return yield* (yield* bench.launch(args, environment)).ended
  }))
