import type * as Descriptor from "@effect/cli/CommandDescriptor"
import * as Data from "effect/Data"
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"

/** One option of a command, as the command line, the help and the completion need to know it. */
export interface OptionSpec {
  /** As they are typed, the long name first: `["--slot", "-s"]`. */
  readonly names: readonly [string, ...ReadonlyArray<string>]
  readonly takes: "nothing" | "value" | "optional value"
  /** What the value is called in the help: `N`, `ALIAS`. It is also what live completions are keyed by. */
  readonly value: string
  readonly type: "text" | "integer"
  /** The only values that are accepted; empty if any is. */
  readonly choices: ReadonlyArray<string>
  readonly description: string
  readonly fallback: string | undefined
  readonly repeated: boolean
  /** All values go to the decoder as one JSON array (see `repeatable` in options.ts). */
  readonly packed: boolean
  readonly required: boolean
  /** Flags of one group undo each other (`--color`, `--no-color`): the last one given counts. */
  readonly group: number
}

/** One positional argument. */
export interface ArgumentSpec {
  readonly name: string
  readonly type: "text" | "integer"
  readonly choices: ReadonlyArray<string>
  readonly description: string
  readonly min: number
  readonly max: number
}

/** A command with its subcommands. */
export interface CommandSpec {
  /** From the program's name on: `["git", "remote", "add"]`. */
  readonly path: ReadonlyArray<string>
  readonly name: string
  readonly group: string | undefined
  readonly paragraphs: ReadonlyArray<string>
  readonly examples: ReadonlyArray<readonly [line: string, what: string]>
  readonly options: ReadonlyArray<OptionSpec>
  readonly args: ReadonlyArray<ArgumentSpec>
  readonly children: ReadonlyArray<CommandSpec>
  /** Names that begin with `_` are for scripts: neither help nor completion shows them. */
  readonly hidden: boolean
}

/*
 * The public functions of @effect/cli lose what is needed here (nested subcommands, which option has a default or is
 * repeated, a description without the library's own sentences), so the definition is read node by node. It is treated
 * as unknown data. A node that is not known here is a defect, so that no option is lost when the library gets a new kind.
 */

/** The definition of a command has a node that is not known here: `kind` says of what, `tag` which one. */
export class UnknownNode
  extends Data.TaggedError("UnknownNode")<{ readonly kind: string; readonly tag: string }>
{
  override get message(): string {
    return `@effect/cli gives ${this.kind} '${this.tag}', which this program does not know how to read`
  }
}

const at = (node: unknown, key: string): unknown => hasProperty(node, key) ? node[key] : undefined
const tag = (node: unknown): unknown => at(node, "_tag")
const text = (value: unknown): string => typeof value === "string" ? value : ""
const unknown = (kind: string, node: unknown) => new UnknownNode({ kind, tag: text(tag(node)) })
const list = (value: unknown): ReadonlyArray<unknown> => Array.isArray(value) ? value : []

const joined = (parts: ReadonlyArray<string>): string => parts.filter((part) => part !== "").join(" ")

/** The words of a HelpDoc or a Span, without their style. */
export const words = (node: unknown): string => {
  if (typeof node === "string") return node
  switch (tag(node)) {
    case "Sequence":
      return joined([words(at(node, "left")), words(at(node, "right"))])
    case "Empty":
      return ""
    case "Header":
    case "Paragraph":
    case "Highlight":
    case "Strong":
    case "Text":
    case "URI":
    case "Weak":
      return words(at(node, "value"))
    case "Enumeration":
      return joined(list(at(node, "elements")).map(words))
    case "DescriptionList":
      return joined(list(at(node, "definitions")).flatMap(list).map(words))
    default:
      throw unknown("a text", node)
  }
}

/** What a command's description is made of: a heading, paragraphs and a list of examples; see `describe`. */
const blocks = (doc: unknown): ReadonlyArray<unknown> => {
  switch (tag(doc)) {
    case "Sequence":
      return [...blocks(at(doc, "left")), ...blocks(at(doc, "right"))]
    case "Empty":
      return []
    case "Header":
    case "Paragraph":
    case "DescriptionList":
      return [doc]
    default:
      throw unknown("a description", doc)
  }
}

const choicesOf = (primitive: unknown): ReadonlyArray<string> =>
  list(at(primitive, "alternatives")).map((pair) => text(list(pair)[0]))

const typeOf = (primitive: unknown): "text" | "integer" => {
  switch (tag(primitive)) {
    case "Integer":
      return "integer"
    // The library reads and refuses their values by itself.
    case "Bool":
    case "Choice":
    case "DateTime":
    case "Float":
    case "Path":
    case "Redacted":
    case "Secret":
    case "Text":
      return "text"
    default:
      throw unknown("a value", primitive)
  }
}

interface Around {
  readonly fallback: string | undefined
  readonly repeated: boolean
  readonly required: boolean
  readonly group: number
}

const shown = (fallback: unknown): string | undefined => {
  const value = Option.isOption(fallback) ? Option.getOrUndefined(fallback) : fallback
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined
}

const dashed = (name: string): string => `${name.length === 1 ? "-" : "--"}${name}`

const single = (node: unknown, around: Around): OptionSpec => {
  const primitive = at(node, "primitiveType")
  const given = shown(at(node, "pseudoName"))
  const choices = choicesOf(primitive)
  const optional = given?.startsWith("[=") === true
  const packed = given?.endsWith("...") === true
  const [first = "", ...rest] = [text(at(node, "name")), ...list(at(node, "aliases")).map(text)]
    .toSorted((a, b) => Math.min(b.length, 2) - Math.min(a.length, 2))
    .map(dashed)
  return {
    ...around,
    names: [first, ...rest],
    takes: tag(primitive) === "Bool" ? "nothing" : optional ? "optional value" : "value",
    value: given?.replace(/^\[=|\]$|\.\.\.$/g, "") ??
      (choices.length > 0 ? choices.join("|") : text(at(node, "placeholder")).toUpperCase()),
    type: typeOf(primitive),
    choices,
    description: words(at(node, "description")),
    fallback: packed ? undefined : around.fallback,
    repeated: around.repeated || packed,
    packed
  }
}

const optionsOf = (root: unknown): ReadonlyArray<OptionSpec> => {
  let group = 0
  const walk = (node: unknown, around: Around): ReadonlyArray<OptionSpec> => {
    switch (tag(node)) {
      case "Single":
        return [single(node, around.group < 0 ? { ...around, group: group++ } : around)]
      case "KeyValueMap":
      case "Variadic":
        return walk(at(node, "argumentOption"), {
          ...around,
          repeated: true,
          required: around.required && Number(shown(at(node, "min")) ?? 0) > 0
        })
      case "Map":
        return walk(at(node, "options"), around)
      case "WithDefault":
      case "WithFallback":
        return walk(at(node, "options"), {
          ...around,
          required: false,
          fallback: around.fallback ?? shown(at(node, "fallback"))
        })
      case "Both":
        return [...walk(at(node, "left"), around), ...walk(at(node, "right"), around)]
      case "OrElse": {
        const shared = { ...around, group: around.group < 0 ? group++ : around.group, required: false }
        return [...walk(at(node, "left"), shared), ...walk(at(node, "right"), shared)]
      }
      case "Empty":
        return []
      default:
        throw unknown("an option", node)
    }
  }
  return walk(root, { fallback: undefined, repeated: false, required: true, group: -1 })
}

const argumentsOf = (node: unknown, min = 1, max = 1): ReadonlyArray<ArgumentSpec> => {
  switch (tag(node)) {
    case "Single": {
      const primitive = at(node, "primitiveType")
      return [{
        name: text(at(node, "name")).replace(/^<(.*)>$/, "$1").toUpperCase(),
        type: typeOf(primitive),
        choices: choicesOf(primitive),
        description: words(at(node, "description")),
        min,
        max
      }]
    }
    case "Variadic":
      return argumentsOf(
        at(node, "args"),
        Math.min(min, Number(shown(at(node, "min")) ?? 0)),
        Number(shown(at(node, "max")) ?? Infinity)
      )
    case "WithDefault":
    case "WithFallbackConfig":
      return argumentsOf(at(node, "args"), 0, max)
    case "Map":
      return argumentsOf(at(node, "args"), min, max)
    case "Both":
      return [...argumentsOf(at(node, "left"), min, max), ...argumentsOf(at(node, "right"), min, max)]
    case "Empty":
      return []
    default:
      throw unknown("an argument", node)
  }
}

const commandOf = (
  node: unknown,
  parents: ReadonlyArray<string>,
  children: ReadonlyArray<unknown> = []
): CommandSpec => {
  switch (tag(node)) {
    case "Map":
      return commandOf(at(node, "command"), parents, children)
    case "Subcommands":
      return commandOf(at(node, "parent"), parents, [...children, ...list(at(node, "children"))])
    case "Standard": {
      const name = text(at(node, "name"))
      const path = [...parents, name]
      const doc = blocks(at(node, "description"))
      return {
        path,
        name,
        hidden: name.startsWith("_"),
        group: doc.filter((block) => tag(block) === "Header").map(words)[0],
        paragraphs: doc.filter((block) => tag(block) === "Paragraph").map(words),
        examples: doc.filter((block) => tag(block) === "DescriptionList").flatMap((block) =>
          list(at(block, "definitions")).map((pair) => [words(list(pair)[0]), words(list(pair)[1])] as const)
        ),
        options: optionsOf(at(node, "options")),
        args: argumentsOf(at(node, "args")),
        children: children.map((child) => commandOf(child, path))
      }
    }
    default:
      throw unknown("a command", node)
  }
}

/** Reads a command's definition: the one table that argv, help and completion are made from. */
export const treeOf = <A>(descriptor: Descriptor.Command<A>): CommandSpec => commandOf(descriptor, [])
