import stringWidth from "string-width"
import { escape } from "./escape.ts"
import { cut, cutPath, pad } from "./layout.ts"
import type { Stream } from "./output.ts"

/** A column of a table. Without `shrink` it is always shown whole. */
export interface Column {
  readonly title: string
  readonly align?: "left" | "right"
  /** How its cells give way on a narrow terminal: `path` keeps the end of a path, `end` cuts the end of a text. */
  readonly shrink?: "path" | "end"
}

const gap = "  "
const narrowest = 8

/** Takes cells from the widest column that can give any, one by one, until the table fits. */
const fit = (
  columns: ReadonlyArray<Column>,
  natural: ReadonlyArray<number>,
  width: number
): ReadonlyArray<number> => {
  const widths = [...natural]
  let over = widths.reduce((sum, cells) => sum + cells, gap.length * (widths.length - 1)) - width
  while (over > 0) {
    let widest = -1
    for (const [index, column] of columns.entries()) {
      const cells = widths[index] ?? 0
      if (column.shrink !== undefined && cells > narrowest && cells > (widths[widest] ?? 0)) widest = index
    }
    if (widest < 0) break
    widths[widest] = (widths[widest] ?? 0) - 1
    over--
  }
  return widths
}

/**
 * Lays rows out below their titles. On a terminal the table fits its width if columns may shrink, and `home` is
 * written `~`; in a pipe or file every cell is whole. Cells are escaped: they may come from a container.
 */
export const table = (
  columns: ReadonlyArray<Column>,
  rows: ReadonlyArray<ReadonlyArray<string>>,
  { home, stream }: { readonly stream: Stream; readonly home?: string | undefined }
): string => {
  const tilde = (path: string): string =>
    home !== undefined && stream.isTerminal && (path === home || path.startsWith(`${home}/`))
      ? `~${path.slice(home.length)}`
      : path
  const cells = rows.map((row) =>
    columns.map(({ shrink }, index) => {
      const cell = escape(row[index] ?? "")
      return shrink === "path" ? tilde(cell) : cell
    })
  )
  const natural = columns.map(({ title }, index) =>
    Math.max(stringWidth(title), ...cells.map((row) => stringWidth(row[index] ?? "")))
  )
  const widths = fit(columns, natural, stream.columns())
  const line = (row: ReadonlyArray<string>): string =>
    row.map((cell, index) => {
      const { align, shrink } = columns[index] ?? {}
      const width = widths[index] ?? 0
      return pad(
        shrink === "path" ? cutPath(cell, width) : shrink === "end" ? cut(cell, width) : cell,
        width,
        align
      )
    }).join(gap).trimEnd()
  return [line(columns.map(({ title }) => title)), ...cells.map(line)].join("\n")
}
