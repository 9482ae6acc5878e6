import { expect, it } from "@effect/vitest"
import * as Option from "effect/Option"
import type { Effective, Settings } from "../../../src/config/Settings.ts"
import { decodeSources, encodeSources, sourcesOf } from "../../../src/session/sources.ts"
import { plainSettings } from "../config/support/settings.ts"

const settings = (image: string): Settings => ({
  ...plainSettings,
  defaults: { image, persistent: false },
  limits: { ...plainSettings.limits, memory: "2GiB" }
})

const origin = (key: string, value: unknown, source: string) => ({ key, path: key.split("."), value, source })
const file = "/home/ada/project/.clincus.toml"
const effective: Effective = {
  settings: settings("clincus"),
  origins: [
    origin("limits.memory", "2GiB", "/home/ada/config.toml"),
    origin("network.allow", ["host:11434"], "/home/ada/config.toml"),
    origin("session.on_exit", "end", "default")
  ],
  withheld: {
    workspace: "/home/ada/project",
    file,
    sha256: "",
    requests: [{ key: "defaults.image", asked: "theirs", own: "clincus", unasked: false }],
    limits: [{ key: "limits.memory", asked: "9GiB", own: "2GiB", reason: "higher" }],
    granted: settings("theirs")
  }
}

it("knows files, options and what is not granted", () => {
  const { network, sources, withheld } = sourcesOf(
    { tool: "codex", limits: { cpu: "2" }, network: "none" },
    effective,
    effective.settings
  )
  expect(sources).toEqual({
    "limits.memory": "/home/ada/config.toml",
    "network.allow": "/home/ada/config.toml",
    "network.mode": "--network",
    "tool.name": "--tool",
    "limits.cpu": "--limit-cpu"
  })
  expect(network).toEqual({ mode: "none", allow: ["host:11434"] })
  expect(withheld).toEqual(["defaults.image = \"theirs\": not granted", "limits.memory = \"9GiB\": higher"])
})

it("takes what was granted for the file's, and what was not lower for left out all the same", () => {
  const { sources, withheld } = sourcesOf({}, effective, effective.withheld?.granted ?? effective.settings)
  expect(sources["defaults.image"]).toBe(file)
  expect(withheld).toEqual(["limits.memory = \"9GiB\": higher"])
})

it("reads what it has written on a container, and nothing else", () => {
  const recorded = sourcesOf({}, effective, effective.settings)
  expect(Option.getOrUndefined(decodeSources(encodeSources(recorded)))).toEqual(recorded)
  expect(Option.isNone(decodeSources(undefined))).toBe(true)
  expect(Option.isNone(decodeSources("{}"))).toBe(true)
  expect(Option.isNone(decodeSources("not JSON"))).toBe(true)
})
