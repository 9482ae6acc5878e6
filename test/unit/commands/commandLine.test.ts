import * as CommandDescriptor from "@effect/cli/CommandDescriptor"
import type * as Usage from "@effect/cli/Usage"
import * as HashMap from "effect/HashMap"
import * as Layer from "effect/Layer"
import { describe, expect, it } from "vitest"
import { type CommandSpec, treeOf } from "../../../src/cli/tree.ts"
import * as Network from "../../../src/commands/network.ts"
import { root } from "../../../src/commands/root.ts"
import * as Tmux from "../../../src/commands/tmux.ts"

const { descriptor } = root(Layer.die("no command runs here"))
const tree = treeOf(descriptor)
const everyCommand = (command: CommandSpec): ReadonlyArray<CommandSpec> => [
  command,
  ...command.children.flatMap(everyCommand)
]
const commands = everyCommand(tree)

/** The names of options that the library itself finds in a command. */
const namesIn = (usage: Usage.Usage): ReadonlyArray<string> => {
  switch (usage._tag) {
    case "Named":
      return usage.names.filter((name) => name.startsWith("-"))
    case "Optional":
    case "Repeated":
      return namesIn(usage.usage)
    case "Alternation":
    case "Concat":
      return [...namesIn(usage.left), ...namesIn(usage.right)]
    case "Empty":
    case "Mixed":
      return []
  }
}

/** The commands below one, as the library knows them; below a command of these it knows none. */
const below = <A>(command: CommandDescriptor.Command<A>, path: string) =>
  Array.from(
    HashMap.entries(CommandDescriptor.getSubcommands(command)),
    ([name, child]) => [`${path} ${name}`, child] as const
  )

describe("the command line of clincus", () => {
  it("is read whole: nothing that @effect/cli knows of it is lost", () => {
    const known = [
      ...below(descriptor, "clincus"),
      ...below(Network.command.descriptor, "clincus network"),
      ...below(Tmux.command.descriptor, "clincus tmux")
    ]
    expect(known.map(([path]) => path).toSorted()).toEqual(
      commands.slice(1).map(({ path }) => path.join(" ")).toSorted()
    )
    for (const [path, command] of known) {
      const read = commands.find((one) => one.path.join(" ") === path)
      expect(read?.options.flatMap(({ names }) => names).toSorted(), path).toEqual(
        namesIn(CommandDescriptor.getUsage(command)).toSorted()
      )
    }
  })

  it("says what each command, option and argument is for", () => {
    const silent = commands.filter(({ hidden }) => !hidden).flatMap(({ args, options, paragraphs, path }) => [
      ...(paragraphs[0]?.endsWith(".") === true ? [] : [path.join(" ")]),
      ...options.filter(({ description }) => description === "").map(({ names }) =>
        `${path.join(" ")} ${names[0]}`
      ),
      ...args.filter(({ description }) => description === "").map(({ name }) => `${path.join(" ")} ${name}`)
    ])
    expect(silent).toEqual([])
  })
})
