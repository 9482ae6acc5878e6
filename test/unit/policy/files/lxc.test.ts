import { describe, expect, it } from "@effect/vitest"
import { forgiving, mountingOf } from "../../../../src/policy/files/lxc.ts"
import { together } from "../../../../src/policy/policy.ts"

describe("the mounts of a container", () => {
  const on = (path: string, readOnly = true) => ({ path, source: path, from: `/host${path}`, readOnly })
  const rawOf = (...mounts: Parameters<typeof mountingOf>[0]) =>
    mountingOf(mounts, { mayMount: false, shifted: false }).config["raw.lxc"] ?? ""

  it("are none if there is nothing to hold", () =>
    expect(mountingOf([], { mayMount: false, shifted: true })).toEqual({ config: {}, devices: {} }))

  it("have no line of a path's own making, whatever the path", () => {
    const lines = rawOf(on("/w/a b\nlxc.cap.keep = all\t\\é#")).split("\n")
    expect(
      lines.every((line) =>
        /^lxc\.(cap\.drop = sys_admin|mount\.entry = [^\s#]+ [^\s#]+ [^\s#]+ [^\s#]+ 0 0)$/.test(line)
      )
    ).toBe(true)
    expect(lines.at(-1)).toContain("w/a\\040b\\012lxc.cap.keep\\040=\\040all\\011\\134\\303\\251\\043 ")
  })

  it("leave the right to mount to a container that runs Docker, and take it from all others", () => {
    expect(mountingOf([on("/w/a")], { mayMount: true, shifted: false }).config["raw.lxc"])
      .toBe("lxc.mount.entry = w/a w/a none bind,ro,relative 0 0")
    expect(rawOf(on("/w/a"))).toContain("lxc.cap.drop = sys_admin")
  })

  it("are devices where mounts are shifted, and nobody may mount there either", () => {
    const { config, devices } = mountingOf([on("/w", false), on("/w/a")], { mayMount: false, shifted: true })
    expect(config["raw.lxc"]).toContain("lxc.cap.drop = sys_admin")
    expect(config["raw.lxc"]).not.toContain("relative")
    expect(devices).toEqual({
      hold0: { type: "disk", source: "/host/w", path: "/w", shift: "true", required: "false" },
      hold1: {
        type: "disk",
        source: "/host/w/a",
        path: "/w/a",
        shift: "true",
        required: "false",
        readonly: "true"
      }
    })
  })

  it("let a container start by hand without what stood in", () => {
    const text = rawOf(on("/w/a"), on("/w", false))
    expect(text).toContain("mount.entry = w/a w/a none bind,ro,relative 0 0")
    expect(text).toContain("mount.entry = w w none bind,relative 0 0")
    expect(forgiving(text)).toContain("w/a none bind,ro,relative,optional 0 0")
    expect(forgiving(forgiving(text))).toBe(forgiving(text))
  })

  it("stand below what else is said in LXC's words", () => {
    const kernel = { "raw.lxc": "lxc.proc.oom_score_adj = 500", "security.nesting": "false" }
    const { config } = mountingOf([on("/w/a")], { mayMount: true, shifted: false })
    expect(together(kernel, config)).toEqual({
      "raw.lxc": `lxc.proc.oom_score_adj = 500\n${config["raw.lxc"]}`,
      "security.nesting": "false"
    })
    expect(together({ a: "1" }, {})).toEqual({ a: "1" })
  })
})
