import { describe, expect, it } from "@effect/vitest"
import { lxcOf } from "../../../../src/policy/files/lxc.ts"
import { together } from "../../../../src/policy/policy.ts"

const hold = { path: "/workspace/.git/hooks", how: "read" } as const
const mounted = "lxc.mount.entry = workspace/.git/hooks workspace/.git/hooks none bind,ro,relative 0 0"

describe("what holds paths", () => {
  it("takes the right to mount, unless containers are to run in the session", () => {
    const lines = (mayMount: boolean) => lxcOf([hold], [], mayMount)["raw.lxc"]?.split("\n")
    expect(lines(false)).toEqual(expect.arrayContaining(["lxc.cap.drop = sys_admin", mounted]))
    expect(lines(true)).toEqual([mounted])
    expect(lxcOf([], [])).toEqual({})
  })

  it("is written with a space or a line's end in a path as fstab has them", () => {
    const [line] = lxcOf([{ ...hold, path: "/a b/c\n\\d" }], [], true)["raw.lxc"]?.split("\n") ?? []
    expect(line).toBe("lxc.mount.entry = a\\040b/c\\012\\134d a\\040b/c\\012\\134d none bind,ro,relative 0 0")
  })

  it("stands below what else is said in LXC's words", () => {
    const kernel = { "raw.lxc": "lxc.proc.oom_score_adj = 500", "security.nesting": "false" }
    expect(together(kernel, lxcOf([hold], [], true))).toEqual({
      "raw.lxc": `lxc.proc.oom_score_adj = 500\n${mounted}`,
      "security.nesting": "false"
    })
    expect(together({ a: "1" }, {})).toEqual({ a: "1" })
  })
})
