import { describe, expect, it } from "@effect/vitest"
import type { Place, Standing } from "../../../../src/host/untrusted/places.ts"
import { ProtectedLink } from "../../../../src/policy/files/errors.ts"
import { forgiving, lxcOf } from "../../../../src/policy/files/lxc.ts"
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
const places = (standing: Readonly<Record<string, Standing>>): ReadonlyArray<Place> =>
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

describe("the configuration of LXC", () => {
  it("is none if there is nothing to hold", () => expect(lxcOf([], [])).toEqual({}))

  it("has no line of a path's own making, whatever the path", () => {
    const { "raw.lxc": text = "" } = lxcOf([{ path: "/w/a b\nlxc.cap.keep = all\t\\é#", how: "read" }], [])
    const lines = text.split("\n")
    expect(
      lines.every((line) =>
        /^lxc\.(cap\.drop = sys_admin|mount\.entry = [^\s#]+ [^\s#]+ [^\s#]+ [^\s#]+ 0 0)$/.test(line)
      )
    )
      .toBe(true)
    expect(lines.at(-1)).toContain("w/a\\040b\\012lxc.cap.keep\\040=\\040all\\011\\134\\303\\251\\043 ")
  })

  it("lets a container start by hand without what stood in", () => {
    const { "raw.lxc": text = "" } = lxcOf([{ path: "/w/a", how: "read" }, { path: "/w", how: "pin" }], [])
    expect(text).toContain("mount.entry = w/a w/a none bind,ro,relative 0 0")
    expect(text).toContain("mount.entry = w w none bind,relative 0 0")
    expect(forgiving(text)).toContain("w/a none bind,ro,relative,optional 0 0")
    expect(forgiving(forgiving(text))).toBe(forgiving(text))
  })
})
