import pico from "picocolors"
import stringWidth from "string-width"
import { pad, wrap } from "./layout.ts"
import type { ArgumentSpec, CommandSpec, OptionSpec } from "./tree.ts"

/** Rows of a list: what stands on the left, and what is said about it. */
type Rows = ReadonlyArray<readonly [label: string, text: string]>

const indent = "  "
const widestLabel = 28

const summary = ({ paragraphs }: CommandSpec): string => paragraphs[0] ?? ""

const argumentUsage = ({ max, min, name }: ArgumentSpec): string => {
  const word = max > 1 ? `${name}...` : name
  return min > 0 ? word : `[${word}]`
}

const usage = (command: CommandSpec): string =>
  [
    ...command.path,
    ...(command.options.length > 0 ? ["[OPTIONS]"] : []),
    ...(command.children.length > 0 ? ["COMMAND"] : []),
    ...command.args.map(argumentUsage)
  ].join(" ")

const optionLabel = ({ names, takes, value }: OptionSpec): string => {
  const short = names.filter((name) => !name.startsWith("--"))
  const long = names.filter((name) => name.startsWith("--"))
  const spelled = [...short, ...long].join(", ")
  const suffix = takes === "nothing" ? "" : takes === "value" ? `=${value}` : `[=${value}]`
  return `${short.length === 0 ? "    " : ""}${spelled}${
    long.length === 0 ? suffix.replace("=", " ") : suffix
  }`
}

const optionText = ({ description, fallback, repeated, required }: OptionSpec): string =>
  [
    description,
    ...(required ? ["(required)"] : []),
    ...(repeated ? ["(may be repeated)"] : []),
    ...(fallback === undefined || fallback === "" ? [] : [`(default: ${fallback})`])
  ].join(" ")

const other = "Other commands"

/** The commands below their headings, in the order in which these first appear; those without one come last. */
const groups = (command: CommandSpec): ReadonlyArray<readonly [heading: string, rows: Rows]> => {
  const visible = command.children.filter(({ hidden }) => !hidden)
  const named = visible.flatMap(({ group }) => group === undefined || group === other ? [] : [group])
  const headings = [...new Set(named), named.length > 0 ? other : "Commands"]
  return headings.map((heading) =>
    [
      heading,
      visible.filter(({ group }) => heading === (group ?? headings.at(-1)))
        .map((child) => [child.name, summary(child)] as const)
    ] as const
  )
}

/**
 * The help of a command: what it does, how it is used, examples, arguments, options, and the commands below it. Lines
 * take `columns` cells at most (80 unless the terminal is narrower).
 */
export const renderHelp = (
  command: CommandSpec,
  { colours, columns }: { readonly columns: number; readonly colours: boolean }
): string => {
  const { bold, cyan } = pico.createColors(colours)
  const width = Math.max(40, columns)

  const rows = (entries: Rows, left: number): ReadonlyArray<string> =>
    entries.flatMap(([label, text]) => {
      const lines = wrap(text, width - left - indent.length)
      const fits = stringWidth(label) + indent.length <= left
      const first = fits ? indent + pad(cyan(label), left) + (lines[0] ?? "") : indent + cyan(label)
      return [
        first.trimEnd(),
        ...lines.slice(fits ? 1 : 0).map((line) => indent + " ".repeat(left) + line)
      ]
    })
  const section = (heading: string, entries: Rows, left?: number): ReadonlyArray<string> => {
    if (entries.length === 0) return []
    const labels = entries.map(([label]) => stringWidth(label)).filter((cells) => cells <= widestLabel)
    return ["", bold(`${heading}:`), ...rows(entries, left ?? Math.max(0, ...labels) + 2)]
  }
  const visible = command.children.filter(({ hidden }) => !hidden)
  const isRoot = command.path.length === 1
  const options: Rows = [
    ...command.options.map((option) => [optionLabel(option), optionText(option)] as const),
    ["-h, --help", "Show this help."],
    ...(isRoot ? [["    --version", "Print the version."] as const] : [])
  ]
  // An example stands above what it does: command lines are long, and are to be copied whole.
  const examples = command.examples.flatMap(([line, what]) => [
    indent + cyan(line),
    ...wrap(what, width - 6).map((text) => `      ${text}`)
  ])
  return [
    ...command.paragraphs.flatMap((
      paragraph,
      index
    ) => [...(index === 0 ? [] : [""]), ...wrap(paragraph, width)]),
    "",
    bold("Usage:"),
    `${indent}${usage(command)}`,
    ...(examples.length === 0 ? [] : ["", bold("Examples:"), ...examples]),
    ...section(
      "Arguments",
      command.args.map(({ choices, description, name }) => [
        name,
        choices.length === 0 ? description : `${description} (${choices.join(", ")})`
      ])
    ),
    ...groups(command).flatMap(([heading, entries]) =>
      section(heading, entries, Math.max(...visible.map(({ name }) => name.length)) + 2)
    ),
    ...section("Options", options),
    ...(command.children.length === 0
      ? []
      : ["", ...wrap(`Run '${command.path.join(" ")} COMMAND --help' to learn more about a command.`, width)])
  ].join("\n")
}
