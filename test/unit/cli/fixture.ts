import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import { describe } from "../../../src/cli/describe.ts"
import { optionalValue, repeatable } from "../../../src/cli/options.ts"
import { format } from "../../../src/cli/output.ts"

/** Commands of every shape that the real ones have. Each handler writes down what it was given. */
export const makeFixture = Effect.gen(function*() {
  const calls = yield* Ref.make<ReadonlyArray<readonly [name: string, given: unknown]>>([])
  const record = (name: string) => (given: unknown) =>
    Ref.update(calls, (before) => [...before, [name, given] as const])

  const workspace = Options.text("workspace").pipe(
    Options.withAlias("w"),
    Options.withPseudoName("WORKSPACE"),
    Options.withDescription("The directory to work on; the current one without it."),
    Options.optional
  )
  const shell = Command.make("shell", {
    workspace,
    slot: Options.integer("slot").pipe(
      Options.withAlias("s"),
      Options.withPseudoName("N"),
      Options.withDefault(0),
      Options.withDescription("Which of the ten slots to use.")
    ),
    env: repeatable("env", "KEY=VALUE").pipe(
      Options.withAlias("e"),
      Options.withDescription("A variable for the tool.")
    ),
    resume: optionalValue("resume", "ID").pipe(
      Options.withAlias("continue"),
      Options.withDescription("Go on with a saved session: the newest one, or the one with this id.")
    ),
    debug: Options.boolean("debug", { aliases: ["d"] }),
    background: Options.boolean("background", { aliases: ["b"] }),
    color: Options.boolean("color", { negationNames: ["no-color"] }),
    format,
    directory: Args.text({ name: "WORKSPACE" }).pipe(Args.optional)
  }, record("shell")).pipe(
    Command.withDescription(
      describe("Start a session on a directory, and attach the terminal to it.", {
        group: "Sessions",
        details: [
          "The tool runs in a container of its own. When it exits, the session is saved and the container goes away."
        ],
        examples: [["clincus shell --slot 2 ~/site", "A second session beside the first."]]
      })
    )
  )
  const kill = Command.make("kill", {
    force: Options.boolean("force", { aliases: ["f"] }).pipe(Options.withDescription("Do not ask.")),
    all: Options.boolean("all", { aliases: ["a"] }),
    containers: Args.text({ name: "CONTAINER" }).pipe(Args.repeated)
  }, record("kill")).pipe(
    Command.withDescription(describe("Delete containers at once.", { group: "Sessions" }))
  )
  const list = Command.make("list", { workspace, format }, record("list")).pipe(
    Command.withDescription(describe("List the sessions that are live.", { group: "Sessions" }))
  )
  const run = Command.make("run", {
    env: Options.text("env").pipe(Options.withAlias("e"), Options.repeated),
    words: Args.text({ name: "WORD" }).pipe(Args.atLeast(1))
  }, record("run"))
  const copy = Command.make("copy", {
    mode: Options.choice("mode", ["fast", "safe"]),
    from: Args.text({ name: "FILE" }),
    to: Args.choice([["here", "here"], ["there", "there"]], { name: "TO" })
  }, record("copy"))
  const capture = Command.make("capture", {
    lines: Options.integer("lines").pipe(Options.optional),
    container: Args.text({ name: "CONTAINER" }).pipe(Args.optional)
  }, record("tmux capture"))
  const send = Command.make("send", {
    container: Args.text({ name: "CONTAINER" }),
    text: Args.text({ name: "TEXT" }).pipe(Args.optional)
  }, record("tmux send")).pipe(Command.withDescription(describe("Type text into a session.")))
  const tmux = Command.make("tmux").pipe(
    Command.withDescription(describe("Look at and type into sessions.", { group: "Background sessions" })),
    Command.withSubcommands([capture, send])
  )
  const hidden = Command.make("__complete", { words: Args.text().pipe(Args.repeated) }, record("__complete"))

  const root = Command.make("clincus").pipe(
    Command.withDescription(describe("Put an AI coding tool to work on a directory.")),
    Command.withSubcommands([shell, kill, list, run, copy, tmux, hidden])
  )
  return { root, calls: Ref.get(calls) }
})
