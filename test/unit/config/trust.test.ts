import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Fs from "node:fs"
import { join } from "node:path"
import { type Asked, makeHome, project, user } from "./home.ts"

const asking = "[defaults]\nimage = \"theirs\"\n[tool]\nname = \"codex\"\n"

/** A home with a project that asks for an image and a tool. */
const make = (own = "") =>
  Effect.gen(function*() {
    const home = yield* makeHome({ [user]: own, [project]: asking })
    /** Keys that are asked for and not granted. */
    const open = (asked?: Asked) =>
      Effect.map(home.load(asked), ({ withheld }) => (withheld?.requests ?? []).map(({ key }) => key))
    /** The user says yes. */
    const agree = (asked?: Asked) =>
      Effect.flatMap(
        home.load(asked),
        ({ withheld }) => withheld === undefined ? Effect.void : home.grant(withheld)
      )
    return { ...home, open, agree, file: join(home.saved, "trusted.json") }
  })

const both = ["defaults.image", "tool.name"]

describe("what the user grants", () => {
  it.scoped("is in force from then on, until the content changes, and again with the content", () =>
    Effect.gen(function*() {
      const home = yield* make()
      expect(yield* home.open()).toEqual(both)
      yield* home.agree()
      expect(yield* home.open()).toEqual([])
      const { from, settings } = yield* home.load()
      expect(settings).toMatchObject({ defaults: { image: "theirs" }, tool: { name: "codex" } })
      expect(from("tool.name")).toBe(project)
      // A space is another content.
      yield* home.write(project, `${asking} `)
      expect(yield* home.open()).toEqual(both)
      expect((yield* home.load()).settings.tool.name).toBe("claude")
      yield* home.write(project, asking)
      expect(yield* home.open()).toEqual([])
    }))

  it.scoped("belongs to the workspace's path", () =>
    Effect.gen(function*() {
      const home = yield* make()
      yield* home.agree()
      yield* home.write("other/.clincus.toml", asking)
      expect(yield* home.open({ workspace: "other" })).toEqual(both)
      expect(yield* home.open()).toEqual([])
    }))

  it.scoped("is what was shown, and not what options or a profile made moot meanwhile", () =>
    Effect.gen(function*() {
      const home = yield* make("[profiles.p.defaults]\nimage = \"mine\"\n")
      yield* home.agree({ profile: "p" })
      expect(yield* home.open({ profile: "p" })).toEqual([])
      expect(yield* home.open()).toEqual(["defaults.image"])
      const other = yield* make()
      yield* other.agree({ decided: ["tool.name"] })
      expect(yield* other.open()).toEqual(["tool.name"])
      yield* other.agree()
      expect(yield* other.open()).toEqual([])
      expect((yield* other.grants).map(({ keys }) => keys)).toEqual([both])
    }))

  it.scoped("does not let a tool act without asking once the user wants to be asked", () =>
    Effect.gen(function*() {
      const home = yield* make()
      yield* home.agree()
      expect(yield* home.open()).toEqual([])
      yield* home.write(user, "[tool.claude]\npermission = \"ask\"\n")
      expect(yield* home.open()).toEqual(["tool.name"])
      yield* home.agree()
      expect(yield* home.open()).toEqual([])
    }))

  it.scoped("is taken back for one workspace, or for all", () =>
    Effect.gen(function*() {
      const home = yield* make()
      yield* home.write("other/.clincus.toml", asking)
      yield* home.agree()
      yield* home.agree({ workspace: "other" })
      expect(yield* home.revoke("third")).toEqual([])
      expect(yield* home.revoke("project")).toMatchObject([{ keys: both }])
      expect(yield* home.open()).toEqual(both)
      expect(yield* home.open({ workspace: "other" })).toEqual([])
      yield* home.agree()
      expect(yield* home.revoke(undefined)).toHaveLength(2)
      expect(yield* home.open({ workspace: "other" })).toEqual(both)
    }))
})

describe("trusted.json", () => {
  it.scoped("is the user's alone, and nothing else is left beside it", () =>
    Effect.gen(function*() {
      const home = yield* make()
      yield* home.agree()
      expect(Fs.statSync(home.file).mode & 0o777).toBe(0o600)
      expect(Fs.statSync(home.saved).mode & 0o777).toBe(0o700)
      expect(Fs.readdirSync(home.saved).toSorted()).toEqual(["locks", "trusted.json"])
      expect(Fs.readdirSync(join(home.saved, "locks"))).toEqual([])
    }))

  it.live("loses nothing of what is granted, and taken back, at one instant", () =>
    Effect.scoped(Effect.gen(function*() {
      const home = yield* make()
      const names = Array.from({ length: 20 }, (_, index) => `work-${index}`)
      yield* Effect.forEach(names, (name) => home.write(`${name}/.clincus.toml`, asking))
      const each = <E>(some: ReadonlyArray<string>, action: (name: string) => Effect.Effect<unknown, E>) =>
        Effect.forEach(some, action, { concurrency: "unbounded" })
      yield* each(names, (workspace) => home.agree({ workspace }))
      expect(yield* each(names, (workspace) => home.open({ workspace }))).toEqual(names.map(() => []))
      const revoked = yield* each(names.slice(0, 10), (workspace) => home.revoke(workspace))
      expect(revoked).toHaveLength(10)
      expect((yield* home.grants).map(({ workspace }) => workspace).toSorted()).toEqual(
        names.slice(10).map((name) => join(home.path, name)).toSorted()
      )
      expect(Fs.readdirSync(join(home.saved, "locks"))).toEqual([])
    })))

  it.scoped("is not made by taking back what was never granted", () =>
    Effect.gen(function*() {
      const home = yield* make()
      expect(yield* home.revoke(undefined)).toEqual([])
      expect(Fs.existsSync(home.saved)).toBe(false)
    }))

  const damages: Readonly<Record<string, (file: string) => void>> = {
    "half of it": (file) => Fs.truncateSync(file, 40),
    "another shape": (file) => Fs.writeFileSync(file, "{ \"version\": 1, \"granted\": { \"all\": true } }"),
    "a link": (file) => {
      Fs.renameSync(file, `${file}.real`)
      Fs.symlinkSync(`${file}.real`, file)
    },
    "5 MiB": (file) => Fs.writeFileSync(file, " ".repeat(5 * 1024 * 1024))
  }
  for (const [name, damage] of Object.entries(damages)) {
    it.scoped(`grants nothing when it is damaged (${name}), says so, and is made anew by the next yes`, () =>
      Effect.gen(function*() {
        const home = yield* make()
        yield* home.agree()
        expect(yield* home.open()).toEqual([])
        damage(home.file)
        const said: Array<unknown> = []
        const listen = Logger.replace(Logger.defaultLogger, Logger.make(({ message }) => said.push(message)))
        expect(yield* home.open().pipe(Effect.provide(listen))).toEqual(both)
        expect(String(said[0])).toContain(home.file)
        expect(String(said[0])).toContain("it counts as empty")
        yield* home.agree()
        expect(yield* home.open()).toEqual([])
      }))
  }

  it.scoped("that cannot be written is a failure of its own", () =>
    Effect.gen(function*() {
      const home = yield* make()
      yield* home.write(".clincus", "a file in the place of the directory")
      const { withheld } = yield* home.load()
      const error = yield* withheld === undefined ? Effect.void : Effect.flip(home.grant(withheld))
      expect(error).toMatchObject({ _tag: "TrustNotSaved", directory: home.saved })
    }))
})
