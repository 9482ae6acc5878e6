import { describe, expect, it } from "@effect/vitest"
import { compareLimit } from "../../../src/config/limits.ts"

describe("a limit against the user's", () => {
  for (
    const [key, asked, own, expected] of [
      ["memory", "1GiB", "4GiB", "lower"],
      ["memory", "4GB", "4GiB", "lower"],
      ["memory", "1024MiB", "1GiB", "same"],
      ["memory", "1073741825", "1GiB", "higher"],
      ["memory", "8GiB", "4096MiB", "higher"],
      ["memory", "20%", "50%", "lower"],
      ["memory", "80%", "50%", "higher"],
      ["memory", "50%", "4GiB", "incomparable"],
      ["memory", "4GiB", "50%", "incomparable"],
      ["memory", "4GiB", "plenty", "incomparable"],
      ["memory", "4GiB", undefined, "lower"],
      ["memory", "100%", undefined, "lower"],
      // Incus takes none and nothing for "no limit".
      ["memory", "0", "4GiB", "unknown"],
      ["memory", "0%", "50%", "unknown"],
      ["memory", "", undefined, "unknown"],
      ["memory", "plenty", undefined, "unknown"],
      ["memory", "-1GiB", "4GiB", "unknown"],
      ["memory", "1e1GiB", "4GiB", "unknown"],
      ["memory", "4gib", "8GiB", "unknown"],
      ["memory", "1constructor", "8GiB", "unknown"],
      ["cpu", 1, "2", "lower"],
      ["cpu", "2", 2, "same"],
      ["cpu", 3, 2, "higher"],
      ["cpu", "0-3,5", 6, "lower"],
      ["cpu", "0-3,5", 5, "same"],
      ["cpu", "0-3,5", 4, "higher"],
      ["cpu", "0-3,2-5,5", 5, "higher"],
      ["cpu", 4, "0-3,0-3,1", "same"],
      ["cpu", "0-999999", 2, "higher"],
      ["cpu", "7", undefined, "lower"],
      ["cpu", 0, 2, "unknown"],
      ["cpu", -1, 2, "unknown"],
      ["cpu", 1.5, 2, "unknown"],
      ["cpu", Number.NaN, 2, "unknown"],
      ["cpu", "3-0", 8, "unknown"],
      ["cpu", "0-", 8, "unknown"],
      ["cpu", "", 8, "unknown"],
      ["cpu", 1, "all", "incomparable"],
      ["processes", 100, 200, "lower"],
      ["processes", 200, 200, "same"],
      ["processes", 300, 200, "higher"],
      ["processes", 300, undefined, "lower"]
    ] as const
  ) {
    it(`${key} = ${JSON.stringify(asked)} against ${JSON.stringify(own)}: ${expected}`, () => {
      expect(compareLimit(`limits.${key}`, asked, own)).toBe(expected)
    })
  }
  it("nothing that is no limit is one", () => {
    expect(compareLimit("session.anything", 1, undefined)).toBe("unknown")
  })
})
