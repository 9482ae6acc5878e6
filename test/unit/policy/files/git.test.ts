import { describe, expect, it } from "@effect/vitest"
import { namedBy } from "../../../../src/policy/files/git.ts"

describe("a configuration of git", () => {
  it("names where hooks and more configuration are, as git reads it", () =>
    expect(namedBy(`
[core]
\tbare = false
\tHooksPath = .githooks
  worktree = ../../../sub
[include] path = ../.gitconfig
[includeIf "gitdir:~/work/"]
\tpath = "with space"
[other "core"]
\thooksPath = no
[core]
hookspath=second
`)).toEqual({
      hooks: [".githooks", "second"],
      included: ["../.gitconfig", "with space"],
      worktree: "../../../sub"
    }))

  it("names nothing otherwise", () =>
    expect(namedBy("")).toEqual({ hooks: [], included: [], worktree: undefined }))
})
