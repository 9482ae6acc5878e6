import type { ArgumentSpec, CommandSpec, OptionSpec } from "./tree.ts"

/** One word that may stand at the cursor. */
export interface Candidate {
  readonly word: string
  readonly description: string
}

/**
 * What may stand at the cursor: words that are known, a kind of live name (`ALIAS`) that has to be looked up, or
 * paths, which the shell completes best itself. `prefix` is what stands before a looked-up name in the same word.
 */
export interface Completion {
  readonly candidates: ReadonlyArray<Candidate>
  readonly kind?: string | undefined
  readonly prefix?: string | undefined
  readonly paths?: "directories" | "files" | undefined
}

const nothing: Completion = { candidates: [] }

/** The names of values that are paths. */
interface PathNames {
  readonly directories: ReadonlyArray<string>
  readonly files: ReadonlyArray<string>
}

/** What a value of this name and these choices can be completed with. */
const ofValue = (
  { directories, files }: PathNames,
  name: string,
  choices: ReadonlyArray<string>,
  prefix = ""
): Completion => {
  if (choices.length > 0) {
    return { candidates: choices.map((choice) => ({ word: prefix + choice, description: "" })) }
  }
  if (directories.includes(name)) return { candidates: [], paths: "directories" }
  if (files.includes(name)) return { candidates: [], paths: "files" }
  return { candidates: [], kind: name, prefix }
}

const ofArgument = (paths: PathNames, args: ReadonlyArray<ArgumentSpec>, index: number): Completion => {
  let seen = 0
  for (const { choices, max, name } of args) {
    seen += max
    if (index < seen) return ofValue(paths, name, choices)
  }
  return nothing
}

const firstSentence = (text: string): string => text.split(/(?<=[.;:])\s/, 1)[0] ?? ""

const ofOptions = (chain: ReadonlyArray<CommandSpec>, given: ReadonlySet<OptionSpec>): Completion => ({
  candidates: [
    ...chain.flatMap(({ options }) => options)
      .filter((option) => option.repeated || !given.has(option))
      .flatMap(({ description, names }) =>
        names.filter((name) => name.startsWith("--")).map((name) => ({
          word: name,
          description: firstSentence(description)
        }))
      ),
    { word: "--help", description: "Show this help." }
  ]
})

const ofCommands = (command: CommandSpec): ReadonlyArray<Candidate> =>
  command.children.filter(({ hidden }) => !hidden).map(({ name, paragraphs }) => ({
    word: name,
    description: firstSentence(paragraphs[0] ?? "")
  }))

/**
 * What may stand at the cursor of a command line. `words` are those after the program's name up to the cursor; the
 * last one is being typed and may be empty. The shell drops the candidates that do not begin with it.
 */
export const complete = (
  root: CommandSpec,
  words: ReadonlyArray<string>,
  paths: PathNames
): Completion => {
  const current = words.at(-1) ?? ""
  const chain: Array<CommandSpec> = [root]
  const given = new Set<OptionSpec>()
  let command = root
  let args = 0
  let pending: OptionSpec | undefined
  let verbatim = false
  const find = (name: string): OptionSpec | undefined =>
    chain.toReversed().flatMap(({ options }) => options).find(({ names }) => names.includes(name))

  for (const word of words.slice(0, -1)) {
    if (pending !== undefined) {
      pending = undefined
    } else if (verbatim || !word.startsWith("-") || word === "-") {
      const child = verbatim || args > 0 ? undefined : command.children.find(({ name }) => name === word)
      if (child !== undefined) {
        command = child
        chain.push(child)
      } else if (!(command === root && word === "help")) args++
    } else if (word === "--") {
      verbatim = true
    } else {
      const option = find(word.startsWith("--") ? word.split("=", 1)[0] ?? word : word.slice(0, 2))
      if (option === undefined) continue
      given.add(option)
      const attached = word.startsWith("--") ? word.includes("=") : word.length > 2
      if (option.takes === "value" && !attached) pending = option
    }
  }

  if (pending !== undefined) return ofValue(paths, pending.value, pending.choices)
  if (!verbatim && current.startsWith("-") && current !== "-") {
    const equals = current.indexOf("=")
    if (equals < 0) return ofOptions(chain, given)
    const option = find(current.slice(0, equals))
    return option === undefined || option.takes === "nothing"
      ? nothing
      : ofValue(paths, option.value, option.choices, current.slice(0, equals + 1))
  }
  if (!verbatim && current === "-") return ofOptions(chain, given)
  if (!verbatim && args === 0 && command.children.length > 0) return { candidates: ofCommands(command) }
  return ofArgument(paths, command.args, args)
}
