import { describe, expect } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import { join } from "node:path"
import { IncusService } from "../../../src/incus/IncusService.ts"
import * as Library from "../support/library.ts"
import { containers, inside } from "../support/look.ts"
import { otherUser } from "../support/otherUser.ts"
import { background, run, succeeds } from "../support/program.ts"
import { git, give, listing, repository } from "../support/repository.ts"
import { World } from "../support/World.ts"

const exclude = (directory: string) => Fs.readFileSync(join(directory, ".git/info/exclude"), "utf8")

/** A path of its own for a directory beside the workspace. */
const beside = (directory: string, name: string) => {
  const path = `${directory}-${name}`
  Fs.mkdirSync(path)
  give(path)
  return path
}

describe("what stands in for absent paths", () => {
  Library.test("is not seen by git, and is gone when the last session on the directory has ended", () =>
    Effect.gen(function*() {
      const { workspace } = yield* World
      const directory = workspace()
      repository(directory)
      const before = listing(directory)
      const one = yield* background(directory, "--debug")
      const two = yield* background(directory, "--debug")
      expect(Fs.existsSync(join(directory, "opencode.json"))).toBe(true)
      expect(git(directory, "status", "--porcelain")).toBe("")
      expect(
        yield* inside(
          one.container,
          "cd /workspace && git status --porcelain && git add -A && git status --porcelain",
          1000
        )
      ).toBe("")
      yield* succeeds("kill", "--force", one.container)
      // The other one needs it still.
      expect(
        yield* inside(
          two.container,
          "! echo x > /workspace/.mcp.json && ! mkdir /workspace/.vscode/x && echo held",
          1000
        )
      ).toBe("held\n")
      expect(exclude(directory)).toContain("clincus")
      yield* succeeds("kill", "--force", two.container)
      expect(listing(directory, /^\.git\/index$/)).toEqual(
        before.filter((line) => !line.startsWith(".git/index "))
      )
    }))

  Library.test("stays if the user has put something in its place, and is taken away after a crash", () =>
    Effect.gen(function*() {
      const { workspace } = yield* World
      const { instances } = yield* IncusService
      const directory = workspace()
      const before = listing(directory)
      const { container } = yield* background(directory, "--debug")
      Fs.writeFileSync(join(directory, ".vscode/settings.json"), "mine")
      Fs.writeFileSync(join(directory, ".mcp.json"), "{\"mine\":1}\n")
      yield* instances.destroy(container)
      expect(Fs.existsSync(join(directory, ".idea"))).toBe(true)
      yield* succeeds("list")
      expect(listing(directory)).toEqual(
        [...before, ".vscode /", ".vscode/settings.json mine", ".mcp.json {\"mine\":1}\n"].toSorted()
      )
    }))

  Library.test("goes too if the container could not be made", () =>
    Effect.gen(function*() {
      const { workspace } = yield* World
      const directory = workspace()
      const before = listing(directory)
      const failed = yield* run(["shell", "--background", "--image", "there-is-none"], { directory })
      expect(failed.status).toBe(1)
      expect(listing(directory)).toEqual(before)
    }))

  Library.test("belongs to the owner of the directory", () =>
    Effect.gen(function*() {
      const { workspace } = yield* World
      const directory = workspace({ uid: 1001, gid: 1001 })
      const user = yield* otherUser(1001)
      const started = yield* user.background(directory, "--debug")
      expect(Fs.statSync(join(directory, ".vscode"))).toMatchObject({ uid: 1001, gid: 1001 })
      yield* user.succeeds(directory, "kill", "--force", started.container)
    }))
})

describe("a link in the place of a protected path", () => {
  Library.test("is an error that names it, before anything is made", () =>
    Effect.gen(function*() {
      const { configuration, configure, workspace } = yield* World
      const directory = workspace()
      repository(directory)
      const hooks = beside(directory, "hooks")
      Fs.rmSync(join(directory, ".git/hooks"), { recursive: true })
      Fs.symlinkSync(hooks, join(directory, ".git/hooks"))
      const before = listing(directory)
      const refused = yield* run(["shell", "--background", "--debug"], { directory })
      expect(refused.status).toBe(1)
      expect(refused.stderr).toContain(`${directory}/.git/hooks is a symbolic link: git runs them`)
      expect(refused.stderr).toContain(`writable = [".git/hooks"]`)
      expect(listing(directory)).toEqual(before)
      expect(yield* containers).toEqual({})
      // The control: what the message says helps.
      yield* configure(`${configuration}\n[security]\nwritable = [".git/hooks"]\n`)
      yield* background(directory, "--debug")
    }))

  Library.test("on the way to it is one too", () =>
    Effect.gen(function*() {
      const { configuration, configure, workspace } = yield* World
      const directory = workspace()
      const other = beside(directory, "other")
      Fs.symlinkSync(other, join(directory, "deep"))
      yield* configure(`${configuration}\n[security]\nprotect = ["deep/er"]\n`)
      const refused = yield* run(["shell", "--background", "--debug"], { directory })
      expect(refused.stderr).toContain(`${directory}/deep is a symbolic link, and deep/er in it is protected`)
    }))
})

describe("git in a session", () => {
  Library.test(
    "does its work: commits, branches, rebases, worktrees, stashes, tags, conflicts, collection",
    () =>
      Effect.gen(function*() {
        const { workspace } = yield* World
        const directory = workspace()
        repository(directory)
        const { container } = yield* background(directory, "--debug")
        const said = yield* inside(
          container,
          `set -ex; cd /workspace; exec 2>&1
         echo 1 > one; git add one; git commit -q -m one
         git checkout -q -b topic; echo 2 > two; git add two; git commit -q -m two
         git checkout -q main; echo 3 > three; git add three; git commit -q -m three
         git rebase -q main topic; git checkout -q main; git merge -q --no-edit topic
         echo dirty >> one; git stash -q; git stash pop -q; git checkout -q one
         git tag v1; git tag -a v2 -m second
         git branch -q clash HEAD~1; echo a > three; git commit -qam a; git checkout -q clash; echo b > three; git add three; git commit -qm b
         ! git merge main; git checkout -q --theirs three; git add three; git commit -q --no-edit
         git checkout -q main; git branch -q -D clash
         git worktree add -q wt; cd wt; echo 4 > four; git add four; git commit -q -m four; cd ..; git worktree remove wt
         git worktree add -q /tmp/wt2; git -C /tmp/wt2 commit -q --allow-empty -m five; git worktree remove /tmp/wt2
         git cherry-pick wt; git reset -q --hard HEAD~1; git gc -q; git fsck; git pack-refs --all; git reflog expire --all
         git init -q --bare /tmp/there; git push -q /tmp/there main; git fetch -q /tmp/there main
         git log --oneline | wc -l`,
          1000
        )
        expect(said.trim()).toMatch(/\d+$/)
        // What would write the configuration says so, and the rest of it is done.
        const refused = yield* inside(
          container,
          `cd /workspace; exec 2>&1; git remote add there /tmp/there; echo status=$?
         git checkout -q -b tracking --track main; echo status=$?; git symbolic-ref HEAD`,
          1000
        )
        expect(refused).toMatch(/could not write config file \S*\.git\/config: Device or resource busy/)
        expect(refused).toContain("status=128")
        expect(refused).toContain("refs/heads/tracking")
        give(directory)
        expect(git(directory, "fsck", "--no-dangling")).toBe("")
        expect(git(directory, "log", "--format=%s", "-1", "topic")).toBe("two\n")
        yield* succeeds("kill", "--force", container)
        expect(git(directory, "status", "--porcelain")).toBe("")
      }),
    60_000
  )

  Library.test(
    "works in a linked worktree, whose repository is mounted where git looks for it, with the same protection",
    () =>
      Effect.gen(function*() {
        const { workspace } = yield* World
        const main = workspace()
        repository(main)
        const directory = `${main}-linked`
        git(main, "worktree", "add", "--quiet", "-b", "linked", directory)
        git(main, "worktree", "add", "--quiet", "-b", "third", `${main}-third`)
        for (const one of [main, directory, `${main}-third`]) give(one)
        const started = yield* background(directory, "--debug")
        yield* inside(
          started.container,
          "cd /workspace && echo 1 > one && git add one && git commit -q -m one && git status --porcelain",
          1000
        )
        expect(git(directory, "log", "--format=%s", "-1")).toBe("one\n")
        expect(git(directory, "status", "--porcelain")).toBe("")
        for (
          const line of [
            `echo mark > ${main}/.git/hooks/post-commit`,
            `echo mark >> ${main}/.git/config`,
            `echo mark > ${main}/.git/commondir`,
            `echo mark > ${main}/.git/worktrees/\${d##*/}/commondir`,
            `echo mark > ${main}/.git/worktrees/\${d##*/}/config.worktree`,
            `mv ${main}/.git/worktrees ${main}/.git/gone`,
            "echo gitdir: /workspace/evil > /workspace/.git",
            "rm -f /workspace/.git",
            "cd /workspace && git worktree prune && false"
          ]
        ) yield* Effect.flip(inside(started.container, `d=${directory}; ${line}`, 1000))
        expect(git(main, "worktree", "list").trim().split("\n")).toHaveLength(3)
        // Nothing else of the repository is there.
        expect(yield* inside(started.container, `ls -A ${main}`)).toBe(".git\n")
        yield* succeeds("kill", "--force", started.container)
        expect(listing(main).filter((line) => /commondir|config\.worktree/.test(line))).toHaveLength(2)
      }),
    60_000
  )

  Library.test(
    "works in a submodule that is a workspace, and protects those below a workspace",
    () =>
      Effect.gen(function*() {
        const { workspace } = yield* World
        const [library, main] = [workspace(), workspace()]
        repository(library)
        repository(main)
        git(main, "submodule", "--quiet", "add", library, "deps/one")
        git(main, "commit", "--quiet", "--message", "with it")
        give(main)
        const sub = join(main, "deps/one")
        const started = yield* background(sub, "--debug")
        yield* inside(
          started.container,
          "cd /workspace && echo 1 > one && git add one && git -c user.name=me -c user.email=me@example.com commit -q -m one",
          1000
        )
        yield* Effect.flip(
          inside(started.container, `echo mark >> ${main}/.git/modules/deps/one/config`, 1000)
        )
        expect(git(sub, "log", "--format=%s", "-1")).toBe("one\n")
        yield* succeeds("kill", "--force", started.container)
        const above = yield* background(main, "--debug")
        for (
          const line of [
            "echo mark > .git/modules/deps/one/hooks/post-commit",
            "git -C deps/one config core.fsmonitor mark",
            "mv .git/modules .git/gone",
            "mv .git/modules/deps .git/modules/gone",
            "echo mark > .git/modules/deps/one/commondir"
          ]
        ) yield* Effect.flip(inside(above.container, `cd /workspace; ${line}`, 1000))
        yield* inside(
          above.container,
          "cd /workspace && git submodule status && git add deps/one && git commit -q -m bump",
          1000
        )
        yield* succeeds("kill", "--force", above.container)
        expect(git(main, "status", "--porcelain")).toBe("")
      }),
    60_000
  )

  Library.test("gets no repository that does not lead back", () =>
    Effect.gen(function*() {
      const { workspace } = yield* World
      const [foreign, directory] = [workspace(), workspace()]
      repository(foreign)
      git(foreign, "worktree", "add", "--quiet", "-b", "other", `${foreign}-other`)
      const gitdir = join(foreign, ".git/worktrees", `${foreign}-other`.split("/").at(-1) ?? "")
      for (const to of [join(foreign, ".git"), gitdir, "/etc", "/nowhere"]) {
        Fs.writeFileSync(join(directory, ".git"), `gitdir: ${to}\n`)
        give(directory)
        const started = yield* run(["shell", "--background", "--debug", "--format", "json"], { directory })
        expect([to, started.status]).toEqual([to, 0])
        expect(started.stderr).toContain(`${directory}/.git leads to ${to}`)
        const { container } = JSON.parse(started.stdout)
        expect(yield* inside(container, `ls ${foreign} 2>&1; true`)).toContain("No such file")
        yield* succeeds("kill", "--force", container)
      }
    }), 60_000)
})
