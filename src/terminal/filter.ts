import { judgeCsi, judgeEscape, judgeOsc, type Verdict } from "./sequences.ts"

/** The longest sequences that are waited for to be whole (characters). A clipboard may be large. */
const longest = { csi: 256, string: 4096, clipboard: 1024 * 1024 }

/** How many queries the terminal is asked at most in a second: each answer comes as typing. */
const queriesPerSecond = 20

/** Controls that move or ring. All others are left out, 8-bit ones too. */
const harmless = new Set(["\x07", "\x08", "\t", "\n", "\r", "\x0e", "\x0f"])

/** The end of a string of control, or what breaks it off. */
const stringEnd = /[\x07\x18\x1a\x1b]/g
const control = /[\x00-\x1f\x7f-\x9f]/g

export interface FilterOptions {
  /** Lets a session set the user's clipboard. */
  readonly clipboard: boolean
  /** Is told of each sequence that passes. */
  readonly onSequence: (sequence: string) => void
  /** Milliseconds, from any beginning. */
  readonly now: () => number
}

/** What a sequence at the beginning of a text is: how long it is, and its kind and body, if it is whole. */
type Found =
  | { readonly _tag: "Partial" }
  | { readonly _tag: "Broken"; readonly length: number }
  | { readonly _tag: "Endless" }
  | { readonly _tag: "Whole"; readonly length: number; readonly verdict: Verdict }

const isIn = (character: string | undefined, first: string, last: string): boolean =>
  character !== undefined && character >= first && character <= last

/** A sequence that begins with `ESC` at `at`. */
const sequenceAt = (text: string, at: number): Found => {
  const kind = text[at + 1]
  if (kind === undefined) return { _tag: "Partial" }
  if (kind === "[") {
    let end = at + 2
    while (isIn(text[end], " ", "?")) end++
    if (end - at > longest.csi) return { _tag: "Broken", length: end - at }
    if (end === text.length) return { _tag: "Partial" }
    return isIn(text[end], "@", "~")
      ? { _tag: "Whole", length: end + 1 - at, verdict: judgeCsi(text.slice(at + 2, end + 1)) }
      : { _tag: "Broken", length: end - at }
  }
  if (/[\]PX^_]/.test(kind)) {
    stringEnd.lastIndex = at + 2
    const end = stringEnd.exec(text)?.index ?? -1
    const limit = text.startsWith("]52;", at + 1) ? longest.clipboard : longest.string
    if ((end < 0 ? text.length : end) - at > limit) return { _tag: "Endless" }
    if (end < 0) return { _tag: "Partial" }
    const isOver = text[end] === "\x07"
    if (!isOver && text[end] === "\x1b" && text[end + 1] === undefined) return { _tag: "Partial" }
    if (!isOver && !text.startsWith("\x1b\\", end)) return { _tag: "Broken", length: end - at }
    return {
      _tag: "Whole",
      length: end + (isOver ? 1 : 2) - at,
      verdict: kind === "]" ? judgeOsc(text.slice(at + 2, end)) : "drop"
    }
  }
  let end = at + 1
  while (isIn(text[end], " ", "/")) end++
  if (end - at > longest.csi) return { _tag: "Broken", length: end - at }
  if (end === text.length) return { _tag: "Partial" }
  return isIn(text[end], "0", "~")
    ? { _tag: "Whole", length: end + 1 - at, verdict: judgeEscape(text.slice(at + 1, end + 1)) }
    : { _tag: "Broken", length: end - at }
}

/**
 * Follows what a session writes to the user's terminal and lets through text and the sequences of sequences.ts, each only
 * when it is whole, so that a connection that is cut leaves none half-way. What a session writes is UTF-8; what is not is
 * shown as such.
 */
export const outputFilter = ({ clipboard, now, onSequence }: FilterOptions) => {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true })
  let pending = ""
  let isSkipping = false
  let refused = false
  let second = { began: -Infinity, queries: 0 }

  const mayAsk = (): boolean => {
    const time = now()
    if (time - second.began >= 1000) second = { began: time, queries: 0 }
    second.queries += 1
    return second.queries <= queriesPerSecond
  }

  const passes = (verdict: Verdict): boolean => {
    switch (verdict) {
      case "pass":
        return true
      case "query":
        return mayAsk()
      case "clipboard":
        refused ||= !clipboard
        return clipboard
      case "drop":
        return false
    }
  }

  const take = (chunk: Uint8Array): Uint8Array => {
    const text = pending + decoder.decode(chunk, { stream: true })
    pending = ""
    let out = ""
    let at = 0
    while (at < text.length) {
      if (isSkipping) {
        stringEnd.lastIndex = at
        const end = stringEnd.exec(text)?.index ?? -1
        isSkipping = end < 0
        // The `ESC` of its end is a sequence of its own, which is dropped.
        at = end < 0 ? text.length : text[end] === "\x1b" ? end : end + 1
        continue
      }
      control.lastIndex = at
      const next = control.exec(text)?.index ?? text.length
      out += text.slice(at, next)
      at = next
      const character = text[at]
      if (character === undefined) break
      if (character !== "\x1b") {
        if (harmless.has(character)) out += character
        if (character === "\x0e" || character === "\x0f") onSequence(character)
        at += 1
        continue
      }
      const found = sequenceAt(text, at)
      if (found._tag === "Partial") {
        pending = text.slice(at)
        break
      }
      if (found._tag === "Endless") {
        isSkipping = true
        at += 2
        continue
      }
      if (found._tag === "Whole" && passes(found.verdict)) {
        const sequence = text.slice(at, at + found.length)
        // Only strings hold controls, and no terminal agrees with another on what they mean there.
        const clean = sequence.startsWith("\x1b]")
          ? sequence.replace(/(?!^)[\x00-\x06\x08-\x1a\x1c-\x1f\x7f-\x9f]/g, "")
          : sequence
        onSequence(clean)
        out += clean
      }
      at += Math.max(1, found.length)
    }
    return Buffer.from(out)
  }

  return {
    take,
    /** True if a session wanted to set the clipboard and was not let. */
    refusedClipboard: (): boolean => refused
  }
}
