import { expect, it } from "vitest"
import { lineReader } from "../../../src/host/lineReader.ts"

it("makes lines of pieces, wherever they were cut", () => {
  const reader = lineReader()
  const bytes = Buffer.from("one\ntwo\r\n10 %\r20 %\rcafé\nla")
  const lines = [...bytes].flatMap((byte) => reader.take(Uint8Array.of(byte)))
  expect(lines.filter((line) => line !== "")).toEqual(["one", "two", "10 %", "20 %", "café"])
  expect(reader.rest()).toBe("la")
  expect(reader.rest()).toBe("")
})
