import { describe, expect, it } from "@effect/vitest"
import type { Walked } from "../../../src/host/untrusted/walk.ts"
import { isLookedThrough, type RiskKind, risksOf } from "../../../src/policy/risks.ts"

const file = (path: string, mode = 0o644): Walked => ({ path, is: "file", mode, changed: 0 })
const link = (path: string, target: string): Walked => ({ path, is: "link", mode: 0o777, changed: 0, target })
const kindsOf = (...entries: ReadonlyArray<Walked>) =>
  risksOf(entries).map(({ count, kind, path }) =>
    count === 1 ? `${kind} ${path}` : `${kind} ${path} ${count}`
  )

describe("what runs later on the host", () => {
  it.each<readonly [RiskKind, Walked]>([
    ["script", file("package.json")],
    ["script", file("packages/a/package.json")],
    ["script", file("Makefile")],
    ["script", file("tools/rules.mk")],
    ["script", file("justfile")],
    ["script", file(".npmrc")],
    ["script", file(".yarnrc.yml")],
    ["script", file("tests/conftest.py")],
    ["script", file("crates/a/build.rs")],
    ["script", file(".cargo/config.toml")],
    ["script", file(".github/workflows/ci.yml")],
    ["script", file(".gitlab-ci.yml")],
    ["script", file("flake.nix")],
    ["script", file(".pre-commit-config.yaml")],
    ["script", file("compose.yaml")],
    ["script", file("vite.config.ts")],
    ["script", file(".opencode/command/x.md")],
    ["script", file("my.code-workspace")],
    ["set-id", file("a", 0o4755)],
    ["set-id", file("node_modules/a/b", 0o2755)],
    ["program", file("run.sh", 0o755)],
    ["program", link("bin/tool", "../lib/tool")],
    ["rebase", file(".git/rebase-merge/git-rebase-todo")],
    ["protected", file(".git/config")],
    ["protected", file(".git/hooks/pre-commit", 0o755)],
    ["protected", file(".vscode/tasks.json")],
    ["protected", link(".envrc", "elsewhere")],
    ["link", link("docs/out", "../../elsewhere")],
    ["link", link("out", "/etc/passwd")]
  ])(
    "is a %s: %j",
    (kind, entry) => expect(risksOf([entry])).toMatchObject([{ kind, path: entry.path, count: 1 }])
  )

  it.each([
    file("src/index.ts"),
    file("README.md"),
    file("package.json.md"),
    file("mypackage.json"),
    file("node_modules/a/package.json"),
    file(".git/index"),
    file(".git/objects/ab/cd"),
    file(".git/rebase-merge/done"),
    file("sub/.git/objects/ab/cd"),
    link("docs/in", "../src/index.ts"),
    link("a", "./b")
  ])("is not %j", (entry) => expect(risksOf([entry])).toEqual([]))

  it("is a repository once, whatever of it has changed", () =>
    expect(
      kindsOf(
        file("sub/.git/config"),
        file("sub/.git/hooks/pre-commit", 0o755),
        file("sub/.git/index"),
        file("other/.git"),
        file("deep/er/.git/commondir")
      )
    ).toEqual(["repository deep/er/.git", "repository other/.git", "repository sub/.git"]))

  it("is counted where a package manager or a build fills a directory", () =>
    expect(
      kindsOf(
        file("node_modules/a/cli.js", 0o755),
        link("node_modules/.bin/a", "../a/cli.js"),
        file("packages/b/node_modules/c/x", 0o755),
        file("target/debug/app", 0o755)
      )
    ).toEqual(["program node_modules 2", "program packages/b/node_modules", "program target"]))

  it("is looked for in the part of git's directory that makes it run something", () => {
    const whole = isLookedThrough(false)
    expect([".git", ".git/hooks", "a/.git", "a/.git/hooks", ".git/rebase-merge", "node_modules/a"].map(whole))
      .toEqual([true, true, true, true, true, true])
    expect([".git/objects", "a/.git/refs", ".git/hooksx"].map(whole)).toEqual([false, false, false])
    expect(["node_modules", "node_modules/.bin", "node_modules/a"].map(isLookedThrough(true)))
      .toEqual([true, true, false])
  })
})
