import { describe, expect } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import { join } from "node:path"
import * as Library from "../daemon/support/library.ts"
import { metadata, savedPath, type, untilScreen, untilStatus } from "../daemon/support/look.ts"
import { background, clincus, json, succeeds } from "../daemon/support/program.ts"
import { openTerminal } from "../daemon/support/terminal.ts"
import { World } from "../daemon/support/World.ts"

/** A session with credentials; sessions are saved elsewhere from then on. */
const begin = Effect.gen(function*() {
  const { configuration, configure, home, root, saved, workspace } = yield* World
  Fs.mkdirSync(join(home, ".fake"), { recursive: true })
  Fs.writeFileSync(join(home, ".fake/credentials.json"), "secret")
  const directory = workspace()
  const session = yield* background(directory)
  yield* untilScreen(session.container, "ready")
  yield* type(session.container, ": apples")
  yield* untilScreen(session.container, "apples")
  const elsewhere = join(root, "elsewhere")
  yield* configure(`${configuration}\n[paths]\nsessions_dir = "${elsewhere}"\n`)
  const credentials = yield* savedPath(session, ".fake/credentials.json")
  expect(Fs.readFileSync(credentials, "utf8")).toBe("secret")
  /** Its run is over, where it was begun, and nothing of it is anywhere else. */
  const expectFinished = (end: object) =>
    Effect.gen(function*() {
      expect((yield* metadata(session)).end).toEqual(end)
      expect(Fs.existsSync(credentials)).toBe(false)
      expect(Fs.readdirSync(join(saved, "open"))).toEqual([])
      expect(Fs.existsSync(join(elsewhere, "sessions-fake"))).toBe(false)
    })
  return { directory, elsewhere, session, expectFinished }
})

describe("a session whose sessions_dir is changed while it runs", () => {
  Library.test("is listed, shown, found and killed as before", () =>
    Effect.gen(function*() {
      const { expectFinished, session } = yield* begin
      expect(yield* json("list")).toMatchObject({ active_containers: [{ session: session.session }] })
      expect(yield* json("info", session.container)).toMatchObject({
        state_directory: yield* savedPath(session),
        started_at: expect.any(String)
      })
      const again = yield* clincus("shell", "--background", `--resume=${session.session}`)
      expect(again).toMatchObject({ status: 0, stderr: expect.stringContaining("is running already") })
      yield* succeeds("persist", session.container)
      expect((yield* metadata(session)).persistent).toBe(true)
      yield* succeeds("kill", "--force", session.container)
      yield* expectFinished({ reason: "killed" })
    }))

  Library.test("ends for whoever is attached to it, with its outcome", () =>
    Effect.gen(function*() {
      const { directory, expectFinished, session } = yield* begin
      const terminal = yield* openTerminal({ directory, columns: 200 })
      yield* terminal.line(`clincus attach ${session.container}; echo status=$?`)
      yield* terminal.shows("fake>")
      yield* terminal.line("exit 3")
      expect(yield* terminal.status).toBe(3)
      expect(yield* terminal.screen).toContain("To go on with it, set sessions_dir as it was.")
      yield* expectFinished({ reason: "exited", status: 3 })
    }))

  Library.test("ends by itself, and the next command finishes it", () =>
    Effect.gen(function*() {
      const { expectFinished, session } = yield* begin
      yield* type(session.container, "exit 0")
      yield* untilStatus(session.container, "Gone")
      yield* succeeds("list")
      yield* expectFinished({ reason: "exited", status: 0 })
    }))

  Library.test("is not started again from where its state is not", () =>
    Effect.gen(function*() {
      const { elsewhere, expectFinished, session } = yield* begin
      const { saved } = yield* World
      yield* succeeds("persist", session.container)
      yield* succeeds("shutdown", session.container)
      yield* expectFinished({ reason: "shutdown" })
      const refused = yield* clincus("shell", "--background", `--resume=${session.session}`)
      expect(refused).toMatchObject({
        status: 1,
        stderr: expect.stringContaining(`is saved in ${saved}, and [paths] sessions_dir is ${elsewhere}`)
      })
    }))
})
