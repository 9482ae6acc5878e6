import { afterAll, beforeAll, describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { execFileSync } from "node:child_process"
import * as Fs from "node:fs"
import { join } from "node:path"
import { publint } from "publint"
import { formatMessage } from "publint/utils"
import manifest from "../../package.json" with { type: "json" }
import { type EmptyProject, emptyProject } from "./support/emptyProject.ts"
import { test } from "./support/library.ts"
import { containers } from "./support/look.ts"
import { image, World } from "./support/World.ts"

const Blocks = Schema.parseJson(Schema.Array(Schema.Struct({ name: Schema.String, run: Schema.Boolean })))

let project: EmptyProject
let blocks: typeof Blocks.Type
beforeAll(() => {
  project = emptyProject()
  for (const name of Fs.readdirSync("docs/examples")) {
    project.write(name, Fs.readFileSync(join("docs/examples", name), "utf8"))
  }
  blocks = Schema.decodeUnknownSync(Blocks)(
    execFileSync(
      process.execPath,
      ["scripts/library/code-blocks.mjs", "docs/library.md", join(project.directory, "src")],
      { encoding: "utf8" }
    )
  )
})
afterAll(() => project?.remove())

describe("the package", () => {
  it("holds the program, the library and nothing else", () => {
    const others = project.packed.filter((file) => !/^dist\/lib\/.+\.(js|d\.ts)$/.test(file))
    expect(others.toSorted()).toEqual([
      "LICENSE",
      "README.md",
      "dist/clincus",
      "dist/lib/package.json",
      "dist/package.json",
      "package.json"
    ])
  })

  it("is found no fault with by publint", async () => {
    const { messages, pkg } = await publint({
      pkgDir: join(project.directory, "node_modules/clincus"),
      pack: false,
      strict: true
    })
    expect(messages.map((message) => formatMessage(message, pkg ?? {}))).toEqual([])
  })

  it("brings no second copy of effect", () => {
    expect(Fs.existsSync(join(project.directory, "node_modules/clincus/node_modules"))).toBe(false)
  })

  it("has a program that runs", () => {
    const program = join(project.directory, "node_modules/.bin/clincus")
    expect(execFileSync(program, ["version"], { encoding: "utf8" })).toBe(`clincus ${manifest.version}\n`)
  })
})

describe("a program in a project with nothing but the package", () => {
  it("type-checks, the types of libraries included", () => {
    project.compile({ skipLibCheck: false, moduleResolution: "bundler" })
    project.compile({ skipLibCheck: false })
    project.compile({ skipLibCheck: true })
  })

  test("uses Incus", () =>
    Effect.gen(function*() {
      const { environment, prefix } = yield* World
      const said = project.run("incus.js", {
        ...environment,
        EXAMPLE_NAME: `${prefix}example`,
        EXAMPLE_IMAGE: image,
        EXAMPLE_PROFILE: "clincus"
      })
      expect(said).toContain("uname ended with 0 and said Linux\n")
      expect(said).toContain("the terminal ended with 7 and showed ")
      expect(said).toContain("30 100\\r\\n")
      expect(yield* containers).toEqual({})
    }))

  test("tests itself on twins in memory", () =>
    Effect.gen(function*() {
      const { environment } = yield* World
      expect(project.run("testing.js", environment)).toMatch(
        /^clincus-[0-9a-f]{6}-1 runs, asked for 1 time\nthe tool ended with 3\n$/
      )
    }))

  test("runs what docs/library.md shows", () =>
    Effect.gen(function*() {
      const { environment } = yield* World
      const said = blocks.filter(({ run }) => run).map(({ name }) =>
        project.run(name.replace(/\.ts$/, ".js"), environment)
      )
      expect(said).toEqual(["0 saved\n", "/no/such/directory: missing\n"])
    }))

  test("runs three sessions at once", () =>
    Effect.gen(function*() {
      const { environment, root } = yield* World
      const said = project.run("sessions.js", { ...environment, TMPDIR: root })
      for (const name of ["one", "two", "three"]) {
        expect(said).toContain(`you said: I am ${name}\n`)
        expect(said).toContain(`${name} ended with 0\n`)
      }
      expect(yield* containers).toEqual({})
    }))
})
