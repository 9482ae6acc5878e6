import stringWidth from "string-width"

/** Breaks text into lines of at most `width` cells, at spaces; a longer word stands alone on its line. */
export const wrap = (text: string, width: number): ReadonlyArray<string> => {
  const lines: Array<string> = []
  for (const word of text.split(/\s+/).filter((word) => word !== "")) {
    const last = lines.at(-1)
    if (last !== undefined && stringWidth(last) + 1 + stringWidth(word) <= width) {
      lines[lines.length - 1] = `${last} ${word}`
    } else lines.push(word)
  }
  return lines
}

/** Fills text up with spaces to `width` cells. */
export const pad = (text: string, width: number, align: "left" | "right" = "left"): string => {
  const space = " ".repeat(Math.max(0, width - stringWidth(text)))
  return align === "left" ? text + space : space + text
}

/** Cuts text at its end, so that it takes `width` cells at most. */
export const cut = (text: string, width: number): string => {
  if (stringWidth(text) <= width) return text
  let kept = ""
  for (const character of text) {
    if (stringWidth(kept + character) > width - 1) break
    kept += character
  }
  return `${kept}…`
}

/**
 * Shortens a path to `width` cells. Its end says most, so directories give way from the second one on:
 * `/home/ada/work/clients/acme/site` becomes `/home/…/acme/site`.
 */
export const cutPath = (path: string, width: number): string => {
  if (stringWidth(path) <= width) return path
  const parts = path.split("/")
  const start = path.startsWith("/") ? `/${parts[1] ?? ""}` : parts[0] ?? ""
  const rest = parts.slice(path.startsWith("/") ? 2 : 1)
  for (const beginning of [`${start}/…`, "…"]) {
    for (let first = 1; first < rest.length; first++) {
      const shorter = [beginning, ...rest.slice(first)].join("/")
      if (stringWidth(shorter) <= width) return shorter
    }
  }
  return cut(rest.at(-1) ?? path, width)
}
