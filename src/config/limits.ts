import type { Limits } from "./Settings.ts"

/** How a limit that is asked for stands to the one in force. `unknown`: the limit is not understood. */
export type Comparison = "lower" | "same" | "higher" | "incomparable" | "unknown"

/** The names of all limits, in the order in which they are shown. */
export const limitNames: ReadonlyArray<keyof Limits> = ["cpu", "memory", "processes", "disk", "time"]

interface Amount {
  readonly unit: "bytes" | "percent" | "processors" | "processes" | "seconds"
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

const bytes = (text: string): Amount | undefined => {
  const [, digits = "", suffix = ""] = /^(\d{1,18})([A-Za-z]*)$/.exec(text) ?? []
  const unit = Object.hasOwn(units, suffix) ? units[suffix] : undefined
  return digits === "" || unit === undefined ? undefined : { unit: "bytes", count: Number(digits) * unit }
}

const memory = (text: string): Amount | undefined => {
  const [, digits] = /^(\d{1,18})%$/.exec(text) ?? []
  return digits === undefined ? bytes(text) : { unit: "percent", count: Number(digits) }
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

/** A time such as `1d12h`, `90m` or `45s`. */
const time = (text: string): Amount | undefined => {
  const [whole, ...parts] = /^(?:(\d{1,4})d)?(?:(\d{1,6})h)?(?:(\d{1,7})m)?(?:(\d{1,8})s)?$/.exec(text) ?? []
  if (whole === undefined || whole === "") return undefined
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = parts.map((part) => Number(part ?? 0))
  return { unit: "seconds", count: ((days * 24 + hours) * 60 + minutes) * 60 + seconds }
}

const amounts: Readonly<Record<keyof Limits, (value: string) => Amount | undefined>> = {
  cpu: processors,
  memory,
  processes: (text) => /^\d{1,9}$/.test(text) ? { unit: "processes", count: Number(text) } : undefined,
  disk: bytes,
  time
}

const amountOf = (key: string, value: unknown): Amount | undefined => {
  const name = limitNames.find((limit) => key === `limits.${limit}`)
  if (name === undefined || (typeof value !== "string" && typeof value !== "number")) return undefined
  const amount = amounts[name](String(value))
  // None at all is how Incus says that there is no limit.
  return amount !== undefined && amount.count > 0 ? amount : undefined
}

/** True for a value that opens a limit. */
export const isOpen = (value: unknown): boolean => value === "none" || value === "unlimited"

/** True for a value that Incus takes for this limit, and not for none. */
export const isLimit = (key: string, value: unknown): boolean => amountOf(key, value) !== undefined

/** A time that a configuration or an option gives, in seconds; none if it is no time, or open. */
export const secondsOf = (value: string): number | undefined => amountOf("limits.time", value)?.count

/** A percentage of the machine's memory (bytes) as bytes. */
const absolute = (amount: Amount, machine: number): Amount =>
  amount.unit === "percent" ? { unit: "bytes", count: machine * amount.count / 100 } : amount

/**
 * Compares the value that is asked for a limit with what is in force without it; any is lower than none. A share of the
 * memory and an amount of it are compared on a machine with so many bytes, and not at all where that is not said.
 */
export const compareLimit = (key: string, asked: unknown, own: unknown, machine?: number): Comparison => {
  const isFree = own === undefined || isOpen(own)
  if (isOpen(asked)) return isFree ? "same" : "higher"
  const wanted = amountOf(key, asked)
  if (wanted === undefined) return "unknown"
  if (isFree) return "lower"
  const present = amountOf(key, own)
  if (present === undefined) return "incomparable"
  const [a, b] = present.unit === wanted.unit || machine === undefined
    ? [wanted, present]
    : [absolute(wanted, machine), absolute(present, machine)]
  if (a.unit !== b.unit) return "incomparable"
  if (a.count === b.count) return "same"
  return a.count < b.count ? "lower" : "higher"
}
