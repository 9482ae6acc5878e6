import * as Options from "@effect/cli/Options"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/*
 * Two kinds of options that @effect/cli does not read well by itself. How they are written is told by the value's name,
 * which tree.ts looks at: `[=ID]` may be left out, `KEY=VALUE...` may be repeated.
 */

/**
 * An option whose value may be left out: none when it is not given, `""` for a bare `--resume`, and the value for
 * `--resume=ID`. A word after it is never its value.
 */
export const optionalValue = (name: string, value: string): Options.Options<Option.Option<string>> =>
  Options.text(name).pipe(Options.withPseudoName(`[=${value}]`), Options.optional)

/** Several values in one, as argv.ts hands them on. */
export const Values = Schema.parseJson(Schema.Array(Schema.String))

/**
 * An option that may be given several times: its values in the order of the command line, every character as it was
 * typed (`Options.repeated` trims values and drops empty ones).
 */
export const repeatable = (name: string, value: string): Options.Options<ReadonlyArray<string>> =>
  Options.text(name).pipe(
    Options.withPseudoName(`${value}...`),
    Options.withDefault("[]"),
    Options.withSchema(Values)
  )
