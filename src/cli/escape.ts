/**
 * Makes text that came from a container, a path or another program safe to print: control characters, with which
 * text could repaint the screen or pose as our own, are shown as escapes. Line ends and tabs stay if `lines` is set.
 */
export const escape = (text: string, { lines = false }: { readonly lines?: boolean } = {}): string =>
  text.replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, (character) => {
    if (lines && (character === "\n" || character === "\t")) return character
    switch (character) {
      case "\n":
        return "\\n"
      case "\t":
        return "\\t"
      case "\r":
        return "\\r"
      default: {
        const code = character.charCodeAt(0)
        return code < 256
          ? `\\x${code.toString(16).padStart(2, "0")}`
          : `\\u${code.toString(16).padStart(4, "0")}`
      }
    }
  })

/** The same with lines, and with what sets colours, underlines and lines as they are (`CSI … m`, SO and SI). */
export const withColours = (text: string): string =>
  text.split(/(\u001b\[[\d;:]{0,100}m|[\u000e\u000f])/).map((part, index) =>
    index % 2 === 1 ? part : escape(part, { lines: true })
  ).join("")
