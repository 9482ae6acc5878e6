import * as NodeFileSystem from "@effect/platform-node-shared/NodeFileSystem"
import * as NodePath from "@effect/platform-node-shared/NodePath"
import * as NodeTerminal from "@effect/platform-node-shared/NodeTerminal"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { About } from "../../../src/cli/About.ts"
import { make, Output } from "../../../src/cli/output.ts"
import { type Base, program } from "../../../src/cli/runner.ts"
import * as Host from "../../../src/host/Host.ts"
import * as Progress from "../../../src/host/Progress.ts"
import * as Signals from "../../../src/host/Signals.ts"
import { makeFixture } from "./fixture.ts"

/** A stream that keeps what is written to it. */
export const makeSink = (terminal?: { readonly columns: number }) => {
  const sink = {
    text: "",
    isTTY: terminal !== undefined,
    columns: terminal?.columns,
    write: (text: string, done: () => void) => {
      sink.text += text
      done()
      return true
    }
  }
  return sink
}

export const about: About = {
  name: "clincus",
  version: "1.2.3",
  bug: "this is a bug, please report it",
  cleaningUp: "cleaning up",
  logVariable: "LOG",
  traceVariable: "TRACE"
}

/** Runs a program: what it printed, and its exit status. */
export const runIn = (
  running: Effect.Effect<number, never, Base | Signals.Signals>
) =>
  Effect.gen(function*() {
    const stdout = makeSink()
    const stderr = makeSink()
    const status = yield* running.pipe(
      Effect.provide(Layer.mergeAll(
        NodeFileSystem.layer,
        NodePath.layer,
        NodeTerminal.layer,
        Host.layer,
        Progress.silent,
        Signals.none,
        Layer.succeed(Output, make(stdout, stderr, {}))
      ))
    )
    return { status, stdout: stdout.text, stderr: stderr.text }
  })

/** Runs a command line against the fixture, and gives what the handlers were given as well. */
export const runLine = (...argv: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const { calls, root } = yield* makeFixture
    const said = yield* runIn(program(about, root, argv))
    return { ...said, calls: yield* calls }
  })
