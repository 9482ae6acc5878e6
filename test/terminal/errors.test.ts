import { describe, expect } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import { join } from "node:path"
import { onGround } from "../contract/support/onGround.ts"
import * as Library from "../daemon/support/library.ts"
import { containers } from "../daemon/support/look.ts"
import { background, run, type RunOptions } from "../daemon/support/program.ts"
import { openTerminal } from "../daemon/support/terminal.ts"
import { World } from "../daemon/support/World.ts"

/** A user who is nobody here. */
const nobody = 65534

const withDirectory = (text: string, directory: string) => text.replaceAll("{dir}", directory)

/**
 * A command line in a new workspace (`{dir}`), and all that it is answered with: the exit status and the whole of stderr.
 */
interface Case {
  readonly name: string
  readonly args: ReadonlyArray<string>
  readonly status: number
  readonly stderr: string
  readonly options?: RunOptions
  /** Text of the user's configuration file. */
  readonly config?: string
  readonly project?: string
  readonly prepare?: (directory: string) => void
}

const start = ["shell", "--background", "-w", "{dir}"]
const shellHelp = "See 'clincus shell --help'.\n"

const cases: ReadonlyArray<Case> = [
  {
    name: "a tool that does not exist, with the one that was meant",
    args: [...start, "--tool", "cluade"],
    status: 2,
    stderr: "clincus: no tool is named 'cluade'\n"
      + "Did you mean 'claude'? Known tools: claude, opencode, codex, gemini, copilot, aider, fake.\n" +
      shellHelp
  },
  {
    name: "a tool that is like no other",
    args: [...start, "--tool", "zzz"],
    status: 2,
    stderr: "clincus: no tool is named 'zzz'\n"
      + "Known tools: claude, opencode, codex, gemini, copilot, aider, fake. Others can be declared in a [tool.<name>] table of the configuration.\n"
      + shellHelp
  },
  {
    name: "a workspace that does not exist",
    args: ["shell", "--background", "{dir}/missing"],
    status: 2,
    stderr: "clincus: workspace {dir}/missing does not exist\n"
      + "Make that directory first, or name another one.\n" + shellHelp
  },
  {
    name: "a workspace that is a file",
    args: ["shell", "--background", "{dir}/fake"],
    status: 2,
    stderr: "clincus: workspace {dir}/fake is not a directory\nName the directory of a project.\n" + shellHelp
  },
  {
    name: "a workspace that is the whole file system",
    args: ["shell", "--background", "/"],
    status: 2,
    stderr: "clincus: workspace / is the whole file system\nName the directory of a project.\n" + shellHelp
  },
  {
    name: "a workspace that may not be read",
    args: start,
    options: { uid: nobody },
    prepare: (directory) => Fs.chmodSync(directory, 0o700),
    status: 2,
    stderr: "clincus: workspace {dir} cannot be read by this user\n"
      + "Change its permissions, or run clincus as the user who owns it.\n" + shellHelp
  },
  {
    name: "a slot that does not exist",
    args: [...start, "--slot", "11"],
    status: 2,
    stderr: "clincus: there is no slot 11: slots are 1 to 10, and 0 chooses a free one\n" + shellHelp
  },
  {
    name: "an image that does not exist",
    args: [...start, "--image", "no-such-image"],
    status: 1,
    stderr: "clincus: Incus has no image named no-such-image\n"
      + "Run 'clincus images' to see which there are, or 'clincus build' to make the default one.\n"
  },
  {
    name: "a daemon that is not there",
    args: start,
    options: { environment: { INCUS_SOCKET: "/nowhere/unix.socket" } },
    status: 1,
    stderr:
      "clincus: Incus does not answer on /nowhere/unix.socket: the daemon is not installed or not running\n"
      + "Run 'clincus setup' to install and start it.\n"
  },
  {
    name: "a configuration that is no TOML, with line and column",
    args: start,
    config: "# Mine.\n[session\non_exit = 1\n",
    status: 1,
    stderr: "clincus: {config}:2:9: not valid TOML: "
  },
  {
    name: "a key that does not exist, with the one that was meant",
    args: start,
    config: "[session]\non_exit = \"end\"\non_detatch = \"end\"\n",
    status: 1,
    stderr: "clincus: {config}:3:1: unknown key 'session.on_detatch'\nDid you mean 'on_detach'?\n"
  },
  {
    name: "a value that is none of those allowed",
    args: start,
    config: "[session]\n  on_exit = \"explode\"\n",
    status: 1,
    stderr: "clincus: {config}:2:3: session.on_exit has to be \"end\" or \"shell\", not \"explode\"\n"
  },
  {
    name: "a configuration file that is named and does not exist",
    args: start,
    options: { environment: { CLINCUS_CONFIG: "/nowhere/config.toml" } },
    status: 1,
    stderr: "clincus: /nowhere/config.toml: the file does not exist\n"
  },
  {
    name: "a key that a workspace's own file may not set",
    args: start,
    project: "[defaults]\npersistent = true\n\n[environment]\nforward = [\"SECRET\"]\n",
    status: 1,
    stderr:
      "clincus: {dir}/.clincus.toml:4:2: unknown key 'environment': a workspace's own file may not set it\n"
      + "Keys known here: defaults, tool, limits, security, network.\n"
  },
  {
    name: "a program that a workspace's own file would run",
    args: start,
    project: "[tool]\nbinary = \"/workspace/evil\"\n",
    status: 1,
    stderr:
      "clincus: {dir}/.clincus.toml:2:1: unknown key 'tool.binary': a workspace's own file may not set it\n"
      + "Keys known here: name.\n"
  },
  {
    name: "a profile that does not exist",
    args: [...start, "--profile", "fast"],
    config: "\n[profiles.slow.limits]\ncpu = 1\n",
    status: 2,
    stderr: "clincus: no profile is named 'fast'\nConfigured profiles: slow.\n" + shellHelp
  },
  {
    name: "an option that does not exist, with the one that was meant",
    args: [...start, "--presistent"],
    status: 2,
    stderr: "clincus: unknown option '--presistent' of 'clincus shell'. Did you mean '--persistent'?\n" +
      shellHelp
  },
  {
    name: "a variable that is none",
    args: [...start, "--env", "1A=2"],
    status: 2,
    stderr: "clincus: '1A' is not a name of a variable\nWrite --env KEY=VALUE.\n" + shellHelp
  },
  {
    name: "two modes at once",
    args: [...start, "--persistent", "--ephemeral"],
    status: 2,
    stderr: "clincus: --persistent and --ephemeral exclude each other\n" + shellHelp
  },
  {
    name: "JSON of a session that is attached",
    args: ["shell", "--format", "json", "-w", "{dir}"],
    status: 2,
    stderr: "clincus: --format json goes with --background or --dry-run\n" + shellHelp
  },
  {
    name: "no terminal, with what does without one",
    args: ["shell", "{dir}"],
    status: 2,
    stderr: "clincus: a session needs a terminal, and standard input or output is not a terminal\n"
      + "Use --background, then 'clincus tmux capture' and 'clincus tmux send'.\n" + shellHelp
  },
  {
    name: "nothing to resume",
    args: [...start, "--resume"],
    status: 1,
    stderr: "clincus: cannot resume: there is no saved session of {dir}\n"
      + "Run 'clincus list --all' to see what there is, or 'clincus shell' to start a new session.\n"
  },
  {
    name: "a container that does not exist",
    args: ["kill", "no-such-container"],
    status: 1,
    stderr: "clincus: no container is named no-such-container\n"
      + "Run 'clincus list' to see the sessions that are live.\n"
  },
  {
    name: "several containers, all that are missing",
    args: ["kill", "no-such-container", "nor-this"],
    status: 1,
    stderr: "clincus: no container is named no-such-container; no container is named nor-this\n"
      + "Nothing was ended. Run 'clincus list' to see the sessions that are live.\n"
  },
  {
    name: "a name that no session has",
    args: ["info", "nope"],
    status: 1,
    stderr: "clincus: no session or container is named 'nope'\n"
      + "A container's name will do, or the id of a session or its beginning: 'clincus list --all' shows them.\n"
  },
  {
    name: "nothing that runs to attach to",
    args: ["attach"],
    status: 1,
    stderr: "clincus: no session is running\nStart one with 'clincus shell', or see 'clincus list --all'.\n"
  },
  {
    name: "an age that is none",
    args: ["clean", "--older-than", "yesterday"],
    status: 2,
    stderr: "clincus: 'yesterday' is not an age\nWrite a number and a unit: 45m, 12h, 30d, 8w.\n"
      + "See 'clincus clean --help'.\n"
  }
]

onGround(Library.layer, "a message names the thing, why and what to do", (it) => {
  for (const one of cases) {
    it.scoped(one.name, () =>
      Effect.gen(function*() {
        const { configure, home, workspace } = yield* World
        const directory = workspace(one.project === undefined ? {} : { config: one.project })
        one.prepare?.(directory)
        if (one.config !== undefined) yield* configure(one.config)
        const result = yield* run(one.args.map((arg) => withDirectory(arg, directory)), one.options)
        const expected = withDirectory(one.stderr, directory)
          .replaceAll("{config}", join(home, ".config/clincus/config.toml"))
        // A message of the TOML parser's own has no fixed end.
        const stderr = expected.endsWith("\n") ? result.stderr : result.stderr.slice(0, expected.length)
        expect({ ...result, stderr }).toEqual({ status: one.status, stdout: "", stderr: expected })
        expect(yield* containers).toEqual({})
      }))
  }

  it.scoped("several containers of which one is there: that is not ended", () =>
    Effect.gen(function*() {
      const { workspace } = yield* World
      const { container } = yield* background(workspace(), "--debug")
      expect(yield* run(["shutdown", "a", container, "b"])).toEqual({
        status: 1,
        stdout: "",
        stderr: "clincus: no container is named a; no container is named b\n"
          + "Nothing was ended. Run 'clincus list' to see the sessions that are live.\n"
      })
      expect(yield* containers).toEqual({ [container]: "Running" })
      expect((yield* run(["kill", container])).status).toBe(0)
    }))

  it.scoped("a tool that writes to the terminal of whoever starts it: shown, not obeyed", () =>
    Effect.gen(function*() {
      const { workspace } = yield* World
      const directory = workspace()
      // Written past tmux, which would obey it, and where the pane cannot put the true screen in its place.
      Fs.writeFileSync(
        join(directory, "fake"),
        `#!/bin/bash
cd /var/lib/clincus/outcome
mkdir .screen
printf 'first\\033[2J\\033]0;mine\\007\\r\\302\\233\\342\\200\\256\\nclincus: all is well\\n' > screen
exit 9
`,
        { mode: 0o755 }
      )
      // A tool is watched for a moment only, and on a busy machine it may take longer to end than that.
      const started = yield* Effect.repeat(run(["shell", "--background", directory]), {
        until: ({ status }) => status !== 0,
        times: 9
      })
      expect(started).toEqual({
        status: 1,
        stdout: "",
        stderr: [
          "clincus: The fake tool ended at once, with status 9",
          "  first\\x1b[2J\\x1b]0;mine\\x07\\r\\x9b\\u202e",
          "  clincus: all is well",
          "Run 'clincus shell --debug' to try it by hand.",
          ""
        ].join("\n")
      })
      const terminal = yield* openTerminal({ directory })
      yield* terminal.line("clincus shell; echo status=$?")
      expect(yield* terminal.status).toBe(9)
      expect(yield* terminal.screen).toContain(
        "?\n  first\\x1b[2J\\x1b]0;mine\\x07\\r\\x9b\\u202e\n  clincus: all is well\nclincus: fake ended with status 9;"
      )
    }))

  it.scoped("a slot in use, with the command that attaches", () =>
    Effect.gen(function*() {
      const { workspace } = yield* World
      const directory = workspace()
      const { container } = yield* background(directory, "--debug", "--slot", "2")
      expect(yield* run(["shell", "--background", "--slot", "2", directory])).toEqual({
        status: 1,
        stdout: "",
        stderr: `clincus: slot 2 of ${directory} is in use by ${container}\n`
          + `Attach to it with 'clincus attach ${container}', or leave out --slot to get a free one.\n`
      })
      yield* run(["kill", container])
    }))

  it.scoped("the default image, which has to be built once", () =>
    Effect.gen(function*() {
      const { configure, prefix, workspace } = yield* World
      // A project with images of its own is like a machine on which none was built yet.
      const incus = (...args: ReadonlyArray<string>) =>
        Effect.sync(() => {
          const { status, stderr } = spawnSync("incus", args, { encoding: "utf8" })
          expect({ status, stderr }).toEqual({ status: 0, stderr: "" })
        })
      const project = `${prefix}empty`
      const features = ["-c", "features.images=true", "-c", "features.profiles=false"]
      yield* Effect.acquireRelease(
        incus("project", "create", "--quiet", project, ...features),
        () => incus("project", "delete", "--quiet", project)
      )
      yield* configure(`[incus]\nproject = "${project}"\n`)
      expect(yield* run(["shell", "--background", workspace()])).toEqual({
        status: 1,
        stdout: "",
        stderr: "clincus: Incus has no image named clincus\n"
          + "Run 'clincus build' to make it (a few minutes, once).\n"
      })
    }))

  it.scoped("no permission on the socket, with the group that has it", () =>
    Effect.gen(function*() {
      const { environment, root, workspace } = yield* World
      const directory = workspace({ uid: nobody, gid: nobody })
      const home = join(root, "nobody")
      Fs.mkdirSync(home)
      Fs.chownSync(home, nobody, nobody)
      const result = yield* run(["list"], {
        uid: nobody,
        directory,
        environment: { HOME: home, XDG_CACHE_HOME: home }
      })
      expect(result).toEqual({
        status: 1,
        stdout: "",
        stderr: `clincus: permission denied on ${environment["INCUS_SOCKET"]}: `
          + "this user is not in the group that may use Incus\n"
          + "Run 'clincus setup' to be added to the incus-admin group, then log in again (or: newgrp incus-admin).\n"
      })
    }))
})

describe("in a terminal", () => {
  Library.test("a message is on the screen, and nothing else", () =>
    Effect.gen(function*() {
      const terminal = yield* openTerminal()
      yield* terminal.line("clincus shell --slot 11; echo status=$?")
      expect(yield* terminal.status).toBe(2)
      expect(yield* terminal.screen).toBe([
        "host$ clincus shell --slot 11; echo status=$?",
        "clincus: there is no slot 11: slots are 1 to 10, and 0 chooses a free one",
        "See 'clincus shell --help'.",
        "status=2",
        "host$"
      ].join("\n"))
    }))
})
