import { describe, expect, it } from "@effect/vitest"
import stringWidth from "string-width"
import { escape } from "../../../src/cli/escape.ts"
import { cutPath, wrap } from "../../../src/cli/layout.ts"
import type { Stream } from "../../../src/cli/output.ts"
import { type Column, table } from "../../../src/cli/table.ts"

const terminal = (columns: number): Stream => ({ isTerminal: true, columns: () => columns, colours: false })
const pipe: Stream = { isTerminal: false, columns: () => Infinity, colours: false }

const columns: ReadonlyArray<Column> = [
  { title: "CONTAINER" },
  { title: "SLOT", align: "right" },
  { title: "TOOL", shrink: "end" },
  { title: "WORKSPACE", shrink: "path" }
]
const rows = [
  ["clincus-a1b2c3-1", "1", "claude", "/home/ada/work/clients/acme/a-website-with-a-long-name"],
  ["clincus-d4e5f6-10", "10", "a-tool-with-a-rather-long-name", "/srv/日本語のディレクトリ/project"],
  ["clincus-0a0b0c-2", "2", "opencode", "/home/ada"]
]

describe("a table", () => {
  it("is whole in a pipe", () => {
    expect(table(columns, rows, { stream: pipe, home: "/home/ada" })).toMatchInlineSnapshot(`
      "CONTAINER          SLOT  TOOL                            WORKSPACE
      clincus-a1b2c3-1      1  claude                          /home/ada/work/clients/acme/a-website-with-a-long-name
      clincus-d4e5f6-10    10  a-tool-with-a-rather-long-name  /srv/日本語のディレクトリ/project
      clincus-0a0b0c-2      2  opencode                        /home/ada"
    `)
  })

  it("fits a terminal, and home is ~", () => {
    expect(table(columns, rows, { stream: terminal(80), home: "/home/ada" })).toMatchInlineSnapshot(`
      "CONTAINER          SLOT  TOOL                        WORKSPACE
      clincus-a1b2c3-1      1  claude                      a-website-with-a-long-name
      clincus-d4e5f6-10    10  a-tool-with-a-rather-long…  /srv/…/project
      clincus-0a0b0c-2      2  opencode                    ~"
    `)
  })

  it("fits whatever width leaves its fixed columns room", () => {
    for (let width = 52; width < 130; width++) {
      const lines = table(columns, rows, { stream: terminal(width) }).split("\n")
      expect(lines.filter((line) => stringWidth(line) > width)).toEqual([])
      expect(lines[1]).toContain("clincus-a1b2c3-1")
    }
  })

  it("shows what a hostile cell contains instead of obeying it", () => {
    expect(table([{ title: "NAME" }], [["a\u001b[2Jb\nc\u202ed\u009b1m"]], { stream: pipe })).toBe(
      "NAME\na\\x1b[2Jb\\nc\\u202ed\\x9b1m"
    )
  })
})

describe("a path that is too long", () => {
  const path = "/home/ada/work/clients/acme/site"
  const cases: ReadonlyArray<readonly [width: number, shown: string]> = [
    [32, path],
    [31, "/home/…/work/clients/acme/site"],
    [26, "/home/…/clients/acme/site"],
    [20, "/home/…/acme/site"],
    [13, "/home/…/site"],
    [11, "…/acme/site"],
    [7, "…/site"],
    [4, "site"],
    [3, "si…"]
  ]
  for (const [width, shown] of cases) {
    it(`of ${width} cells`, () => {
      expect(cutPath(path, width)).toBe(shown)
    })
  }
})

describe("text", () => {
  it("is wrapped at spaces", () => {
    expect(wrap("one two  three four", 9)).toEqual(["one two", "three", "four"])
    expect(wrap("a-very-long-word b", 5)).toEqual(["a-very-long-word", "b"])
  })
  it("keeps its lines where lines are wanted", () => {
    expect(escape("a\n\tb\r\u0007", { lines: true })).toBe("a\n\tb\\r\\x07")
    expect(escape("héllo 日本 👍")).toBe("héllo 日本 👍")
  })
})
