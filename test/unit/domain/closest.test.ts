import { describe, expect, it } from "@effect/vitest"
import { closest } from "../../../src/domain/closest.ts"

describe("the word that was probably meant", () => {
  const words = ["persistent", "profile", "image", "slot", "list"]
  for (
    const [typed, meant] of [
      ["presistent", "persistent"],
      ["PERSISTENT", "persistent"],
      ["imgae", "image"],
      ["slto", "slot"],
      ["lst", "list"],
      ["profil", "profile"],
      ["x", undefined],
      ["environment", undefined],
      ["", undefined]
    ] as const
  ) {
    it(`'${typed}' → ${meant ?? "nothing is near"}`, () => expect(closest(typed, words)).toBe(meant))
  }
  it("is the nearest of several", () => expect(closest("slat", ["slit", "slate", "slots"])).toBe("slit"))
})
