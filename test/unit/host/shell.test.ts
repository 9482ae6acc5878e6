import { expect, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { quote, shellLine } from "../../../src/host/shell.ts"

const words = [
  "plain",
  "",
  "two words",
  "it's",
  "$(id)",
  "`id`",
  "a;b",
  "~",
  "~/x",
  "*",
  "new\nline",
  "--x=y",
  "ünï"
]

it("a shell reads back what was written for it, word for word", () => {
  for (const written of [shellLine(words), words.map(quote).join(" ")]) {
    const { stdout } = spawnSync("sh", ["-c", `printf '%s\\0' ${written}`], { encoding: "utf8" })
    expect(stdout.split("\0").slice(0, -1)).toEqual(words)
  }
  expect(shellLine(["clincus", "shell", "/srv/a-b_c.d"])).toBe("clincus shell /srv/a-b_c.d")
})
