const units: ReadonlyArray<readonly [string, number]> = [
  ["d", 86_400],
  ["h", 3600],
  ["m", 60]
]

/** A length of time for people, from ms: `12s`, `5m`, `3h`, `9d`. */
export const age = (millis: number): string => {
  const seconds = Math.max(0, Math.floor(millis / 1000))
  const fitting = units.find(([, size]) => seconds >= size)
  return fitting === undefined ? `${seconds}s` : `${Math.floor(seconds / fitting[1])}${fitting[0]}`
}

/** A size for people, from bytes: `812 B`, `3.4 MiB`. */
export const size = (bytes: number): string => {
  const names = ["B", "KiB", "MiB", "GiB", "TiB"]
  const step = bytes < 1 ? 0 : Math.min(names.length - 1, Math.floor(Math.log2(bytes) / 10))
  const value = bytes / 1024 ** step
  return `${step === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${names[step] ?? ""}`
}

/** `30d`, `12h`, `45m` as ms; undefined for any other text. */
export const parseDuration = (text: string): number | undefined => {
  const [, amount, unit] = /^(\d+)\s*([smhdw])$/.exec(text.trim()) ?? []
  const seconds: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }
  const factor = seconds[unit ?? ""]
  return amount === undefined || factor === undefined ? undefined : Number(amount) * factor * 1000
}
