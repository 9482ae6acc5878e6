import { describe, expect, it } from "@effect/vitest"
import { modeTracker } from "../../../src/terminal/modes.ts"

const follow = (...sequences: ReadonlyArray<string>) => {
  const modes = modeTracker()
  sequences.forEach(modes.see)
  return modes
}

describe("modes that were left on", () => {
  it("are undone, the alternate screen last, and can be had again, it first", () => {
    const modes = follow(
      "\x1b[?1049h",
      "\x1b[?1;1000;1006h",
      "\x1b=",
      "\x1b[?25l",
      "\x1b[?7l",
      "\x1b[?1006l",
      "\x1b[?2004h",
      "\x1b[>4;2m"
    )
    const undone = "\x1b>\x1b[>4m\x1b[?1l\x1b[?1000l\x1b[?25h\x1b[?7h\x1b[?2004l\x1b[?1049l\x1b[0m"
    expect(modes.undo()).toBe(undone)
    expect(modes.redo()).toBe(
      "\x1b[?1049h\x1b[?1h\x1b[?1000h\x1b[?25l\x1b[?7l\x1b[?2004h\x1b=\x1b[>4;2m"
    )
    expect(modes.undo()).toBe(undone)
  })

  for (
    const [what, on, off, undone] of [
      ["keypad", "\x1b=", "\x1b>", "\x1b>"],
      ["insertion", "\x1b[4h", "\x1b[4l", "\x1b[4l"],
      ["keys with modifiers", "\x1b[>4;1m", "\x1b[>4m", "\x1b[>4m"],
      ["the cursor's shape", "\x1b[5 q", "\x1b[0 q", "\x1b[0 q"],
      ["the cursor's colour", "\x1b]12;red\x07", "\x1b]112\x07", "\x1b]112\x07"],
      ["the cursor of a console", "\x1b[?1c", "\x1b[?0c", "\x1b[?0c"],
      ["line drawing", "\x1b(0", "\x1b(B", "\x1b(B"],
      ["the other set of characters", "\x0e", "\x0f", "\x0f"],
      ["a link", "\x1b]8;;https://x\x1b\\", "\x1b]8;;\x1b\\", "\x1b]8;;\x1b\\"],
      ["a scrolled region", "\x1b[2;5r", "\x1b[r", "\x1b7\x1b[r\x1b8"],
      ["wrapping", "\x1b[?7l", "\x1b[?7h", "\x1b[?7h"],
      ["margins", "\x1b[?69h", "\x1b[?69l", "\x1b[?69l"]
    ] as const
  ) {
    it(`${what}: undone if left on, and not if switched off`, () => {
      expect(follow(on).undo()).toBe(`${undone}\x1b[0m`)
      expect(follow(on, off).undo()).toBe("")
    })
  }
})
