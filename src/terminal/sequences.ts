/**
 * Which control sequences of a session reach the user's terminal: those that tmux and full-screen programs draw with. What
 * answers with text of the session's choice, prints, resizes, resets, or changes what outlives the session does not. See
 * ctlseqs of xterm, and docs/decisions/terminal.md.
 */

/** What becomes of a sequence. A query is one that the terminal answers, as if somebody typed. */
export type Verdict = "pass" | "query" | "drop" | "clipboard"

/** Private modes (`CSI ? n h`) that may be switched; `undo` of modes.ts knows them all. */
const privateModes = new Set([
  "1", // application cursor keys
  "7", // wrapping
  "12", // blinking cursor
  "25", // cursor
  "47", // alternate screen, three generations
  "1047",
  "1048",
  "1049",
  "69", // left and right margins
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

/** Drawing, scrolling and erasing; none of them lasts. */
const drawing = /^[@A-MPSTXZ`abdef]$/

const areKnown = (parameters: string): boolean =>
  parameters !== "" && parameters.split(";").every((mode) => privateModes.has(mode))

/** `CSI`: the text between it and its last character, and that. */
export const judgeCsi = (body: string): Verdict => {
  const [, prefix, parameters = "", between, final = ""] = /^([<=>?]?)([\d;:]*)([ -/]*)([@-~])$/.exec(body) ??
    []
  switch (`${prefix}${between}`) {
    case "":
      if (drawing.test(final) || /^[mrsu]$/.test(final)) return "pass"
      if (final === "h" || final === "l") return parameters === "4" || parameters === "34" ? "pass" : "drop"
      if (final === "c") return /^0?$/.test(parameters) ? "query" : "drop"
      if (final === "n") return parameters === "6" ? "query" : "drop"
      // The title on a stack.
      return final === "t" && /^2[23](;[012])?(;0)?$/.test(parameters) ? "pass" : "drop"
    case " ":
      return final === "q" && /^[0-6]?$/.test(parameters) ? "pass" : "drop"
    case "?":
      // The cursor of Linux's own console.
      if (final === "c") return /^\d{1,2}$/.test(parameters) ? "pass" : "drop"
      if (final === "h" || final === "l") return areKnown(parameters) ? "pass" : "drop"
      return final === "n" && parameters === "996" ? "query" : "drop"
    case ">":
      if (final === "c" || final === "q") return /^0?$/.test(parameters) ? "query" : "drop"
      // Keys with modifiers, as xterm tells of them.
      return (final === "m" && /^4(;[012]?)?$/.test(parameters)) || (final === "n" && parameters === "4")
        ? "pass"
        : "drop"
    default:
      return "drop"
  }
}

/** Two- and three-character sequences: the text after `ESC`. */
export const judgeEscape = (body: string): Verdict => /^([78=>DEM]|[()][0AB])$/.test(body) ? "pass" : "drop"

/** `OSC`: the text between it and its end. */
export const judgeOsc = (body: string): Verdict => {
  const [, number = "", text = ""] = /^(\d{1,4})(?:;([^]*))?$/.exec(body) ?? []
  switch (number) {
    case "0":
    case "2":
      return text.length <= 512 ? "pass" : "drop"
    case "8":
      return /^[^;]{0,256};(?:(?:https?|mailto):.{1,2048})?$/.test(text) ? "pass" : "drop"
    case "10":
    case "11":
      return text === "?" ? "query" : "drop"
    case "12":
      return text === "?" ? "query" : /^[\w#:/]{1,64}$/.test(text) ? "pass" : "drop"
    case "112":
      return text === "" ? "pass" : "drop"
    case "52":
      return /^[cpqs0-7]*;[\w+/=]*$/.test(text) ? "clipboard" : "drop"
    default:
      return "drop"
  }
}
