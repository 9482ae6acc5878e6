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
      ["processes", 300, undefined, "lower"],
      ["processes", "300", 200, "higher"],
      ["disk", "10GiB", "20GiB", "lower"],
      ["disk", "50%", undefined, "unknown"],
      ["time", "90m", "1h30m", "same"],
      ["time", "1d", "23h59m60s", "same"],
      ["time", "2h", "3h", "lower"],
      ["time", "", "3h", "unknown"],
      ["time", "0h", "3h", "unknown"],
      ["time", "8", "3h", "unknown"],
      ["time", "none", "3h", "higher"],
      ["time", "none", undefined, "same"],
      ["time", "unlimited", "none", "same"],
      ["time", "1h", "none", "lower"],
      ["memory", "none", "50%", "higher"]
    ] as const
  ) {
    it(`${key} = ${JSON.stringify(asked)} against ${JSON.stringify(own)}: ${expected}`, () => {
      expect(compareLimit(`limits.${key}`, asked, own)).toBe(expected)
    })
  }
  it("a share of the memory and an amount of it are compared where the machine's is known", () => {
    const machine = 8 * 2 ** 30
    expect(compareLimit("limits.memory", "2GiB", "50%", machine)).toBe("lower")
    expect(compareLimit("limits.memory", "50%", "4GiB", machine)).toBe("same")
    expect(compareLimit("limits.memory", "5GiB", "50%", machine)).toBe("higher")
  })
  it("nothing that is no limit is one", () => {
    expect(compareLimit("session.anything", 1, undefined)).toBe("unknown")
  })
})
