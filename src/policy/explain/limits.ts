import { type Explain, type Fact, fact } from "./Fact.ts"

/** What a session spends, and what bounds it. */
export const explainLimits: Explain = ({ config, devices }, about): ReadonlyArray<Fact> => {
  const limit = (
    what: string,
    key: string,
    without: string,
    more: ReadonlyArray<string> = [],
    shown = (value: string) => value
  ): Fact => {
    const value = config[key]
    return fact({
      kind: "spend",
      what,
      detail: value === undefined ? without : shown(value),
      source: value === undefined ? about.setting(key) : about.profileOfKey(key) ?? about.setting(key),
      keys: [key, ...more].filter((one) => config[one] !== undefined)
    })
  }
  const [root, disk] = Object.entries(devices).find(([, { path, type }]) => type === "disk" && path === "/")
    ?? [undefined, undefined]
  const allowance = config["limits.cpu.allowance"]
  const swap = config["limits.memory.swap"]
  const weight = allowance === undefined
    ? ""
    : /^\d+%$/.test(allowance)
    ? `; ${allowance} of a share when others want them`
    : `, ${allowance}`
  const bounded = [
    "limits.cpu",
    "limits.cpu.allowance",
    "limits.memory",
    "limits.memory.swap",
    "limits.processes"
  ]
  return [
    limit(
      "memory",
      "limits.memory",
      "all of this machine's",
      ["limits.memory.swap"],
      (value) => `${value}${swap === "false" ? ", without swap" : ""}`
    ),
    limit(
      "processors",
      "limits.cpu",
      `all${weight}`,
      ["limits.cpu.allowance"],
      (value) => `${value}${weight}`
    ),
    limit("processes", "limits.processes", "as many as the kernel has"),
    ...(root === undefined ? [] : [fact({
      kind: "spend",
      what: "disk, at /",
      detail: `${disk["size"] ?? "what is free"} in pool ${disk["pool"] ?? ""}`,
      source: about.profileOfDevice(root) ??
        about.setting(disk["size"] === undefined ? "incus.pool" : "limits.disk"),
      devices: [root]
    })]),
    fact({
      kind: "spend",
      what: "disk, in mounts",
      detail: "what is free on the disks of the host",
      source: "default"
    }),
    fact({
      kind: "spend",
      what: "time",
      detail: about.end === undefined ? "until the tool ends" : `until ${about.end}`,
      source: about.setting("limits.time")
    }),
    ...Object.keys(config).filter((key) => key.startsWith("limits.") && !bounded.includes(key)).map((key) =>
      fact({
        kind: "spend",
        what: key.slice("limits.".length),
        detail: config[key] ?? "",
        source: about.profileOfKey(key) ?? about.setting(key),
        keys: [key]
      })
    )
  ]
}
