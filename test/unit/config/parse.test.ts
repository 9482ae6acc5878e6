import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import { parse } from "../../../src/config/parse.ts"
import { ConfigFile, WorkspaceFile } from "../../../src/config/schema.ts"

const text = "a text in quotes"
const cpu = "a number of processors above 0 or a set of processors in quotes, such as \"0-3,5\", or \"none\""
const memory = "an amount in quotes, such as \"4GiB\" or \"50%\", or \"none\""
const variable = "the name of a variable, such as \"EDITOR\""
const below = "a path below the home directory, such as \".mine/data\""
const host = "an absolute path, or one that begins with \"~/\""
const named = "a tool's name, of letters, digits, '.', '_', '+' and '-'"
const list = "a list of texts, such as [\"a\", \"b\"]"

/** What is wrong, in a file of the user's: the text of that, and all that is said of it. */
const faults: ReadonlyArray<readonly [written: string, said: string]> = [
  // A wrong type.
  ["[limits]\nmemory = 4", `2:1: limits.memory has to be ${memory}, not 4`],
  ["[limits]\ncpu = true", `2:1: limits.cpu has to be ${cpu}, not true`],
  ["[defaults]\n\n  persistent = \"yes\"", "3:3: defaults.persistent has to be true or false, not \"yes\""],
  ["[defaults]\nimage = 1979-05-27", `2:1: defaults.image has to be ${text} that is not empty, not a date`],
  ["[tool.claude]\nargs = \"x\"", `2:1: tool.claude.args has to be ${list}, not "x"`],
  ["[incus]\npool = [\"a\"]", `2:1: incus.pool has to be ${text} that is not empty, not a list`],
  ["[tool]\nbinary = { a = 1 }", `2:1: tool.binary has to be ${text} that is not empty, not a table`],
  // What has to be a table.
  ["defaults = 3", "1:1: defaults has to be a table, not 3"],
  ["[[defaults]]\nimage = \"x\"", "1:3: defaults has to be a table, not a list"],
  ["[tool]\nclaude = \"x\"", "2:1: tool.claude has to be a table, not \"x\""],
  ["[profiles]\nquick = 3", "2:1: profiles.quick has to be a table, not 3"],
  ["[environment]\nset = \"A=1\"", "2:1: environment.set has to be a table, not \"A=1\""],
  // A word that is none of those allowed.
  [
    "[session]\non_exit = \"explode\"",
    "2:1: session.on_exit has to be \"end\" or \"shell\", not \"explode\""
  ],
  [
    "[tool.claude]\npermission = \"byass\"",
    "2:1: tool.claude.permission has to be \"bypass\" or \"ask\", not \"byass\" | Did you mean \"bypass\"?"
  ],
  // Numbers.
  ...["-3", "0", "2.5", "\"x\""].map((value) =>
    [
      `[limits]\nprocesses = ${value}`,
      `2:1: limits.processes has to be a whole number above 0 or "none", not ${value}`
    ] as const
  ),
  [
    "[limits]\nprocesses = inf",
    "2:1: limits.processes has to be a whole number above 0 or \"none\", not Infinity"
  ],
  // Nothing where something has to be.
  ["[defaults]\nimage = \"\"", `2:1: defaults.image has to be ${text} that is not empty, not ""`],
  // Members of lists, and values of records.
  [
    "[environment]\nforward = [\"A\", \"\"]",
    `2:17: member 2 of environment.forward has to be ${variable}, not ""`
  ],
  ["[tool.claude]\nargs = [3]", `2:9: member 1 of tool.claude.args has to be ${text}, not 3`],
  ["[environment.set]\nA = 3", `2:1: environment.set.A has to be ${text}, not 3`],
  ["[environment]\nset = { A = [\"x\"] }", `2:9: environment.set.A has to be ${text}, not a list`],
  [
    "[profiles.quick.limits]\nprocesses = 0",
    "2:1: profiles.quick.limits.processes has to be a whole number above 0 or \"none\", not 0"
  ],
  // What Incus would not take.
  ...["-1", "0", "1.5", "nan", "\"lots\"", "\"\"", "\"3-1\""].map((value) =>
    [
      `[limits]\ncpu = ${value}`,
      `2:1: limits.cpu has to be ${cpu}, not ${value === "nan" ? "NaN" : value}`
    ] as const
  ),
  ...["\"4 GB\"", "\"0\"", "\"half\"", "\"\""].map((value) =>
    [
      `[profiles.p.limits]\nmemory = ${value}`,
      `2:1: profiles.p.limits.memory has to be ${memory}, not ${value}`
    ] as const
  ),
  // Names and paths.
  [
    "[environment]\nforward = [\n  \"A\",\n  \"A B\"\n]",
    `4:3: member 2 of environment.forward has to be ${variable}, not "A B"`
  ],
  ["[environment.set]\n\"A B\" = \"\"", `2:1: unknown key 'environment.set."A B"': it has to be ${variable}`],
  [
    "[tool.mine]\nenvironment = [\"1\"]",
    `2:16: member 1 of tool.mine.environment has to be ${variable}, not "1"`
  ],
  ["[tool.mine]\nstate = [\"../up\"]", `2:10: member 1 of tool.mine.state has to be ${below}, not "../up"`],
  [
    "[tool.mine]\nstate = []",
    "2:1: tool.mine.state has to be a list of at least one path, such as [\".mine\"], not an empty list"
  ],
  [
    "[tool.mine]\ncredentials = [\"/etc/shadow\"]",
    `2:16: member 1 of tool.mine.credentials has to be ${below}, not "/etc/shadow"`
  ],
  ["[tool.\"../up\"]\nbinary = \"x\"", `1:2: unknown key 'tool."../up"': it has to be ${named}`],
  ["[tool.__proto__]\npermission = \"ask\"", `1:2: unknown key 'tool.__proto__': it has to be ${named}`],
  ["[tool]\nbinry = \"x\"", "2:1: tool.binry has to be a table, not \"x\" | Did you mean 'binary'?"],
  ...["here", "~", "~root/x"].map((path) =>
    [`[paths]\nsessions_dir = "${path}"`, `2:1: paths.sessions_dir has to be ${host}, not "${path}"`] as const
  ),
  // Places.
  [
    "a.b.c = 1",
    "1:1: unknown key 'a' | Keys known here: defaults, tool, session, limits, network, environment, security, paths, incus, profiles."
  ],
  [
    "[profiles]\n\"a.b\".limits.cpus = 1",
    "2:1: unknown key 'profiles.\"a.b\".limits.cpus' | Did you mean 'cpu'?"
  ],
  ["[tool]\nclaude.permission = 3", "2:1: tool.claude.permission has to be \"bypass\" or \"ask\", not 3"],
  [
    "[tool]\nname = \"a\"\n[tool]",
    "3:2: not valid TOML: trying to redefine an already defined table or value"
  ],
  // What somebody else wrote is neither obeyed nor shown at length.
  [
    "[session]\non_exit = \"\\u001b[2J\"",
    "2:1: session.on_exit has to be \"end\" or \"shell\", not \"\\u001b[2J\""
  ],
  [
    `[limits]\nprocesses = "${"x".repeat(500)}"`,
    `2:1: limits.processes has to be a whole number above 0 or "none", not "${"x".repeat(40)}…"`
  ]
]

const complaint = <A, I>(written: string, schema: Schema.Schema<A, I>) =>
  Effect.flip(parse("file.toml", written, schema, "")).pipe(
    Effect.map(({ hint, message }) => hint === undefined ? message : `${message} | ${hint}`)
  )

describe("a value that cannot be used is told in one sentence, with its place", () => {
  for (const [written, said] of faults) {
    it.effect(written.replaceAll("\n", " ").slice(0, 60), () =>
      Effect.gen(function*() {
        expect(yield* complaint(written, ConfigFile)).toBe(`file.toml:${said}`)
      }))
  }

  it.effect("a workspace's own file has less room", () =>
    Effect.gen(function*() {
      expect(yield* complaint(`[tool]\nname = "${"x".repeat(101)}"`, WorkspaceFile)).toBe(
        `file.toml:2:1: tool.name has to be ${text} of 1 to 100 characters, not "${"x".repeat(40)}…"`
      )
    }))
})
