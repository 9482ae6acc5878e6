/** How a limit that is asked for stands to the one in force. `unknown`: the limit is not understood. */
type Comparison = "lower" | "same" | "higher" | "incomparable" | "unknown"

interface Amount {
  readonly unit: "bytes" | "percent" | "processors" | "processes"
  readonly count: number
}

const units: Readonly<Record<string, number>> = {
  "": 1,
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  PB: 1e15,
  EB: 1e18,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
  PiB: 2 ** 50,
  EiB: 2 ** 60
}

const memory = (text: string): Amount | undefined => {
  const [, digits = "", suffix = ""] = /^(\d{1,18})([A-Za-z]*|%)$/.exec(text) ?? []
  if (suffix === "%") return { unit: "percent", count: Number(digits) }
  const unit = Object.hasOwn(units, suffix) ? units[suffix] : undefined
  return digits === "" || unit === undefined ? undefined : { unit: "bytes", count: Number(digits) * unit }
}

/** Members of a set such as `0-3,5`; one that is named twice counts once. */
const members = (set: string): number | undefined => {
  const ranges: Array<readonly [first: number, last: number]> = []
  for (const part of set.split(",")) {
    const [, first, last] = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(part) ?? []
    if (first === undefined || Number(last ?? first) < Number(first)) return undefined
    ranges.push([Number(first), Number(last ?? first)])
  }
  let count = 0
  let end = -1
  for (const [first, last] of ranges.toSorted(([a], [b]) => a - b)) {
    count += Math.max(0, last - Math.max(first, end + 1) + 1)
    end = Math.max(end, last)
  }
  return count
}

const processors = (text: string): Amount | undefined => {
  const count = /^\d{1,6}$/.test(text) ? Number(text) : members(text)
  return count === undefined ? undefined : { unit: "processors", count }
}

const amountOf = (key: string, value: unknown): Amount | undefined => {
  const amount = key === "limits.memory"
    ? memory(String(value))
    : key === "limits.cpu"
    ? processors(String(value))
    : key === "limits.processes" && typeof value === "number"
    ? { unit: "processes" as const, count: value }
    : undefined
  // None at all is how Incus says that there is no limit.
  return amount !== undefined && amount.count > 0 ? amount : undefined
}

/** True for a value that Incus takes for this limit, and not for none. */
export const isLimit = (key: string, value: unknown): boolean => amountOf(key, value) !== undefined

/** Compares the value that is asked for a limit with what is in force without it; any is lower than none. */
export const compareLimit = (key: string, asked: unknown, own: unknown): Comparison => {
  const wanted = amountOf(key, asked)
  if (wanted === undefined) return "unknown"
  if (own === undefined) return "lower"
  const present = amountOf(key, own)
  if (present?.unit !== wanted.unit) return "incomparable"
  if (wanted.count === present.count) return "same"
  return wanted.count < present.count ? "lower" : "higher"
}
