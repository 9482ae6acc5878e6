import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as Options from "@effect/cli/Options"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { program } from "../../../src/cli/runner.ts"
import { treeOf } from "../../../src/cli/tree.ts"
import { about, runIn } from "./harness.ts"

/** A node of a kind that the library may get one day. */
const odd = <A>(node: A): A => {
  if (typeof node === "object" && node !== null) Reflect.set(node, "_tag", "Novelty")
  return node
}

const whole = Command.make(
  "go",
  { far: Options.text("far"), to: Args.text({ name: "TO" }) },
  () => Effect.void
)

/** An option with a description of such a kind. */
const oddlyDescribed = Options.text("far").pipe(Options.withDescription("Far."))
odd(Reflect.get(oddlyDescribed, "description"))

const nothing = () => Effect.void
const described = (doc: HelpDoc.HelpDoc) => treeOf(Command.withDescription(whole, doc).descriptor)

const oddities: ReadonlyArray<readonly [string, () => unknown]> = [
  [
    "an option 'Novelty'",
    () => treeOf(Command.make("go", { far: odd(Options.text("far")) }, nothing).descriptor)
  ],
  [
    "an option 'Novelty'",
    () => treeOf(Command.make("go", { far: Options.optional(odd(Options.text("far"))) }, nothing).descriptor)
  ],
  ["a text 'Novelty'", () => treeOf(Command.make("go", { far: oddlyDescribed }, nothing).descriptor)],
  [
    "an argument 'Novelty'",
    () => treeOf(Command.make("go", { to: odd(Args.text({ name: "TO" })) }, nothing).descriptor)
  ],
  ["a description 'Novelty'", () => described(odd(HelpDoc.p("Goes.")))],
  ["a description 'Enumeration'", () => described(HelpDoc.enumeration([HelpDoc.p("Goes.")]))],
  ["a command 'Novelty'", () => treeOf(odd(Command.make("go", {}, nothing).descriptor))]
]

describe("a definition", () => {
  it("is read with all its options and arguments", () => {
    const { args, options } = treeOf(whole.descriptor)
    expect([options.map(({ names }) => names), args.map(({ name }) => name)]).toEqual([[["--far"]], ["TO"]])
  })

  it.each(oddities)("with %s that is not known is a defect, and no lost option", (named, read) => {
    expect(read).toThrow(`@effect/cli gives ${named}`)
  })

  it.effect("that is not known is told as a bug", () =>
    Effect.gen(function*() {
      const command = Command.make("go", { far: odd(Options.text("far")) }, () => Effect.void)
      const { status, stderr } = yield* runIn(program(about, command, []))
      expect(status).toBe(70)
      expect(stderr).toContain(
        `${about.name}: ${about.bug}:\nUnknownNode: @effect/cli gives an option 'Novelty'`
      )
    }))
})
