/** Modes that a full-screen program switches on (`CSI ? n h`) and that would spoil the shell's screen if they stayed. */
const transient = new Set([
  "1", // application cursor keys
  "47", // alternate screen, three generations
  "1047",
  "1049",
  "9", // mouse reports
  "1000",
  "1001",
  "1002",
  "1003",
  "1005",
  "1006",
  "1015",
  "1004", // focus reports
  "2004", // bracketed paste
  "2026", // synchronised output
  "2031" // colour scheme reports
])

/** The cursor is on unless it is switched off. */
const cursor = "25"

/** Follows private modes in a stream of output, so that what was left on can be undone. See ctlseqs of xterm. */
export const modeTracker = () => {
  const on = new Set<string>()
  let hidden = false
  let keypad = false
  let rest = ""
  const alternate = () => ["1049", "1047", "47"].filter((mode) => on.has(mode))
  const others = () => [...on].filter((mode) => !alternate().includes(mode))
  return {
    see: (chunk: Uint8Array): void => {
      const text = rest + Buffer.from(chunk).toString("latin1")
      for (const [whole, list, action] of text.matchAll(/\x1b(?:\[\?([0-9;]+)([hl])|[=>])/g)) {
        if (whole === "\x1b=" || whole === "\x1b>") {
          keypad = whole === "\x1b="
          continue
        }
        for (const mode of (list ?? "").split(";")) {
          if (mode === cursor) hidden = action === "l"
          else if (action === "l") on.delete(mode)
          else if (transient.has(mode)) on.add(mode)
        }
      }
      // A sequence may be cut between two chunks.
      rest = /\x1b(?:\[(?:\?[0-9;]{0,24})?)?$/.exec(text)?.[0] ?? ""
    },
    /** What to write to have the terminal as it was; empty if nothing was left on. */
    undo: (): string => {
      const left = [...others(), ...alternate()].map((mode) => `\x1b[?${mode}l`).join("")
      return `${keypad ? "\x1b>" : ""}${left}${hidden ? "\x1b[?25h" : ""}${left === "" ? "" : "\x1b[0m"}`
    },
    /** What to write to have the modes again that `undo` took away; what is on the screen has to be drawn anew. */
    redo: (): string =>
      `${[...alternate(), ...others()].map((mode) => `\x1b[?${mode}h`).join("")}${keypad ? "\x1b=" : ""}${
        hidden ? "\x1b[?25l" : ""
      }`
  }
}
