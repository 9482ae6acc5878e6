/** Modes of the alternate screen, in three generations. */
const screens = ["1049", "1047", "47"]

/** Private modes that are on unless they are switched off: wrapping and the cursor. */
const usual = new Set(["7", "25"])

/** What lasts beside private modes: how it is recognised, and how it is undone. In `off` it is as it was. */
const lasting: ReadonlyArray<{ readonly on: RegExp; readonly off: RegExp; readonly undo: string }> = [
  { on: /^\x1b=$/, off: /^\x1b>$/, undo: "\x1b>" },
  { on: /^\x1b\[4h$/, off: /^\x1b\[4l$/, undo: "\x1b[4l" },
  { on: /^\x1b\[34h$/, off: /^\x1b\[34l$/, undo: "\x1b[34l" },
  { on: /^\x1b\[\?[1-9]\d?c$/, off: /^\x1b\[\?0c$/, undo: "\x1b[?0c" },
  { on: /^\x1b\[>4;[12]m$/, off: /^\x1b\[>4(;0?)?[mn]$/, undo: "\x1b[>4m" },
  { on: /^\x1b\[[1-6] q$/, off: /^\x1b\[0? q$/, undo: "\x1b[0 q" },
  { on: /^\x1b\]12;(?!\?)/, off: /^\x1b\]112/, undo: "\x1b]112\x07" },
  { on: /^\x1b\(.$/, off: /^\x1b\(B$/, undo: "\x1b(B" },
  { on: /^\x1b\).$/, off: /^\x1b\)B$/, undo: "\x1b)B" },
  { on: /^\x0e$/, off: /^\x0f$/, undo: "\x0f" },
  { on: /^\x1b\]8;[^;]*;./, off: /^\x1b\]8;[^;]*;(\x07|\x1b\\)$/, undo: "\x1b]8;;\x1b\\" },
  { on: /^\x1b\[[\d;]+r$/, off: /^\x1b\[r$/, undo: "\x1b7\x1b[r\x1b8" }
]

/**
 * Follows the modes that a session's output sets, so that what was left on can be undone. Sees each sequence that reaches
 * the terminal, whole; see ctlseqs of xterm.
 */
export const modeTracker = () => {
  const changed = new Set<string>()
  const left = new Map<(typeof lasting)[number], string>()
  const alternate = () => screens.filter((mode) => changed.has(mode))
  const others = () => [...changed].filter((mode) => !screens.includes(mode))
  const set = (mode: string, isOn: boolean) => `\x1b[?${mode}${isOn ? "h" : "l"}`
  return {
    see: (sequence: string): void => {
      const [, list, action] = /^\x1b\[\?([\d;]+)([hl])$/.exec(sequence) ?? []
      for (const mode of list?.split(";") ?? []) {
        // That saves and restores the cursor, no more.
        if (mode === "1048") continue
        if ((action === "h") === usual.has(mode)) changed.delete(mode)
        else changed.add(mode)
      }
      for (const one of lasting) {
        if (one.off.test(sequence)) left.delete(one)
        else if (one.on.test(sequence)) left.set(one, sequence)
      }
    },
    /** What to write to have the terminal as it was; empty if nothing was left on. */
    undo: (): string => {
      const modes = [...others(), ...alternate()].map((mode) => set(mode, usual.has(mode))).join("")
      const rest = [...left.keys()].map(({ undo }) => undo).join("")
      return modes + rest === "" ? "" : `${rest}${modes}\x1b[0m`
    },
    /** What to write to have the modes again that `undo` took away; what is on the screen has to be drawn anew. */
    redo: (): string =>
      [...alternate(), ...others()].map((mode) => set(mode, !usual.has(mode))).join("")
      + [...left.values()].join("")
  }
}
