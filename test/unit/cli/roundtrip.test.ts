import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import { runLine } from "./harness.ts"

/** Words that a parser is tempted to take for something else, and any others. */
const word = FastCheck.oneof(
  // dprint-ignore
  FastCheck.constantFrom(
    "", " ", "-", "--", "--env", "--env=", "-e", "--resume", "--help", "-h", "--version", "--wizard", "true", "no",
    "shell", "tmux", "send", "list", "__complete", "[]", "A= b ", "a\nb", "=", "--x=y", "é日👍", "$HOME", "'\""
  ),
  FastCheck.string()
)

describe("whatever the words are", () => {
  it.effect("they reach the handler unharmed", () =>
    Effect.promise(() =>
      FastCheck.assert(
        FastCheck.asyncProperty(
          FastCheck.array(word, { maxLength: 3 }),
          FastCheck.option(word, { nil: undefined }),
          FastCheck.option(word, { nil: undefined }),
          FastCheck.option(word, { nil: undefined }),
          FastCheck.boolean(),
          async (env, workspace, resume, directory, debug) => {
            const argv = [
              "shell",
              ...(workspace === undefined ? [] : [`--workspace=${workspace}`]),
              ...env.map((value) => `--env=${value}`),
              ...(debug ? ["-d"] : []),
              ...(resume === undefined ? [] : [`--resume=${resume}`]),
              ...(directory === undefined ? [] : ["--", directory])
            ]
            const { calls, stderr } = await Effect.runPromise(runLine(...argv))
            expect(stderr).toBe("")
            expect(calls).toMatchObject([["shell", {
              env,
              workspace: Option.fromNullable(workspace),
              resume: Option.fromNullable(resume),
              directory: Option.fromNullable(directory),
              debug
            }]])
          }
        ),
        { numRuns: 100 }
      )
    ))
})
