import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { closest } from "../domain/closest.ts"
import { checkArguments, checkOption, checkRequired } from "./check.ts"
import { UsageError } from "./errors.ts"
import { Values } from "./options.ts"
import type { CommandSpec, OptionSpec } from "./tree.ts"

/** What a command line asks for. */
export type Request =
  | { readonly _tag: "Help"; readonly command: CommandSpec }
  | { readonly _tag: "Version" }
  | { readonly _tag: "Run"; readonly command: CommandSpec; readonly argv: ReadonlyArray<string> }

/** A value that was given for an option, in the order of the command line. */
interface Given {
  readonly owner: CommandSpec
  readonly option: OptionSpec
  readonly value: string
}

const encode = Schema.encodeSync(Values)

const helpNames = ["--help", "-h"]

/** Finds an option by its name: a command's own ones first, then those of the commands above it. */
const find = (
  chain: ReadonlyArray<CommandSpec>,
  name: string
): { readonly owner: CommandSpec; readonly option: OptionSpec } | undefined => {
  for (const owner of chain.toReversed()) {
    const option = owner.options.find(({ names }) => names.includes(name))
    if (option !== undefined) return { owner, option }
  }
  return undefined
}

const unknownOption = (chain: ReadonlyArray<CommandSpec>, command: CommandSpec, name: string): UsageError => {
  const known = chain.flatMap(({ options }) => options.flatMap(({ names }) => names))
  const below = command.children.find(({ options }) => options.some(({ names }) => names.includes(name)))
  const suggestion = name.startsWith("--") ? closest(name, [...known, "--help"]) : undefined
  return new UsageError({
    command: command.path.join(" "),
    reason: `unknown option '${name}' of '${command.path.join(" ")}'`,
    suggestion: below === undefined ? suggestion : `${below.path.join(" ")} ${name}`,
    advice: command.args.length > 0 && below === undefined && suggestion === undefined
      ? "Words that begin with '-' and are no options come after '--'."
      : undefined
  })
}

const unknownCommand = (command: CommandSpec, word: string): UsageError => {
  const names = command.children.filter(({ hidden }) => !hidden).map(({ name }) => name)
  const parents = command.path.slice(1)
  return new UsageError({
    command: command.path.join(" "),
    reason: `unknown command '${[...parents, word].join(" ")}'`,
    suggestion: closest(word, names)
  })
}

const missingValue = (command: CommandSpec, name: string, option: OptionSpec, next: string | undefined) =>
  new UsageError({
    command: command.path.join(" "),
    reason: `option '${name}' needs a value: ${name}${name.startsWith("--") ? "=" : " "}${option.value}`,
    advice: next === undefined || next === "--"
      ? undefined
      : `If '${next}' is the value, write ${option.names[0]}=${next}`
  })

const booleans: Record<string, string> = { true: "true", yes: "true", false: "false", no: "false" }

/** Reads a command line word by word. State is kept in local variables: this is a scanner. */
const scan = (root: CommandSpec, argv: ReadonlyArray<string>) => {
  const chain: Array<CommandSpec> = [root]
  let command = root
  const given: Array<Given> = []
  const words: Array<string> = []
  let help = false
  let version = false
  let fault: UsageError | undefined
  let index = 0

  const isOption = (word: string): boolean => {
    const name = word.startsWith("--") ? word.split("=", 1)[0] ?? word : word.slice(0, 2)
    return word !== "-" && (find(chain, name) !== undefined || helpNames.includes(name))
  }
  /** The value of an option that needs one: what is attached to it, or else the next word. */
  const valueOf = (name: string, option: OptionSpec, attached: string | undefined): string => {
    if (attached !== undefined) return attached
    const next = argv[index]
    if (next === undefined || next === "--" || (next.startsWith("-") && isOption(next))) {
      fault ??= missingValue(command, name, option, next)
      return ""
    }
    index++
    return next
  }
  const give = (name: string, attached: string | undefined): void => {
    const found = find(chain, name)
    if (found === undefined) {
      if (helpNames.includes(name)) help = true
      else if (name === "--version") version = true
      else fault ??= unknownOption(chain, command, name)
      return
    }
    const { option } = found
    if (option.takes === "nothing") {
      const value = attached === undefined ? "true" : booleans[attached.toLowerCase()]
      if (value === undefined) {
        fault ??= new UsageError({
          command: command.path.join(" "),
          reason: `option '${name}' takes no value, but was given '${attached ?? ""}'`
        })
      }
      given.push({ ...found, value: value ?? "true" })
      return
    }
    const value = option.takes === "optional value" ? attached ?? "" : valueOf(name, option, attached)
    given.push({ ...found, value })
  }
  /** `-dw /x`, `-s3`, `-s=3`: flags until one takes a value, which is the rest or the next word. */
  const cluster = (word: string): void => {
    for (let at = 1; at < word.length; at++) {
      const name = `-${word[at]}`
      const found = find(chain, name)
      const rest = word.slice(at + 1)
      if (found === undefined && !helpNames.includes(name)) {
        fault ??= unknownOption(chain, command, at === 1 ? word : name)
        return
      }
      if (found !== undefined && found.option.takes !== "nothing") {
        return give(name, rest === "" ? undefined : rest.replace(/^=/, ""))
      }
      if (rest.startsWith("=")) return give(name, rest.slice(1))
      give(name, undefined)
    }
  }

  while (index < argv.length) {
    const word = argv[index++] ?? ""
    if (word === "--") {
      words.push(...argv.slice(index))
      break
    }
    if (word.startsWith("--")) {
      const equals = word.indexOf("=")
      if (equals < 0) give(word, undefined)
      else give(word.slice(0, equals), word.slice(equals + 1))
    } else if (word.startsWith("-") && word !== "-") {
      cluster(word)
    } else if (words.length === 0 && command.children.length > 0) {
      const child = command.children.find(({ name }) => name === word)
      if (child !== undefined) {
        command = child
        chain.push(child)
      } else if (command === root && word === "help") {
        help = true
      } else if (command.args.length === 0) {
        fault ??= unknownCommand(command, word)
        help = false
        break
      } else words.push(word)
    } else if (!help || command.args.length > 0) words.push(word)
  }
  return { command, given, words, help, version, fault }
}

/** The last of several values; all of them if the option is repeatable. */
const settle = (given: ReadonlyArray<Given>): ReadonlyArray<Given> =>
  given.filter(({ option, owner }, index) =>
    option.repeated ||
    !given.slice(index + 1).some((later) =>
      later.owner === owner && later.option.group === option.group &&
      (option.takes === "nothing" || later.option.names[0] === option.names[0])
    )
  )

/** An option and its values in the form that @effect/cli reads reliably. */
const written = (
  option: OptionSpec,
  values: ReadonlyArray<string>,
  command: CommandSpec
): ReadonlyArray<string> => {
  const name = option.names[0]
  if (option.takes === "nothing") return values.flatMap((value) => value === "true" ? [name] : [name, value])
  if (option.packed) return [name, encode(values)]
  // A value stands alone, for one that is attached is trimmed. But `--` would end the options, and above a subcommand
  // @effect/cli looks for the subcommand's name among the words: there it is attached.
  const leaf = command.options.includes(option)
  return values.flatMap((value) => leaf && value !== "--" ? [name, value] : [`${name}=${value}`])
}

/**
 * Reads a command line the way users expect it (GNU style) and writes it anew in the one form that @effect/cli reads
 * reliably: `program command --long value … -- positionals`. Fails with one error, the first that a reader would
 * find, unless help was asked for.
 */
export const normalise = (
  root: CommandSpec,
  argv: ReadonlyArray<string>
): Either.Either<Request, UsageError> => {
  const { command, fault, given, help, version, words } = scan(root, argv)
  if (help) return Either.right({ _tag: "Help", command })
  if (version) return Either.right({ _tag: "Version" })

  const settled = settle(given)
  const wrong = fault ??
    settled.map(({ option, value }) => checkOption(command, option, value)).find((error) =>
      error !== undefined
    ) ??
    checkRequired(command, settled.map(({ option }) => option)) ??
    (command.children.length > 0 && words.length === 0 ? undefined : checkArguments(command, words))
  if (wrong !== undefined) return Either.left(wrong)

  const chain = command.path.map((name, depth) => {
    const own = settled.filter(({ owner }) => owner.path.length === depth + 1)
    const options = [...new Set(own.map(({ option }) => option))]
    return [
      name,
      ...options.flatMap((option) =>
        written(option, own.filter((one) => one.option === option).map(({ value }) => value), command)
      )
    ]
  })
  return Either.right({
    _tag: "Run",
    command,
    argv: [...chain.flat(), ...(words.length > 0 ? ["--", ...words] : [])]
  })
}
