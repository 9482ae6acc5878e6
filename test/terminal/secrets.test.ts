import { expect } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import { join } from "node:path"
import * as Library from "../daemon/support/library.ts"
import { type, untilScreen } from "../daemon/support/look.ts"
import { launch, run, succeeds } from "../daemon/support/program.ts"
import { World } from "../daemon/support/World.ts"

/** Planted where secrets come from: a variable, a file, a credential, the configuration, what is typed. */
const secret = (from: string) => `PLANTED-${from}-4711`
const isThere = (text: string) => /PLANTED-[a-z]+-4711/.exec(text)?.[0] ?? "none"

/** The command lines of all processes of this machine, containers included, those of the tests' own programs apart. */
const commandLines = Effect.sync(() =>
  Fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid).map((pid) => {
    try {
      return Fs.readFileSync(`/proc/${pid}/cmdline`, "utf8")
    } catch {
      return ""
    }
  }).join("\n")
)

const planted = Effect.gen(function*() {
  const { configuration, configure, home, root, workspace } = yield* World
  Fs.mkdirSync(join(home, ".fake"), { recursive: true })
  Fs.writeFileSync(join(home, ".fake/credentials.json"), secret("credential"))
  const file = join(root, "variables")
  Fs.writeFileSync(file, `# for the tool\n\nIN_FILE=${secret("file")} = "as it stands"\nHERE\nNOT_HERE\n`)
  yield* configure(`${configuration}\n[environment]\nset = { CONFIGURED = "${secret("configuration")}" }\n`)
  return {
    directory: workspace(),
    file,
    environment: { HERE: secret("variable"), CLINCUS_LOG: "all", CLINCUS_TRACE: "1" }
  }
})

Library.test("variables come from a file and from here without standing in a list of processes", () =>
  Effect.gen(function*() {
    const { directory, environment, file } = yield* planted
    const launched = yield* launch(["shell", "--background", "--env-file", file, "--env", "HERE"], {
      directory,
      environment
    })
    const seen: Array<string> = []
    const looking = yield* Effect.forkScoped(
      Effect.forever(
        Effect.zipRight(
          Effect.map(commandLines, (text) => void seen.push(isThere(text))),
          Effect.sleep("5 millis")
        )
      )
    )
    expect((yield* launched.result).status).toBe(0)
    yield* Effect.sleep("300 millis")
    yield* looking.interruptAsFork(yield* Effect.fiberId)
    expect([...new Set(seen)]).toEqual(["none"])
    const container = /^\S+/.exec((yield* launched.result).stdout)?.[0] ?? ""
    yield* untilScreen(container, "ready")
    yield* type(container, "echo \"<$IN_FILE> <$HERE> <${NOT_HERE-unset}>\"")
    yield* untilScreen(
      container,
      `<${secret("file")} = "as it stands"> <${secret("variable")}> <unset>`
    )
    // The control: a value on the command line is seen.
    const open = yield* launch(["shell", "--background", "--env", `SEEN=${secret("option")}`], { directory })
    expect(isThere(yield* commandLines)).toBe(secret("option"))
    expect((yield* open.result).status).toBe(0)
  }))

Library.test("no log, no trace and no message holds a value of a variable, a credential or what is typed", () =>
  Effect.gen(function*() {
    const { directory, environment, file } = yield* planted
    const options = { directory, environment }
    const outputs: Array<string> = []
    const tried = (...args: ReadonlyArray<string>) =>
      Effect.map(run(args, options), (result) => {
        outputs.push(result.stderr, result.stdout)
        return result
      })
    const start = ["shell", "--background", "--env-file", file, "--env", "HERE"]
    const begun = yield* tried(...start, "--format", "json")
    const { container } = JSON.parse(begun.stdout)
    // The control: there is a log, and a trace.
    expect(begun.stderr).toMatch(/debug: POST \/1\.0\/instances\S* .*\n[^]*Session\.start/)
    yield* untilScreen(container, "ready")
    yield* tried("tmux", "send", container, "--no-enter", "--", `: ${secret("typed")}`)
    for (const args of [["info", container], ["list", "--all"], ["tmux", "list"], ["kill", container]]) {
      expect(yield* tried(...args)).toMatchObject({ status: 0 })
    }
    // What fails says no more.
    Fs.writeFileSync(file, `GOOD=${secret("file")}\n${secret("line")} and more\n`)
    expect(yield* tried(...start)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining(`${file}:2: the line does not begin with a name of a variable`)
    })
    expect(yield* tried(...start.slice(0, 2), "--env-file", `${file}.none`)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("there is no such file")
    })
    Fs.writeFileSync(file, `GOOD=${secret("file")}\n`)
    expect((yield* tried(...start, "--image", "nowhere")).status).toBe(1)
    expect((yield* tried(...start, "--limit-memory", "4kB")).status).toBe(1)
    expect((yield* tried("--log-level", "trace", ...start)).status).toBe(2)
    expect(isThere(outputs.join("\n"))).toBe("none")
    expect(isThere(yield* succeeds("config", "-w", directory))).toBe(secret("configuration"))
  }))
