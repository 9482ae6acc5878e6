import { afterAll, beforeAll, describe, expect, it } from "@effect/vitest"
import { build } from "esbuild"
import { spawn, spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"

const directory = mkdtempSync(join(tmpdir(), "clincus-lifecycle-"))
const program = join(directory, "program.cjs")
// Not one of tmux's own place: a server that is killed leaves its socket, and this one goes with the directory.
const socket = join(directory, "tmux")
const tmux = (...argv: ReadonlyArray<string>) =>
  spawnSync("tmux", ["-S", socket, "-f", "/dev/null", ...argv], { encoding: "utf8" })

beforeAll(async () => {
  await build({
    entryPoints: ["test/terminal/fixture/main.ts"],
    outfile: program,
    bundle: true,
    platform: "node",
    format: "cjs",
    logLevel: "warning"
  })
})
afterAll(() => {
  tmux("kill-server")
  rmSync(directory, { recursive: true, force: true })
})

const run = (...argv: ReadonlyArray<string>) => {
  const { status, stderr, stdout } = spawnSync(process.execPath, [program, ...argv], {
    encoding: "utf8",
    input: "",
    env: { ...process.env, CLINCUS_LOG: "" }
  })
  return { status, stdout, stderr }
}

/** Starts `wait`, sends signals to it, and gives what came of it. */
const interrupt = async (name: string, ...signals: ReadonlyArray<NodeJS.Signals>) => {
  const file = join(directory, name)
  const child = spawn(process.execPath, [program, "wait", file], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, CLINCUS_TRACE: name.startsWith("traced") ? "1" : "" }
  })
  let stderr = ""
  const ready = new Promise<void>((resolve) =>
    child.stderr.on("data", (chunk) => {
      stderr += String(chunk)
      if (stderr.includes("waiting")) resolve()
    })
  )
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) =>
    child.on("close", (code, signal) => resolve(code ?? signal))
  )
  await ready
  for (const signal of signals) {
    child.kill(signal)
    await sleep(150)
  }
  const status = await ended
  return { status, stderr, note: existsSync(file) ? readFileSync(file, "utf8") : undefined }
}

const until = async (what: () => boolean) => {
  const end = Date.now() + 15_000
  while (!what() && Date.now() < end) await sleep(50)
  expect(what()).toBe(true)
}

describe("a signal", () => {
  for (
    const [signal, status] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129], ["SIGQUIT", 131]] as const
  ) {
    it(`${signal} runs the finalizers, who know of it, and ends with ${status}`, async () => {
      expect(await interrupt(signal, signal)).toEqual({
        status,
        stderr: "waiting\ncleaned up\n",
        note: `cleaned up after ${signal}\n`
      })
    })
  }

  it("that comes again is told that clean-up is under way", async () => {
    expect(await interrupt("twice", "SIGINT", "SIGINT")).toEqual({
      status: 130,
      stderr:
        "waiting\nclincus: cleaning up; once more stops that, and the next command does the rest\ncleaned up\n",
      note: "cleaned up after SIGINT\n"
    })
  })

  it("that comes a third time ends the program at once", async () => {
    expect(await interrupt("thrice", "SIGTERM", "SIGINT", "SIGINT")).toMatchObject({
      status: 143,
      note: undefined
    })
  })
})

describe("in a terminal", () => {
  const session = (name: string, ...argv: ReadonlyArray<string>) => {
    const code = join(directory, `${name}.code`)
    // The shell hands a hang-up on, as an interactive one does to its jobs.
    const line = `'${process.execPath}' '${program}' ${argv.join(" ")}`
    const shell = argv[0] === "wait"
      ? `trap 'kill -HUP $child' HUP; ${line} <&0 & child=$!; wait $child; wait $child; echo $? > '${code}'`
      : `${line}; echo $? > '${code}'; sleep 60`
    tmux("new-session", "-d", "-s", name, "-x", "80", "-y", "24", "bash", "-c", shell)
    return {
      screen: () => tmux("capture-pane", "-p", "-t", name).stdout,
      keys: (...keys: ReadonlyArray<string>) => tmux("send-keys", "-t", name, ...keys),
      close: () => tmux("kill-session", "-t", name),
      ended: async () => {
        await until(() => existsSync(code) && readFileSync(code, "utf8") !== "")
        return Number(readFileSync(code, "utf8"))
      }
    }
  }

  it("closing it counts as SIGHUP, and finalizers run", async () => {
    const file = join(directory, "closed")
    const { close, ended, screen } = session("closed", "wait", file)
    await until(() => screen().includes("waiting"))
    close()
    expect(await ended()).toBe(129)
    expect(readFileSync(file, "utf8")).toBe("cleaned up after SIGHUP\n")
  })

  it("Ctrl-C is SIGINT", async () => {
    const file = join(directory, "ctrl-c")
    const { ended, keys, screen } = session("ctrl-c", "", "wait", file)
    await until(() => screen().includes("waiting"))
    keys("C-c")
    expect(await ended()).toBe(130)
    expect(readFileSync(file, "utf8")).toBe("cleaned up after SIGINT\n")
  })

  it("Ctrl-\\ is SIGQUIT, and leaves no core", async () => {
    const file = join(directory, "ctrl-backslash")
    const { ended, keys, screen } = session("ctrl-backslash", "", "wait", file)
    await until(() => screen().includes("waiting"))
    keys("C-\\")
    expect(await ended()).toBe(131)
    expect(readFileSync(file, "utf8")).toBe("cleaned up after SIGQUIT\n")
    expect(screen()).not.toContain("core dumped")
  })

  it("a question is asked until it is answered", async () => {
    const { ended, keys, screen } = session("ask", "ask")
    await until(() => screen().includes("Really? [y/N]"))
    keys("maybe", "Enter")
    await until(() => screen().split("Really? [y/N]").length === 3)
    keys("y", "Enter")
    expect(await ended()).toBe(0)
    expect(screen()).toContain("answer true")
  })

  it("Ctrl-C at a question ends the program", async () => {
    const { ended, keys, screen } = session("ask-c", "ask")
    await until(() => screen().includes("Really? [y/N]"))
    keys("C-c")
    expect(await ended()).toBe(130)
  })

  it("one of several is picked by its number", async () => {
    const { ended, keys, screen } = session("pick", "pick")
    await until(() => screen().includes("Number (1-2):"))
    keys("3", "Enter")
    await until(() => screen().split("Number (1-2):").length === 3)
    keys("2", "Enter")
    expect(await ended()).toBe(0)
    expect(screen()).toContain("answer 2")
  })

  it("the end of input picks nothing", async () => {
    const { ended, keys, screen } = session("pick-d", "pick")
    await until(() => screen().includes("Number (1-2):"))
    keys("C-d")
    expect(await ended()).toBe(1)
    expect(screen()).toContain("clincus: nothing was chosen")
  })

  it("a step that fails stays on the screen, the error below it", async () => {
    const { ended, screen } = session("build", "build")
    expect(await ended()).toBe(1)
    expect(screen().trimEnd()).toBe(
      "Building (0 s)  some output\nclincus: the build is broken\nRun 'clincus mend'."
    )
  })
})

describe("the end of a program", () => {
  it("a failure is a sentence, then what to do", () => {
    expect(run("fail")).toEqual({
      status: 1,
      stdout: "",
      stderr: "clincus: the \\x1b[2Jthing is broken\nRun 'clincus mend'.\n"
    })
  })

  it("a question that cannot be asked is a misuse", () => {
    expect(run("ask")).toEqual({
      status: 2,
      stdout: "",
      stderr:
        "clincus: cannot ask without a terminal: Really?\nAnswer on the command line: --yes\nSee 'clincus ask --help'.\n"
    })
  })

  it("a defect says that it is one", () => {
    const { status, stderr, stdout } = run("die")
    expect({ status, stdout }).toEqual({ status: 70, stdout: "" })
    expect(stderr).toMatch(/^clincus: this is a bug in clincus, please report it:\nError: impossible\n/)
  })

  it("an exception that nobody caught still runs the finalizers", () => {
    const file = join(directory, "thrown")
    const { status, stderr } = run("throw", file)
    expect(status).toBe(70)
    expect(stderr).toMatch(/^clincus: this is a bug in clincus, please report it:\nError: out of nowhere\n/)
    expect(readFileSync(file, "utf8")).toBe("cleaned up\n")
  })

  it("another program's status is passed on in silence", () => {
    expect(run("status", "42")).toEqual({ status: 42, stdout: "", stderr: "" })
  })

  it("all output is written before it, failure or not", () => {
    const { status, stdout } = run("flood", "10000", join(directory, "flood"))
    expect(status).toBe(1)
    expect(stdout.split("\n").length).toBe(10_001)
  })

  it("a reader that goes away ends it with 141, and finalizers run", () => {
    const file = join(directory, "pipe")
    const { stdout } = spawnSync("bash", [
      "-c",
      `set -o pipefail; '${process.execPath}' '${program}' flood 200000 '${file}' | head -n 1 > /dev/null; echo $?`
    ], { encoding: "utf8" })
    expect(stdout).toBe("141\n")
    expect(readFileSync(file, "utf8")).toBe("cleaned up\n")
  })
})

describe("a trace", () => {
  const traced = (...argv: ReadonlyArray<string>) =>
    spawnSync(process.execPath, [program, ...argv], {
      encoding: "utf8",
      env: { ...process.env, CLINCUS_TRACE: "1" }
    })
  const tree = (last: string) =>
    new RegExp(
      `clincus: the beginning and the length of each span in ms\n +\\d+\\.\\d +\\d+\\.\\d  clincus ${last}\n$`
    )

  it("is shown where it is wanted, below all else", () => {
    expect(traced("log").stderr).toMatch(tree("log"))
    expect(traced("log").stderr).toMatch(/^clincus: warning: a warning\n/)
    expect(run("log").stderr).not.toContain("span")
    expect(run("log", "--help").stderr).toBe("")
  })

  it("is shown after a failure, a defect and an exception, and changes no status", () => {
    expect(traced("fail")).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(tree("fail  \\(failed\\)"))
    })
    expect(traced("die")).toMatchObject({
      status: 70,
      stderr: expect.stringMatching(tree("die  \\(failed\\)"))
    })
    expect(traced("throw", join(directory, "traced-throw"))).toMatchObject({
      status: 70,
      stderr: expect.stringMatching(tree("throw  \\(interrupted\\)"))
    })
  })

  it("is shown after a signal, and after a third one as well", async () => {
    expect(await interrupt("traced-once", "SIGTERM")).toMatchObject({
      status: 143,
      stderr: expect.stringMatching(tree("wait  \\(interrupted\\)"))
    })
    expect(await interrupt("traced-thrice", "SIGTERM", "SIGINT", "SIGINT")).toMatchObject({
      status: 143,
      stderr: expect.stringMatching(tree("wait  \\(not over\\)"))
    })
  })
})

describe("logs", () => {
  it("go to stderr, warnings only", () => {
    expect(run("log")).toEqual({ status: 0, stdout: "", stderr: "clincus: warning: a warning\n" })
  })
  it("have the level that CLINCUS_LOG names", () => {
    const log = (level: string) =>
      spawnSync(process.execPath, [program, "log"], {
        encoding: "utf8",
        env: { ...process.env, CLINCUS_LOG: level }
      })
        .stderr
    expect(log("debug")).toBe("clincus: warning: a warning\nclincus: debug: a detail\n")
    expect(log("error")).toBe("")
    expect(log("loud")).toMatch(
      /^clincus: warning: CLINCUS_LOG is 'loud', which is not one of none, error, warning/
    )
  })
})
