import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { runLine } from "./harness.ts"

const none = Option.none()
const some = Option.some

const shell = {
  workspace: none,
  slot: 0,
  env: [],
  resume: none,
  debug: false,
  background: false,
  color: false,
  format: "text",
  directory: none
}
const kill = { force: false, all: false, containers: [] }

/** Command lines and what the handler that they name must be given. */
const understood: ReadonlyArray<readonly [argv: ReadonlyArray<string>, name: string, given: unknown]> = [
  [["shell"], "shell", shell],
  [["shell", "/x"], "shell", { ...shell, directory: some("/x") }],
  // Values that may be left out
  [["shell", "--resume"], "shell", { ...shell, resume: some("") }],
  [["shell", "--resume=abc"], "shell", { ...shell, resume: some("abc") }],
  [["shell", "--resume="], "shell", { ...shell, resume: some("") }],
  [["shell", "--continue"], "shell", { ...shell, resume: some("") }],
  [["shell", "--continue=abc"], "shell", { ...shell, resume: some("abc") }],
  [["shell", "--resume", "--slot", "2"], "shell", { ...shell, resume: some(""), slot: 2 }],
  [["shell", "--resume", "/x"], "shell", { ...shell, resume: some(""), directory: some("/x") }],
  [["shell", "--resume=a", "--continue=b"], "shell", { ...shell, resume: some("b") }],
  // Repeated options
  [["shell", "--env=A=1"], "shell", { ...shell, env: ["A=1"] }],
  [["shell", "--env=A=1", "--env=B=2"], "shell", { ...shell, env: ["A=1", "B=2"] }],
  [["shell", "-e", "A=1", "--slot", "1", "-eB=2", "-e=C=3"], "shell", {
    ...shell,
    env: ["A=1", "B=2", "C=3"],
    slot: 1
  }],
  [["shell", "--env=A= spaces and\nlines "], "shell", { ...shell, env: ["A= spaces and\nlines "] }],
  [["shell", "--env", "A=--slot"], "shell", { ...shell, env: ["A=--slot"] }],
  [["shell", "--env=--slot"], "shell", { ...shell, env: ["--slot"] }],
  [["shell", "-e", "-x"], "shell", { ...shell, env: ["-x"] }],
  [["shell", "--env", ""], "shell", { ...shell, env: [""] }],
  [["run", "--env=A=1", "--", "x"], "run", { env: ["A=1"], words: ["x"] }],
  // Short options
  [["shell", "-s3"], "shell", { ...shell, slot: 3 }],
  [["shell", "-s=3"], "shell", { ...shell, slot: 3 }],
  [["shell", "-s", "3"], "shell", { ...shell, slot: 3 }],
  [["shell", "-dw", "/x"], "shell", { ...shell, debug: true, workspace: some("/x") }],
  [["shell", "-dw/x"], "shell", { ...shell, debug: true, workspace: some("/x") }],
  [["shell", "-dbs2"], "shell", { ...shell, debug: true, background: true, slot: 2 }],
  [["kill", "-fa"], "kill", { ...kill, force: true, all: true }],
  // Options after positionals, and words that look like something else
  [["shell", "/x", "--slot", "2"], "shell", { ...shell, slot: 2, directory: some("/x") }],
  [["kill", "x", "-f", "y"], "kill", { ...kill, force: true, containers: ["x", "y"] }],
  [["kill", "-f", "true"], "kill", { ...kill, force: true, containers: ["true"] }],
  [["kill", "--force", "false", "no"], "kill", { ...kill, force: true, containers: ["false", "no"] }],
  [["kill", "--force=false", "x"], "kill", { ...kill, containers: ["x"] }],
  [["kill", "-f=false", "x"], "kill", { ...kill, containers: ["x"] }],
  [["kill", "list", "kill"], "kill", { ...kill, containers: ["list", "kill"] }],
  [["kill", "help"], "kill", { ...kill, containers: ["help"] }],
  [["list", "-w", "list"], "list", { workspace: some("list"), format: "text" }],
  [["list", "-w", "kill", "--format", "json"], "list", { workspace: some("kill"), format: "json" }],
  // The last one counts
  [["shell", "--slot", "1", "--slot", "2"], "shell", { ...shell, slot: 2 }],
  [["shell", "-s1", "--slot=2", "-s3"], "shell", { ...shell, slot: 3 }],
  [["shell", "--color", "--no-color"], "shell", shell],
  [["shell", "--no-color", "--color"], "shell", { ...shell, color: true }],
  [["kill", "-f", "-f", "x"], "kill", { ...kill, force: true, containers: ["x"] }],
  // What stands after "--" is nobody's business
  [["run", "--", "ls", "--help"], "run", { env: [], words: ["ls", "--help"] }],
  [["run", "--", "--help"], "run", { env: [], words: ["--help"] }],
  [["run", "--", "--version", "-h"], "run", { env: [], words: ["--version", "-h"] }],
  [["run", "--", "--log-level", "debug", "--env", "A"], "run", {
    env: [],
    words: ["--log-level", "debug", "--env", "A"]
  }],
  [["run", "x", "--", "--completions", "--", "--wizard"], "run", {
    env: [],
    words: ["x", "--completions", "--", "--wizard"]
  }],
  [["run", "--", "-e", ""], "run", { env: [], words: ["-e", ""] }],
  // Subcommands of subcommands
  [["tmux", "capture"], "tmux capture", { lines: none, container: none }],
  [["tmux", "capture", "c1", "--lines", "50"], "tmux capture", { lines: some(50), container: some("c1") }],
  [["tmux", "send", "c1", "fix the tests"], "tmux send", { container: "c1", text: some("fix the tests") }],
  [["tmux", "send", "c1", "-"], "tmux send", { container: "c1", text: some("-") }],
  [["tmux", "send", "c1", "--", "-1 --help"], "tmux send", { container: "c1", text: some("-1 --help") }],
  [["tmux", "send", "send", "capture"], "tmux send", { container: "send", text: some("capture") }],
  [["tmux", "send", "c1", ""], "tmux send", { container: "c1", text: some("") }],
  [["copy", "a", "there", "--mode=safe"], "copy", { mode: "safe", from: "a", to: "there" }],
  [["__complete", "--", "shell", "--help", ""], "__complete", { words: ["shell", "--help", ""] }]
]

/** Command lines that are refused, and what is said about them. */
const refused: ReadonlyArray<readonly [argv: ReadonlyArray<string>, message: string]> = [
  [["shel"], "clincus: unknown command 'shel'. Did you mean 'shell'?\nSee 'clincus --help'.\n"],
  [["Shell"], "clincus: unknown command 'Shell'. Did you mean 'shell'?\nSee 'clincus --help'.\n"],
  [["qwertz", "--help"], "clincus: unknown command 'qwertz'\nSee 'clincus --help'.\n"],
  [["help", "shel"], "clincus: unknown command 'shel'. Did you mean 'shell'?\nSee 'clincus --help'.\n"],
  [
    ["tmux", "sned"],
    "clincus: unknown command 'tmux sned'. Did you mean 'send'?\nSee 'clincus tmux --help'.\n"
  ],
  [
    ["shell", "--slto", "2"],
    "clincus: unknown option '--slto' of 'clincus shell'. Did you mean '--slot'?\nSee 'clincus shell --help'.\n"
  ],
  [
    ["shell", "--Debug"],
    "clincus: unknown option '--Debug' of 'clincus shell'. Did you mean '--debug'?\nSee 'clincus shell --help'.\n"
  ],
  [
    ["kill", "--no-force", "x"],
    "clincus: unknown option '--no-force' of 'clincus kill'. Did you mean '--force'?\nSee 'clincus kill --help'.\n"
  ],
  [
    ["run", "ls", "-la"],
    "clincus: unknown option '-la' of 'clincus run'\nWords that begin with '-' and are no options come after '--'.\n" +
    "See 'clincus run --help'.\n"
  ],
  [
    ["--slot", "2", "shell"],
    "clincus: unknown option '--slot' of 'clincus'. Did you mean 'clincus shell --slot'?\nSee 'clincus --help'.\n"
  ],
  [["shell", "--slot"], "clincus: option '--slot' needs a value: --slot=N\nSee 'clincus shell --help'.\n"],
  [["shell", "-s"], "clincus: option '-s' needs a value: -s N\nSee 'clincus shell --help'.\n"],
  [
    ["shell", "--slot", "--"],
    "clincus: option '--slot' needs a value: --slot=N\nSee 'clincus shell --help'.\n"
  ],
  [
    ["shell", "--env", "--debug"],
    "clincus: option '--env' needs a value: --env=KEY=VALUE\nIf '--debug' is the value, write --env=--debug\n" +
    "See 'clincus shell --help'.\n"
  ],
  [["shell", "--slot", "two"], "clincus: --slot is a whole number, not 'two'\nSee 'clincus shell --help'.\n"],
  [
    ["shell", "--format=jsn"],
    "clincus: --format is one of text, json, not 'jsn'. Did you mean 'json'?\nSee 'clincus shell --help'.\n"
  ],
  [
    ["shell", "--debug=maybe"],
    "clincus: option '--debug' takes no value, but was given 'maybe'\nSee 'clincus shell --help'.\n"
  ],
  [["shell", "/x", "/y"], "clincus: unexpected argument '/y'\nSee 'clincus shell --help'.\n"],
  [["run"], "clincus: argument WORD is missing\nSee 'clincus run --help'.\n"],
  [["tmux", "send"], "clincus: argument CONTAINER is missing\nSee 'clincus tmux send --help'.\n"],
  [
    ["copy", "a", "here"],
    "clincus: option '--mode' is missing: --mode=fast|safe\nSee 'clincus copy --help'.\n"
  ],
  [
    ["copy", "a", "her", "--mode", "fast"],
    "clincus: TO is one of here, there, not 'her'. Did you mean 'here'?\nSee 'clincus copy --help'.\n"
  ],
  [
    ["list", "\u001b[31mred"],
    "clincus: unexpected argument '\\x1b[31mred'\nSee 'clincus list --help'.\n"
  ]
]

describe("a command line that is understood", () => {
  for (const [argv, name, given] of understood) {
    it.effect(JSON.stringify(argv), () =>
      Effect.gen(function*() {
        expect(yield* runLine(...argv)).toEqual({ status: 0, stdout: "", stderr: "", calls: [[name, given]] })
      }))
  }
})

describe("a command line that is refused", () => {
  for (const [argv, message] of refused) {
    it.effect(JSON.stringify(argv), () =>
      Effect.gen(function*() {
        expect(yield* runLine(...argv)).toEqual({ status: 2, stdout: "", stderr: message, calls: [] })
      }))
  }
})

describe("help and version", () => {
  const helps: ReadonlyArray<readonly [argv: ReadonlyArray<string>, usage: string]> = [
    [[], "clincus COMMAND"],
    [["--help"], "clincus COMMAND"],
    [["help"], "clincus COMMAND"],
    [["tmux"], "clincus tmux COMMAND"],
    [["tmux", "send", "-h"], "clincus tmux send CONTAINER [TEXT]"],
    [["help", "tmux", "send"], "clincus tmux send CONTAINER [TEXT]"],
    [["shell", "--bogus", "--help"], "clincus shell [OPTIONS] [WORKSPACE]"],
    [["--help", "shell"], "clincus shell [OPTIONS] [WORKSPACE]"],
    [["kill", "-fh", "x"], "clincus kill [OPTIONS] [CONTAINER...]"],
    [["help", "kill"], "clincus kill [OPTIONS] [CONTAINER...]"]
  ]
  for (const [argv, usage] of helps) {
    it.effect(JSON.stringify(argv), () =>
      Effect.gen(function*() {
        const { calls, status, stderr, stdout } = yield* runLine(...argv)
        expect({ calls, status, stderr }).toEqual({ calls: [], status: 0, stderr: "" })
        expect(stdout).toContain(`Usage:\n  ${usage}\n`)
      }))
  }
  it.effect("--version", () =>
    Effect.gen(function*() {
      expect((yield* runLine("--version")).stdout).toMatch(/^clincus \d/)
    }))
})
