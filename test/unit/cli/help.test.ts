import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import stringWidth from "string-width"
import { renderHelp } from "../../../src/cli/help.ts"
import { type CommandSpec, treeOf } from "../../../src/cli/tree.ts"
import { makeFixture } from "./fixture.ts"

const everyCommand = (command: CommandSpec): ReadonlyArray<CommandSpec> => [
  command,
  ...command.children.flatMap(everyCommand)
]
const tree = Effect.map(makeFixture, ({ root }) => treeOf(root.descriptor))

describe("help", () => {
  it.effect("of the program lists its commands below their headings", () =>
    Effect.gen(function*() {
      expect(renderHelp(yield* tree, { columns: 80, colours: false })).toMatchInlineSnapshot(`
        "Put an AI coding tool to work on a directory.

        Usage:
          clincus COMMAND

        Sessions:
          shell  Start a session on a directory, and attach the terminal to it.
          kill   Delete containers at once.
          list   List the sessions that are live.

        Background sessions:
          tmux   Look at and type into sessions.

        Other commands:
          run
          copy

        Options:
          -h, --help     Show this help.
              --version  Print the version.

        Run 'clincus COMMAND --help' to learn more about a command."
      `)
    }))

  it.effect("of a command says all that it takes", () =>
    Effect.gen(function*() {
      const shell = (yield* tree).children.find(({ name }) => name === "shell")
      expect(shell === undefined ? "" : renderHelp(shell, { columns: 80, colours: false }))
        .toMatchInlineSnapshot(`
          "Start a session on a directory, and attach the terminal to it.

          The tool runs in a container of its own. When it exits, the session is saved and
          the container goes away.

          Usage:
            clincus shell [OPTIONS] [WORKSPACE]

          Examples:
            clincus shell --slot 2 ~/site
                A second session beside the first.

          Arguments:
            WORKSPACE

          Options:
            -w, --workspace=WORKSPACE  The directory to work on; the current one without
                                       it.
            -s, --slot=N               Which of the ten slots to use. (default: 0)
            -e, --env=KEY=VALUE        A variable for the tool. (may be repeated)
                --resume, --continue[=ID]
                                       Go on with a saved session: the newest one, or the
                                       one with this id.
            -d, --debug
            -b, --background
                --color
                --no-color
                --format=text|json     How to print the result: for people, or for
                                       scripts. (default: text)
            -h, --help                 Show this help."
        `)
    }))

  it.effect("of a group lists its commands", () =>
    Effect.gen(function*() {
      const tmux = (yield* tree).children.find(({ name }) => name === "tmux")
      expect(tmux === undefined ? "" : renderHelp(tmux, { columns: 80, colours: false }))
        .toMatchInlineSnapshot(`
          "Look at and type into sessions.

          Usage:
            clincus tmux COMMAND

          Commands:
            capture
            send     Type text into a session.

          Options:
            -h, --help  Show this help.

          Run 'clincus tmux COMMAND --help' to learn more about a command."
        `)
    }))

  it.effect("fits the width it is given", () =>
    Effect.gen(function*() {
      for (const command of everyCommand(yield* tree)) {
        for (const columns of [50, 80]) {
          const lines = renderHelp(command, { columns, colours: false }).split("\n")
          expect(lines.filter((line) => stringWidth(line) > columns)).toEqual([])
        }
      }
    }))

  it.effect("has colours only where they are wanted, and the same words", () =>
    Effect.gen(function*() {
      const root = yield* tree
      const coloured = renderHelp(root, { columns: 80, colours: true })
      expect(coloured).toContain("\u001b[1mUsage:")
      expect(coloured.replace(/\u001b\[\d+m/g, "")).toBe(renderHelp(root, { columns: 80, colours: false }))
    }))
})
