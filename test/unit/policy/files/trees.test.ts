import { describe, expect, it } from "@effect/vitest"
import type { Seen, Standing } from "../../../../src/host/untrusted/standing.ts"
import { ProtectedLink } from "../../../../src/policy/files/errors.ts"
import type { Protected } from "../../../../src/policy/files/protected.ts"
import { inForce, isOpened, keptOf, lookedAt, type Tree } from "../../../../src/policy/files/trees.ts"

const protect = (path: string, absent: Protected["absent"] = "leave"): Protected => ({
  path,
  why: "it is",
  absent
})
const treeOf = (...entries: ReadonlyArray<Protected>): Tree => ({
  root: "/home/me/work",
  inside: "/workspace",
  prefix: "",
  entries
})
const places = (standing: Readonly<Record<string, Standing>>): ReadonlyArray<Seen> =>
  Object.entries(standing).map(([path, is]) => ({ path, is, link: is === "link" ? path : undefined }))

const kept = (
  tree: Tree,
  standing: Readonly<Record<string, Standing>>,
  writable: ReadonlyArray<string> = []
) => {
  const found = keptOf(tree, writable, places(standing), "/home/me/work")
  if (found instanceof ProtectedLink) throw found
  return {
    holds: found.holds.map(({ how, path }) => `${how} ${path}`),
    stands: found.stands.map(({ path, text }) => text === undefined ? path : `${path}=${text}`)
  }
}

describe("what keeps a protected path as it is", () => {
  it("is a mount on itself, and one of each directory above it, the upper ones first", () =>
    expect(
      kept(treeOf(protect("a/b/c"), protect("z")), {
        a: "directory",
        "a/b": "directory",
        "a/b/c": "file",
        z: "other"
      })
    )
      .toEqual({
        holds: ["pin /workspace/a", "pin /workspace/a/b", "read /workspace/a/b/c", "read /workspace/z"],
        stands: []
      }))

  it("is what stands in for it if it is not there, but only in a directory that is there", () =>
    expect(
      kept(
        treeOf(
          protect("left"),
          protect("made", "directory"),
          protect("text", { text: "{}" }),
          protect("no/way", "directory"),
          protect("a/b", "directory")
        ),
        {
          left: "absent",
          made: "absent",
          text: "absent",
          no: "absent",
          "no/way": "absent",
          a: "directory",
          "a/b": "absent"
        }
      )
    ).toEqual({
      holds: ["pin /workspace/a", "read /workspace/a/b", "read /workspace/made", "read /workspace/text"],
      stands: ["made", "text={}", "a/b"]
    }))

  it("is nothing of its own in a directory that is protected as a whole", () =>
    expect(
      inForce(treeOf(protect("a"), protect("a/b"), protect("ab"), protect("a")), []).map(({ path }) => path)
    )
      .toEqual(["a", "ab"]))

  it.each<readonly [ReadonlyArray<string>, ReadonlyArray<string>]>([
    [["."], []],
    [["a"], ["b", "ab"]],
    [["a/b"], ["a", "b", "ab"]],
    [["b", "ab"], ["a"]]
  ])("leaves open what %j names", (writable, left) => {
    const tree = treeOf(protect("a"), protect("b"), protect("ab"))
    expect(inForce(tree, writable).map(({ path }) => path)).toEqual(left)
    expect(lookedAt(tree, writable)).toEqual(left)
  })

  it("names a link, there or on the way", () => {
    const link = keptOf(treeOf(protect("a/b")), [], [
      { path: "a", is: "link", link: "a" },
      { path: "a/b", is: "link", link: "a" }
    ], "/w")
    expect(link).toMatchObject({ _tag: "ProtectedLink", path: "a/b", link: "a" })
  })

  it("opens below what is named, and not beside it", () => {
    expect(isOpened(["a"], "a/b")).toBe(true)
    expect(isOpened(["a"], "ab")).toBe(false)
    expect(isOpened([], "a")).toBe(false)
  })
})
