import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { overall } from "../../../src/health/Finding.ts"
import { judgeImage } from "../../../src/health/image.ts"
import { cgroupsOf, judgeVersion } from "../../../src/health/machine.ts"
import { judgeBridge } from "../../../src/health/network.ts"
import { findingsOf } from "../../../src/health/steps.ts"
import { judgeSpace } from "../../../src/health/storage.ts"
import { done, manual, needed, type Status, type StepName } from "../../../src/setup/Step.ts"

const gibibyte = 1024 ** 3
const action = { shown: "incus do-it", run: Effect.void }
const step = (name: StepName, status: Status) => ({ name, title: name, status, changed: false })

it("is as bad as the worst, and what is not known is not well", () => {
  expect(overall(["well", "well"])).toBe("well")
  expect(overall(["well", "unknown"])).toBe("degraded")
  expect(overall(["degraded", "well"])).toBe("degraded")
  expect(overall(["unknown", "unusable", "well"])).toBe("unusable")
})

it("says of a step what set-up sees, with what mends it", () => {
  const findings = findingsOf([
    step("limits", needed("128 is little", [action])),
    step("daemon", done("answers")),
    step("access", done("may")),
    step("storage", done("default (dir)", "a directory is slow")),
    step("network", manual("no network", ["make one"])),
    step("image", needed("no image", [action]))
  ])
  expect(findings.map(({ by_setup, fix, name, state }) => [name, state, by_setup, fix])).toEqual([
    ["limits", "degraded", true, ["incus do-it"]],
    ["daemon", "well", false, []],
    ["access", "well", false, []],
    ["storage", "degraded", false, []],
    ["network", "unusable", false, ["make one"]],
    ["image", "unusable", true, ["incus do-it"]]
  ])
  expect(findings[3]?.detail).toBe("a directory is slow")
})

it("does not say how Incus stands inside if it cannot be asked", () => {
  for (
    const closed of [
      [step("daemon", needed("down", [action])), step("access", done("root"))],
      [step("daemon", done("runs")), step("access", { _tag: "Login", user: "ada", group: "incus-admin" })]
    ]
  ) {
    const findings = findingsOf([...closed, step("storage", needed("made if none", [action]))])
    expect(findings.map(({ state }) => state).toSorted()).toEqual(["unknown", "unusable", "well"])
    expect(findings.find(({ name }) => name === "storage")).toMatchObject({ state: "unknown", fix: [] })
  }
})

it("looks at the room in a pool, and at the disk that its file grows on", () => {
  const judge = (free: number, disk?: number) =>
    judgeSpace("default", { total: 100 * gibibyte, used: (100 - free) * gibibyte, disk }).state
  expect(judge(50)).toBe("well")
  expect(judge(4)).toBe("degraded")
  expect(judge(0.1)).toBe("unusable")
  expect(judge(50, 40 * gibibyte)).toBe("well")
  expect(judge(50, 4 * gibibyte)).toBe("degraded")
  expect(judge(50, 0)).toBe("unusable")
  expect(judgeSpace("old", { total: 0, used: 0, disk: undefined }).state).toBe("unknown")
})

it("wants a bridge that is up, with an address and NAT", () => {
  const bridge = (config: Record<string, string>, managed = true) => ({
    name: "incusbr0",
    type: "bridge",
    managed,
    status: "Created",
    config
  })
  const nat = { "ipv4.address": "10.1.2.1/24", "ipv4.nat": "true" }
  expect(judgeBridge(bridge(nat), ["lo", "incusbr0"]).state).toBe("well")
  expect(judgeBridge(bridge(nat), ["lo"]).state).toBe("unusable")
  expect(judgeBridge(bridge({ ...nat, "ipv4.nat": "false" }), ["incusbr0"]).state).toBe("degraded")
  expect(judgeBridge(bridge({ "ipv4.address": "none" }), ["incusbr0"]).state).toBe("degraded")
  expect(judgeBridge(bridge({}, false), ["incusbr0"]).state).toBe("well")
  const behind = { "ipv4.address": "10.1.2.1/24", "ipv4.nat": "false", "security.acls": "clincus-gateway" }
  expect(judgeBridge(bridge(behind), ["incusbr0"]).state).toBe("well")
})

it("compares versions by number", () => {
  expect(judgeVersion("6.0.4").state).toBe("well")
  expect(judgeVersion("6.14").state).toBe("well")
  expect(judgeVersion("10.0").state).toBe("well")
  expect(judgeVersion("5.21").state).toBe("degraded")
  expect(judgeVersion("edge").state).toBe("unknown")
})

it("finds the controllers of both versions of control groups", () => {
  const table = (pids: number) =>
    "#subsys_name\thierarchy\tnum_cgroups\tenabled\n"
    + `cpu\t1\t32\t1\nmemory\t4\t651\t1\npids\t${pids}\t182\t1\nnet_cls\t0\t196\t1\n`
  expect(cgroupsOf("cpuset cpu io memory hugetlb pids\n", table(0)).version).toBe(2)
  expect(cgroupsOf("", table(8))).toEqual({ version: 1, controllers: ["cpu", "memory", "pids"] })
  // A kernel that has them all in the second version shows them in the table with a hierarchy of 0.
  expect(cgroupsOf("cpu memory pids", "cpu\t0\t1\t1\nmemory\t0\t1\t1\n").controllers).toContain("pids")
  expect(cgroupsOf("cpu pids", "memory\t0\t1\t0\n").controllers).toEqual(["cpu", "pids"])
})

it("tells the age of an image, and what is in it", () => {
  const now = Date.UTC(2026, 5, 30)
  const image = (days: number, ours = true) => ({
    aliases: ["clincus"],
    fingerprint: "0",
    size: 1,
    createdAt: new Date(now - days * 86_400_000),
    ours,
    description: "",
    base: undefined,
    versions: ours ? { claude: "2.1.3" } : {}
  })
  expect(judgeImage(image(0), "clincus", now)).toEqual({
    state: "well",
    detail: "clincus, of today: claude 2.1.3"
  })
  expect(judgeImage(image(46), "clincus", now)).toMatchObject({
    state: "degraded",
    fix: ["clincus build --force"]
  })
  expect(judgeImage(image(46), "mine", now).fix).toEqual(["clincus build --alias mine --force"])
  expect(judgeImage(image(400, false), "mine", now).state).toBe("well")
})
