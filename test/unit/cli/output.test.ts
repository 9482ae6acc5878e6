import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import { NoTerminal } from "../../../src/cli/errors.ts"
import { make, Output, print } from "../../../src/cli/output.ts"
import * as TerminalProgress from "../../../src/cli/progress.ts"
import { confirm } from "../../../src/cli/prompt.ts"
import { Progress } from "../../../src/host/Progress.ts"
import { makeSink } from "./harness.ts"

const clear = "\r\u001b[2K"

const setUp = (terminal?: { readonly columns: number }) => {
  const out = makeSink(terminal)
  const err = makeSink(terminal)
  return { out, err, layer: Layer.succeed(Output, make(out, err, {})) }
}

describe("output", () => {
  it.effect("prints JSON that no terminal obeys", () =>
    Effect.gen(function*() {
      const { layer, out } = setUp()
      yield* print("json", { name: "a\u001b\u009b\u202eb" }, () => "text").pipe(Effect.provide(layer))
      expect(out.text).toBe(`{\n  "name": "a\\u001b\\u009b\\u202eb"\n}\n`)
      expect(JSON.parse(out.text)).toEqual({ name: "a\u001b\u009b\u202eb" })
    }))

  it.effect("keeps a painted line at the foot", () =>
    Effect.gen(function*() {
      const { err, layer } = setUp({ columns: 80 })
      yield* Effect.gen(function*() {
        const output = yield* Output
        yield* output.paint("working")
        yield* output.notice("by the way")
        yield* output.settle
        yield* output.notice("the end")
      }).pipe(Effect.provide(layer))
      expect(err.text).toBe(`${clear}working${clear}by the way\nworking\nthe end\n`)
    }))

  it("has colours on a terminal only, and not under NO_COLOR", () => {
    const colours = (terminal: boolean, environment: Record<string, string>) =>
      make(makeSink(terminal ? { columns: 80 } : undefined), makeSink(), environment).stdout.colours
    expect([
      colours(true, {}),
      colours(false, {}),
      colours(true, { NO_COLOR: "1" }),
      colours(true, { NO_COLOR: "" }),
      colours(true, { TERM: "dumb" })
    ]).toEqual([true, false, false, true, false])
  })
})

describe("progress", () => {
  const work = Effect.gen(function*() {
    const progress = yield* Progress
    yield* progress.step("Fetching")
    yield* TestClock.adjust("65 seconds")
    yield* progress.output("\u001b[32mline\u001b[0m of \u0007output\n")
    yield* progress.notice("a notice")
    yield* progress.step("Installing")
    yield* progress.done
  })

  it.effect("is one line on a terminal, painted over and over", () =>
    Effect.gen(function*() {
      const { err, layer } = setUp({ columns: 40 })
      yield* work.pipe(Effect.provide(TerminalProgress.layer), Effect.provide(layer))
      const frames = err.text.split(clear).filter((frame, index) => frame !== "" || index === 0)
      expect(frames.slice(0, 4)).toEqual(["", "Fetching (0 s)", "Fetching (1 s)", "Fetching (2 s)"])
      expect(frames.slice(-5)).toEqual([
        "Fetching (1 min 5 s)  line of \\x07outp…",
        "a notice\nFetching (1 min 5 s)  line of \\x07outp…",
        "Fetching (1 min 5 s)\n",
        "Installing (0 s)",
        "Installing (0 s)\n"
      ])
    }))

  it.effect("is plain lines elsewhere, with a sign of life", () =>
    Effect.gen(function*() {
      const { err, layer } = setUp()
      yield* work.pipe(Effect.provide(TerminalProgress.layer), Effect.provide(layer))
      expect(err.text).toBe(
        [
          "Fetching...",
          "  30 s",
          "  1 min 0 s",
          "a notice",
          "done: Fetching (1 min 5 s)",
          "Installing...",
          "done: Installing (0 s)",
          ""
        ].join("\n")
      )
    }))
})

describe("a question", () => {
  it.effect("fails without a terminal and names the option that answers it", () =>
    Effect.gen(function*() {
      const { layer } = setUp()
      const exit = yield* confirm("Delete all?", { instead: "--yes" }).pipe(
        Effect.provide(layer),
        Effect.exit
      )
      expect(exit).toEqual(Exit.fail(new NoTerminal({ question: "Delete all?", instead: "--yes" })))
    }))
})
