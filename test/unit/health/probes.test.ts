import { expect, it } from "@effect/vitest"
import { probes } from "../../../src/health/probes/probes.ts"
import { reportOf } from "../../../src/health/probes/report.ts"

const origin = (key: string, value: unknown, source: string) => ({ key, path: key.split("."), value, source })
const named = (wanted: string) => {
  const found = probes.find(({ name }) => name === wanted)
  if (found === undefined) throw new Error(`there is no probe ${wanted}`)
  return found
}

it("tells a promise that is broken from one that the user has given up", () => {
  const services = named("host-services")
  const open = origin("network.mode", "open", "/etc/clincus/config.toml")
  const restricted = origin("network.mode", "restricted", "default")
  expect(reportOf(services, "root", { state: "broken" }, [restricted])).toMatchObject({ state: "broken" })
  expect(reportOf(services, "root", { state: "broken" }, [open])).toMatchObject({
    state: "open",
    detail: "network.mode = \"open\" (/etc/clincus/config.toml)"
  })
  // What holds although it was given up is not said to be open.
  expect(reportOf(services, "root", { state: "kept" }, [open])).toMatchObject({ state: "kept", detail: "" })
})

it("takes a default for nobody's word", () => {
  const hooks = named("hooks")
  const by = (source: string) =>
    reportOf(hooks, "user", { state: "broken" }, [origin("security.writable", [], source)]).state
  expect(by("default")).toBe("broken")
  expect(by("/home/ada/.config/clincus/config.toml")).toBe("open")
})

it("never says of what is not known that it is kept", () => {
  for (const probe of probes) {
    const report = reportOf(probe, "user", { state: "unknown", reason: "its control failed" }, [])
    expect(report).toMatchObject({ state: "unknown", detail: "its control failed", promise: probe.promise })
  }
})

it("has a control and somebody to be tried as for each probe, and no name twice", () => {
  expect(new Set(probes.map(({ name }) => name)).size).toBe(probes.length)
  for (const { as, attempt, control, promise } of probes) {
    expect(as.length).toBeGreaterThan(0)
    expect(control.lines.trim()).not.toBe("")
    expect(control.lines).not.toBe(attempt.lines)
    expect(control.proof.kind).toBe(attempt.proof.kind)
    expect(promise).toMatch(/^[a-z].*[^.]$/)
  }
})
