import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { treeOf } from "../../../src/cli/tree.ts"
import { complete } from "../../../src/cli/words.ts"
import { makeFixture } from "./fixture.ts"

const at = (...words: ReadonlyArray<string>) =>
  Effect.map(makeFixture, ({ root }) => {
    const { candidates, ...rest } = complete(treeOf(root.descriptor), words, {
      directories: ["WORKSPACE"],
      files: ["FILE"]
    })
    return { words: candidates.map(({ word }) => word), ...rest }
  })

const commands = ["shell", "kill", "list", "run", "copy", "tmux"]
const options = [
  "--workspace",
  "--slot",
  "--env",
  "--resume",
  "--continue",
  "--debug",
  "--background",
  "--color",
  "--no-color",
  "--format",
  "--help"
]

/** What is typed, the last word being at the cursor, and what may stand there. */
const cases: ReadonlyArray<readonly [words: ReadonlyArray<string>, expected: unknown]> = [
  [[""], { words: commands }],
  [["sh"], { words: commands }],
  [["help", ""], { words: commands }],
  [["help", "tmux", ""], { words: ["capture", "send"] }],
  [["tmux", ""], { words: ["capture", "send"] }],
  [["tmux", "send", ""], { words: [], kind: "CONTAINER", prefix: "" }],
  [["tmux", "send", "c1", ""], { words: [], kind: "TEXT", prefix: "" }],
  [["tmux", "send", "c1", "hello", ""], { words: [] }],
  [["shell", "--"], { words: options }],
  [["shell", "-"], { words: options }],
  [["shell", "-d", "--env", "A=1", "--s"], { words: options.filter((name) => name !== "--debug") }],
  [["shell", ""], { words: [], paths: "directories" }],
  [["shell", "--workspace", ""], { words: [], paths: "directories" }],
  [["shell", "--workspace=/ho"], { words: [], paths: "directories" }],
  [["shell", "-w", "/ho"], { words: [], paths: "directories" }],
  [["shell", "--slot", ""], { words: [], kind: "N", prefix: "" }],
  [["shell", "--resume=ab"], { words: [], kind: "ID", prefix: "--resume=" }],
  [["shell", "--resume", ""], { words: [], paths: "directories" }],
  [["shell", "--format", ""], { words: ["text", "json"] }],
  [["shell", "--format=j"], { words: ["--format=text", "--format=json"] }],
  [["shell", "--debug=t"], { words: [] }],
  [["shell", "--bogus=t"], { words: [] }],
  [["kill", "c1", "-f", "c"], { words: [], kind: "CONTAINER", prefix: "" }],
  [["kill", "--", "-x"], { words: [], kind: "CONTAINER", prefix: "" }],
  [["copy", ""], { words: [], paths: "files" }],
  [["copy", "a", ""], { words: ["here", "there"] }],
  [["bogus", ""], { words: [] }]
]

describe("completion", () => {
  for (const [words, expected] of cases) {
    it.effect(JSON.stringify(words), () =>
      Effect.gen(function*() {
        expect(yield* at(...words)).toEqual(expected)
      }))
  }
})
