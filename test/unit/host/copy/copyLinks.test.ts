import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import { join } from "node:path"
import { leftOutLine } from "../../../../src/host/copy/copyConfiguration.ts"
import { place, reasons } from "./support/configuration.ts"

describe("a link in the configuration", () => {
  it.scoped("is left out, and told, where it leads out of the entry", () =>
    Effect.gen(function*() {
      const { copy, home, link, names, write } = yield* place
      write("notes/readme")
      write(".claude/plugins-other/file")
      link(".claude/plugins/x/assets", "../../../.ssh")
      link(".claude/plugins/x/absolute", join(home, ".ssh"))
      link(".claude/plugins/x/file", join(home, ".ssh/id"))
      link(".claude/plugins/x/first", "second")
      link(".claude/plugins/x/second", join(home, "notes"))
      link("notes/third", "../.ssh")
      link(".claude/plugins/x/through", "second/third/id")
      link(".claude/plugins/x/parent", "../..")
      link(".claude/plugins/x/sibling", "../../plugins-other")
      link(".claude/plugins/x/nothing", "not-there")
      link(".claude/plugins/x/circle", "circle")
      const report = yield* copy()
      const out = (to: string) => `is a link that leads out of plugins, to ~/${to}`
      expect(reasons(report, home)).toEqual({
        ".claude/plugins/x/assets": out(".ssh"),
        ".claude/plugins/x/absolute": out(".ssh"),
        ".claude/plugins/x/file": out(".ssh/id"),
        ".claude/plugins/x/first": out("notes"),
        ".claude/plugins/x/second": out("notes"),
        ".claude/plugins/x/through": out(".ssh/id"),
        ".claude/plugins/x/parent": out(".claude"),
        ".claude/plugins/x/sibling": out(".claude/plugins-other"),
        ".claude/plugins/x/nothing": "is a link to nothing",
        ".claude/plugins/x/circle": expect.stringContaining("cannot be followed")
      })
      expect(report.leftOutCount).toBe(10)
      expect(names()).toEqual([
        ".claude",
        ".claude/plugins",
        ".claude/plugins/x",
        ".claude/plugins/x/plugin.json"
      ])
    }))

  it.scoped("stays one, relative and to the copy, where it leads to a place in the entry", () =>
    Effect.gen(function*() {
      const { copy, from, inCopy, link, write } = yield* place
      write(".claude/plugins/shared/deep/file", "shared")
      link(".claude/plugins/x/first", "../shared/deep")
      link(".claude/plugins/x/second", join(from, "plugins/shared/deep"))
      link(".claude/plugins/x/chain", "second/file")
      link(".claude/plugins/up", ".")
      link(".claude/plugins/shared/deep/up", "../..")
      const report = yield* copy()
      expect(report).toMatchObject({ copied: 7, leftOut: [] })
      expect(Fs.readlinkSync(inCopy("plugins/x/first"))).toBe("../shared/deep")
      expect(Fs.readlinkSync(inCopy("plugins/x/second"))).toBe("../shared/deep")
      expect(Fs.readlinkSync(inCopy("plugins/x/chain"))).toBe("../shared/deep/file")
      expect(Fs.readlinkSync(inCopy("plugins/up"))).toBe(".")
      expect(Fs.readlinkSync(inCopy("plugins/shared/deep/up"))).toBe("../..")
      expect(Fs.readFileSync(inCopy("plugins/up/x/chain"), "utf8")).toBe("shared")
    }))

  it.scoped("is left out where its target is", () =>
    Effect.gen(function*() {
      const { copy, home, link, write } = yield* place
      write(".claude/plugins/x/.git/config")
      link(".claude/plugins/x/config", ".git/config")
      expect(reasons(yield* copy(), home)).toEqual({
        ".claude/plugins/x/config": "is a link to plugins/x/.git/config, which is not copied"
      })
    }))

  it.scoped("is followed where it is the entry itself: the user's own, to where the settings are kept", () =>
    Effect.gen(function*() {
      const { copy, home, inCopy, link, write } = yield* place
      write("dotfiles/claude/settings.json", "{}")
      write("dotfiles/claude/skills/one/SKILL.md", "one")
      link("dotfiles/claude/skills/two", "one")
      link("dotfiles/claude/skills/out", "../settings.json")
      link(".claude/settings.json", "../dotfiles/claude/settings.json")
      link(".claude/skills", join(home, "dotfiles/claude/skills"))
      link(".claude/gone", "../dotfiles/gone")
      const report = yield* copy({ entries: ["settings.json", "skills", "gone"] })
      expect(Fs.lstatSync(inCopy("settings.json")).isFile()).toBe(true)
      expect(Fs.lstatSync(inCopy("skills")).isDirectory()).toBe(true)
      expect(Fs.readFileSync(inCopy("skills/two/SKILL.md"), "utf8")).toBe("one")
      expect(reasons(report, home)).toEqual({
        ".claude/gone": "is a link to nothing",
        ".claude/skills/out": "is a link that leads out of skills, to ~/dotfiles/claude/settings.json"
      })
    }))

  it.scoped("is told for each file of a directory that is made of links into a store", () =>
    Effect.gen(function*() {
      const { copy, home, link, write } = yield* place
      for (const name of ["one", "two", "three"]) {
        write(`store/${name}`)
        link(`.claude/skills/${name}`, join(home, "store", name))
      }
      const report = yield* copy({ entries: ["skills"] })
      expect(report).toMatchObject({ copied: 0, leftOutCount: 3 })
      expect(leftOutLine(report)).toBe(
        `Left out of the copied configuration: ${home}/.claude/skills/one, which is a link that leads out of skills, to ${home}/store/one, and 2 more.`
      )
    }))
})
