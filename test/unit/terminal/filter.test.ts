import { describe, expect, it } from "@effect/vitest"
import { outputFilter } from "../../../src/terminal/filter.ts"

const filter = (clipboard = false, now = () => 0) => {
  const seen: Array<string> = []
  const made = outputFilter({ clipboard, now, onSequence: (sequence) => seen.push(sequence) })
  const take = (text: string | Uint8Array) => Buffer.from(made.take(Buffer.from(text))).toString("utf8")
  return { ...made, take, seen }
}

/** What tmux 3.3a draws with: it attaches, shows a screen with colours, is detached. */
const drawn = [
  "\x1b[?1049h\x1b[22;0;0t\x1b[?1h\x1b=\x1b[H\x1b[2J\x1b[?12l\x1b[?25h\x1b[?1000l\x1b[?1002l\x1b[?1006h\x1b[?1002h",
  "\x1b[c\x1b[>c\x1b[>q\x1b[>4;1m\x1b[?1004h\x1b[?2004h\x1b(B\x1b[m\x1b[1;24r\x1b[?25l\x1b[2 q",
  "\x1b[38;2;255;0;1mred\x1b[39m \x1b[4:3mwavy\x1b[m\x1b[K\x1b[5X\x1b[3@\x1b[2P\x1b[1L\x1b[1M\x1b[1S\x1bM\r\n\b\t\x07",
  "\x1b(0lqqk\x1b(B héllo wörld 日本 🙂\x1b]2;the title\x07\x1b]8;id=1;https://example.org/a\x1b\\link\x1b]8;;\x1b\\",
  "\x1b]12;#ff0000\x07\x1b]112\x07\x1b[?2026h\x1b[?2026l\x1b[1;24r\x1b[>4m\x1b[23;0;0t\x1b[?1049l"
].join("")

describe("what a session writes to the terminal", () => {
  it("passes as tmux draws it, however it is cut up", () => {
    expect(filter().take(drawn)).toBe(drawn)
    const bytes = Buffer.from(drawn)
    const { take } = filter()
    // Characters are not cut, so bytes are joined before they are read.
    expect([...bytes].map((byte) => take(Buffer.from([byte]))).join("")).toBe(drawn)
  })

  for (
    const [what, text, left = ""] of [
      ["the keyboard protocol of kitty", "\x1b[>1u\x1b[=5u\x1b[<u\x1b[?u"],
      ["inverse screen, automatic line feeds", "\x1b[?5h\x1b[20h\x1b[?3h\x1b[?40h"],
      ["a known mode beside an unknown one", "\x1b[?25;5h"],
      ["a reset", "\x1bc\x1b[!p\x1b#8"],
      ["printing, windows, reports of the title", "\x1b[5i\x1b[4;1;1t\x1b[2t\x1b[21t\x1b[14t"],
      [
        "states, checksums, terminfo",
        "\x1b[?1$p\x1b[4$p\x1b[1;1;1;1;1;1*y\x1bP+q544e\x1b\\\x1bP$qm\x1b\\\x1b[x"
      ],
      ["the answerback and the question that is ours", "\x05\x1b[5n\x1bZ\x1b[=c"],
      ["colours and palettes", "\x1b]4;1;?\x07\x1b]4;1;red\x07\x1b]10;red\x07\x1b]11;red\x07\x1b]104\x07"],
      [
        "notifications, files, directories",
        "\x1b]9;x\x07\x1b]777;notify;a;b\x07\x1b]1337;File=:x\x07\x1b]7;file:///\x07"
      ],
      [
        "passthrough, pictures, programs",
        "\x1bPtmux;\x1b\x1b]0;x\x07\x1b\\\x1b_Ga=T;x\x1b\\\x1b^x\x1b\\\x1bXx\x1b\\",
        "\x1b]0;x\x07"
      ],
      ["links to anything but the web", "\x1b]8;;file:///etc/passwd\x07\x1b]8;;javascript:x\x07"],
      ["8-bit controls", "\u009b31m\u0090x\u009c\u0085", "31mx"],
      ["tab stops, other sets of characters", "\x1bH\x1b[3g\x1b%@\x1b(K\x1bn\x1bo"],
      ["a broken sequence", "\x1b[31\x18m\x1b[3\x1b[4mx", "m\x1b[4mx"],
      ["bytes that are no text", Buffer.from([0x9b, 0x33, 0x31, 0x6d, 0xff]), "\ufffd31m\ufffd"]
    ] as const
  ) {
    it(`holds no more: ${what}`, () => expect(filter().take(text)).toBe(left))
  }

  it("never stands half in the terminal, nor fills the memory", () => {
    const { take } = filter()
    expect(take("a\x1b[3")).toBe("a")
    expect(take("1mb\x1b]2;ti")).toBe("\x1b[31mb")
    expect(take("tle\x1b")).toBe("")
    expect(take("\\c")).toBe("\x1b]2;title\x1b\\c")
    expect(take(`\x1b]2;${"x".repeat(100_000)}`)).toBe("")
    expect(take(`${"x".repeat(100_000)}\x07d`)).toBe("d")
    expect(take(`\x1bP${"x".repeat(100_000)}\x1b`)).toBe("")
    expect(take("\\e")).toBe("e")
    expect(take(`\x1b[${"1;".repeat(1000)}mf`)).toMatch(/mf$/)
  })

  it("sets the clipboard only where that is allowed, reads it never, and is found out", () => {
    const set = "\x1b]52;c;aGVsbG8=\x07"
    const closed = filter()
    expect(closed.refusedClipboard()).toBe(false)
    expect(closed.take(`a${set}b`)).toBe("ab")
    expect(closed.refusedClipboard()).toBe(true)
    const open = filter(true)
    expect(open.take(`a${set}b\x1b]52;c;?\x07c`)).toBe(`a${set}bc`)
    expect(open.refusedClipboard()).toBe(false)
  })

  it("asks the terminal a few things, and no flood of them", () => {
    let time = 0
    const { take } = filter(false, () => time)
    expect(take("\x1b[6n".repeat(1000)).length).toBe(20 * 4)
    time = 1000
    expect(take("\x1b]11;?\x07")).toBe("\x1b]11;?\x07")
  })

  it("is told of, sequence by sequence, as it passes", () => {
    const { seen, take } = filter()
    take("x\x1b[?25l\x1b[?5hy\x0e")
    expect(seen).toEqual(["\x1b[?25l", "\x0e"])
  })
})
