import { describe, expect } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { execFileSync } from "node:child_process"
import * as Fs from "node:fs"
import { join } from "node:path"
import { IncusService } from "../../../src/incus/IncusService.ts"
import * as Library from "../support/library.ts"
import { inside } from "../support/look.ts"
import { background, run, succeeds } from "../support/program.ts"
import { git, give, listing, repository } from "../support/repository.ts"
import { World } from "../support/World.ts"

/** Runs a line that may well fail, as root or as the tool's user. */
const attempt = (container: string, line: string, user: 0 | 1000) =>
  Effect.flatMap(IncusService, ({ exec }) =>
    exec.run(container, {
      command: ["bash", "-c", line],
      user,
      group: user,
      environment: { HOME: user === 0 ? "/root" : "/home/code" }
    }))

/** Ways to write what the host runs, by the tool's user: each is a line that leaves its mark if it works. */
const writes: ReadonlyArray<string> = [
  "echo mark > .git/hooks/post-commit",
  "chmod 777 .git/hooks; echo mark > .git/hooks/post-commit",
  "git config core.fsmonitor mark",
  "echo mark >> .git/config",
  "cp .git/config /tmp/c; echo mark >> /tmp/c; mv -f /tmp/c .git/config",
  "rm -f .git/config; echo mark > .git/config",
  "ln .git/config .git/other; echo mark >> .git/other",
  "echo mark > mine; ln -sfT ../mine .git/config",
  "mv .git .moved && mkdir -p .git/hooks && echo mark > .git/hooks/post-commit",
  "cp -r .git copied; echo mark > copied/config; mv -T --exchange copied .git || python3 -c 'import ctypes; ctypes.CDLL(None).renameat2(-100, b\"copied\", -100, b\".git\", 2)'; rm -rf copied",
  "mv .git/hooks .git/gone; mkdir .git/hooks; echo mark > .git/hooks/post-commit",
  "mv .git/info .git/gone; mkdir .git/info; echo mark > .git/info/attributes",
  "mkdir evil; echo mark > evil/config; echo /workspace/evil > .git/commondir; rm -rf evil",
  "echo mark > .git/config.worktree",
  "echo mark > .git/info/attributes",
  "rm -rf .vscode; mkdir .vscode; echo mark > .vscode/tasks.json",
  "mv .vscode elsewhere; mkdir .vscode; echo mark > .vscode/tasks.json",
  "echo mark > .vscode/settings.json",
  "rmdir .envrc; echo mark > .envrc",
  "mkdir -p .claude; echo mark > .claude/settings.json",
  "echo mark > .mcp.json; rm -f .mcp.json; echo mark > .mcp.json",
  "mkdir -p .husky; echo mark > .husky/pre-commit",
  "echo mark > opencode.json",
  "echo mark > .mise.toml",
  "echo mark > scripts/deploy",
  "mv scripts old; mkdir scripts; echo mark > scripts/deploy",
  "echo mark > hooks-of-ours/pre-commit",
  "for p in /proc/1/root /proc/$$/root /proc/$$/cwd/..; do echo mark > $p/workspace/.git/hooks/post-commit; done",
  "python3 -c 'import os; f = os.open(\"/workspace/.git/config\", os.O_RDONLY); open(\"/proc/self/fd/%d\" % f, \"a\").write(\"mark\")'"
]

/** Ways around a mount, by whoever may mount: what follows each tries to leave the mark. */
const around: ReadonlyArray<string> = [
  "umount -l /workspace/.git/hooks /workspace/.git/config",
  "mount -o remount,rw,bind /workspace/.git/hooks",
  "mount -o remount,rw /workspace/.git/hooks",
  "mount --bind /workspace /mnt",
  "mount --rbind /workspace /mnt; umount -l /mnt/.git/hooks /mnt/.git/config",
  "mount --make-rprivate /; umount -l /workspace/.git/hooks",
  "mount --move /workspace/.git/hooks /mnt",
  "mount -t overlay overlay -o lowerdir=/etc,upperdir=/workspace/.git/hooks,workdir=/workspace/w /mnt",
  "umount -l /workspace",
  "mv /workspace/.git /workspace/.moved"
]
const marks =
  "for at in /workspace /mnt /workspace/.moved/..; do echo mark > $at/.git/hooks/post-commit; echo mark >> $at/.git/config; done"

const shared = (directory: string) => {
  Fs.mkdirSync(join(directory, ".vscode"))
  Fs.writeFileSync(join(directory, ".vscode/settings.json"), "{}")
  Fs.mkdirSync(join(directory, "scripts"))
  Fs.writeFileSync(join(directory, "scripts/deploy"), "#!/bin/sh\n")
  Fs.mkdirSync(join(directory, "hooks-of-ours"))
  Fs.writeFileSync(join(directory, "hooks-of-ours/pre-commit"), "#!/bin/sh\n")
  repository(directory)
  git(directory, "config", "core.hooksPath", "hooks-of-ours")
  give(directory)
}

/** What the host runs or reads first when it runs something. */
const trusted = [
  ".git/hooks/post-commit",
  ".git/config",
  ".git/commondir",
  ".git/config.worktree",
  ".git/info/attributes",
  ".vscode/tasks.json",
  ".vscode/settings.json",
  ".envrc",
  ".claude/settings.json",
  ".mcp.json",
  ".husky/pre-commit",
  "opencode.json",
  ".mise.toml",
  "scripts/deploy",
  "hooks-of-ours/pre-commit"
]

/** Those of them that a mark has been left in, as the host sees them. */
const marked = (directory: string): ReadonlyArray<string> =>
  trusted.filter((path) => {
    const file = join(directory, path)
    if (!Fs.existsSync(file) || !Fs.statSync(file).isFile()) return false
    return /mark|evil/.test(Fs.readFileSync(file, "latin1"))
  })

/** Makes a directory like another one, in its place. */
const reset = (directory: string, template: string) =>
  execFileSync("bash", [
    "-c",
    "find \"$1\" -mindepth 1 -delete; cp -a \"$2/.\" \"$1\"",
    "bash",
    directory,
    template
  ])

describe("what the host runs", () => {
  Library.test(
    "cannot be written, made, moved away or uncovered, by the tool or by root in the container",
    () =>
      Effect.gen(function*() {
        const { configuration, configure, workspace } = yield* World
        yield* configure(`${configuration}\n[security]\nprotect = ["scripts"]\n`)
        const directory = workspace()
        shared(directory)
        const { container } = yield* background(directory, "--debug")
        const before = listing(directory)
        for (const line of writes) {
          yield* attempt(container, `cd /workspace; ${line}`, 1000)
          yield* attempt(container, `cd /workspace; ${line}`, 0)
          expect([line, marked(directory)]).toEqual([line, []])
        }
        for (const way of around) {
          for (
            const line of [
              `${way}; setpriv --reuid 1000 --regid 1000 --clear-groups bash -c '${marks}'; ${marks}`,
              `unshare -m bash -c ${JSON.stringify(`${way}; ${marks}`)}`,
              `unshare -Urm bash -c ${JSON.stringify(`${way}; ${marks}`)}`,
              `unshare -Urmpf --mount-proc bash -c ${JSON.stringify(`${way}; ${marks}`)}`,
              `nsenter -t 1 -m -- bash -c ${JSON.stringify(`${way}; ${marks}`)}`,
              `systemd-run --quiet --wait bash -c ${JSON.stringify(`${way}; ${marks}`)}`
            ]
          ) {
            yield* attempt(container, line, 0)
            yield* attempt(container, line, 1000)
            expect([line, marked(directory)]).toEqual([line, []])
          }
        }
        // The control: all else can be written, and nothing has been lost.
        yield* inside(container, "echo mine > /workspace/mine && mkdir /workspace/new", 1000)
        const now = listing(directory, /^(mine|new|elsewhere|old|copied|evil)(\/|$)/)
        expect(now.filter((line) => !before.includes(line) && !line.startsWith(".git/"))).toEqual([])
        expect(before.filter((line) => !now.includes(line) && !line.startsWith(".git/"))).toEqual([])
        expect(git(directory, "config", "core.hooksPath")).toBe("hooks-of-ours\n")
      }),
    300_000
  )

  Library.test(
    "cannot be written on a directory of root's either, where the tool is root",
    () =>
      Effect.gen(function*() {
        const { configuration, configure, workspace } = yield* World
        yield* configure(`${configuration}\n[security]\nprotect = ["scripts"]\n`)
        const directory = workspace({ uid: 0, gid: 0 })
        shared(directory)
        give(directory, 0)
        const { container } = yield* background(directory, "--debug")
        for (const line of writes) {
          yield* attempt(container, `cd /workspace; ${line}`, 0)
          expect([line, marked(directory)]).toEqual([line, []])
        }
        for (const way of around) {
          for (const as of ["bash -c", "unshare -Urm bash -c"]) {
            yield* attempt(container, `${as} ${JSON.stringify(`${way}; ${marks}`)}`, 0)
            expect([as, way, marked(directory)]).toEqual([as, way, []])
          }
        }
        yield* inside(container, "echo mine > /workspace/mine")
      }),
    120_000
  )

  Library.test(
    "can be written by each of these ways if it is not protected: the control",
    () =>
      Effect.gen(function*() {
        const { workspace } = yield* World
        const [directory, template] = [workspace(), workspace()]
        shared(template)
        reset(directory, template)
        const { container } = yield* background(directory, "--debug", "--no-protect")
        for (const line of writes) {
          reset(directory, template)
          yield* attempt(container, `cd /workspace; ${line}`, 1000)
          expect([line, marked(directory).length]).toEqual([line, 1])
        }
      }),
    120_000
  )

  Library.test("is uncovered by root if the container may mount: the control", () =>
    Effect.gen(function*() {
      const { workspace } = yield* World
      const incus = yield* IncusService
      const directory = workspace()
      shared(directory)
      const { container } = yield* background(directory, "--debug", "--persistent")
      yield* succeeds("shutdown", container)
      yield* incus.instances.edit(container, ({ config, devices, ephemeral }) =>
        Option.some({
          config: {
            ...config,
            "raw.lxc": (config["raw.lxc"] ?? "").replace("lxc.cap.drop = sys_admin\n", "")
          },
          devices,
          ephemeral
        }))
      yield* incus.instances.start(container)
      yield* attempt(
        container,
        `${around[0]}; setpriv --reuid 1000 --regid 1000 --clear-groups bash -c '${marks}'`,
        0
      )
      expect(marked(directory)).not.toEqual([])
      yield* run(["kill", "--force", container])
    }))
})
