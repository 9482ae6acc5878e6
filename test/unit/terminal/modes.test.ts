import { describe, expect, it } from "@effect/vitest"
import { modeTracker } from "../../../src/terminal/modes.ts"

const follow = (...output: ReadonlyArray<string>) => {
  const modes = modeTracker()
  for (const chunk of output) modes.see(Buffer.from(chunk))
  return modes
}

describe("modes that were left on", () => {
  it("are undone, the alternate screen last, and can be had again, it first", () => {
    const modes = follow("\x1b[?1049h\x1b[?1;1000;1006h\x1b=\x1b[?25l", "\x1b[?1006l text \x1b[?20", "04h")
    const undone = "\x1b>\x1b[?1l\x1b[?1000l\x1b[?2004l\x1b[?1049l\x1b[?25h\x1b[0m"
    expect(modes.undo()).toBe(undone)
    expect(modes.redo()).toBe("\x1b[?1049h\x1b[?1h\x1b[?1000h\x1b[?2004h\x1b=\x1b[?25l")
    expect(modes.undo()).toBe(undone)
  })

  it("are none where all were switched off again", () => {
    const modes = follow("\x1b[?1049h\x1b[?25l\x1b=", "\x1b>\x1b[?25h\x1b[?1049l")
    expect([modes.undo(), modes.redo()]).toEqual(["", ""])
  })
})
