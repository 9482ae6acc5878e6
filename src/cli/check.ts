import { closest } from "../domain/closest.ts"
import { UsageError } from "./errors.ts"
import type { ArgumentSpec, CommandSpec, OptionSpec } from "./tree.ts"

/** What is wrong with a value, said with the name of the option or argument that it was given for. */
const checkValue = (
  command: CommandSpec,
  name: string,
  { choices, type }: Pick<OptionSpec, "choices" | "type">,
  value: string
): UsageError | undefined => {
  if (choices.length > 0 && !choices.includes(value)) {
    return new UsageError({
      command: command.path.join(" "),
      reason: `${name} is one of ${choices.join(", ")}, not '${value}'`,
      suggestion: closest(value, choices)
    })
  }
  if (type === "integer" && !/^[+-]?\d+$/.test(value)) {
    return new UsageError({
      command: command.path.join(" "),
      reason: `${name} is a whole number, not '${value}'`
    })
  }
  return undefined
}

/** Checks the value of an option; an option that is left out is not checked. */
export const checkOption = (
  command: CommandSpec,
  option: OptionSpec,
  value: string
): UsageError | undefined =>
  option.takes === "nothing" || (option.takes === "optional value" && value === "")
    ? undefined
    : checkValue(command, option.names[0], option, value)

/** The first required option that is not there. */
export const checkRequired = (
  command: CommandSpec,
  given: ReadonlyArray<OptionSpec>
): UsageError | undefined => {
  const missing = command.options.find((option) =>
    option.required && !given.some(({ group }) => group === option.group)
  )
  return missing === undefined ? undefined : new UsageError({
    command: command.path.join(" "),
    reason: `option '${missing.names[0]}' is missing: ${missing.names[0]}=${missing.value}`
  })
}

/** Lays words out on arguments, in order: each takes what it needs, and a repeated one what the others leave. */
const layOut = (args: ReadonlyArray<ArgumentSpec>, words: ReadonlyArray<string>) => {
  let spare = words.length - args.reduce((sum, { min }) => sum + min, 0)
  let start = 0
  return args.map((argument) => {
    const more = Math.max(0, Math.min(spare, argument.max - argument.min))
    spare -= more
    const mine = words.slice(start, start + argument.min + more)
    start += mine.length
    return { argument, words: mine }
  })
}

/** Checks the number of positional arguments and their values. */
export const checkArguments = (
  command: CommandSpec,
  words: ReadonlyArray<string>
): UsageError | undefined => {
  const laid = layOut(command.args, words)
  const taken = laid.reduce((sum, { words }) => sum + words.length, 0)
  const extra = words[taken]
  if (extra !== undefined) {
    return new UsageError({ command: command.path.join(" "), reason: `unexpected argument '${extra}'` })
  }
  const short = laid.find(({ argument, words }) => words.length < argument.min)
  if (short !== undefined) {
    return new UsageError({
      command: command.path.join(" "),
      reason: `argument ${short.argument.name} is missing`
    })
  }
  return laid
    .flatMap(({ argument, words }) => words.map((word) => checkValue(command, argument.name, argument, word)))
    .find((error) => error !== undefined)
}
