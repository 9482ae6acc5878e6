import * as NodeFileSystem from "@effect/platform-node-shared/NodeFileSystem"
import * as NodePath from "@effect/platform-node-shared/NodePath"
import * as NodeTerminal from "@effect/platform-node-shared/NodeTerminal"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { make, Output } from "../../../src/cli/output.ts"
import { program } from "../../../src/cli/runner.ts"
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

/** Runs a command line against the fixture: what it printed, its exit status, and what the handlers were given. */
export const runLine = (...argv: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const stdout = makeSink()
    const stderr = makeSink()
    const { calls, root } = yield* makeFixture
    const status = yield* program(root, argv).pipe(
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
    return { status, stdout: stdout.text, stderr: stderr.text, calls: yield* calls }
  })
