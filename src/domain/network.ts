import { type AddressRange, parseAddress, parseCidr, rangeOf } from "./ipv4.ts"

/** What a session may reach, from the most to the least. */
export const networkModes = ["open", "restricted", "allow", "none"] as const
/**
 * What a session may reach: all that its bridge reaches, the Internet, what is named, or nothing.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Effect from "effect/Effect"
 *
 * export const offline = (workspace: string, network: Clincus.NetworkMode = "none") =>
 *   Effect.flatMap(Clincus.Sessions, (sessions) => sessions.start({ workspace, network }))
 */
export type NetworkMode = typeof networkModes[number]

/**
 * Something that is opened to a session beside what its mode lets it reach. Without a port all of them are meant.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Effect from "effect/Effect"
 *
 * const model: Clincus.NetworkTarget = { _tag: "Host", port: 11_434 }
 *
 * // A session that reaches the model on this machine, and nothing else.
 * const onlyModel: Pick<Clincus.NetworkRequest, "mode" | "allow"> = { mode: "none", allow: [model] }
 *
 * export const local = (request: Clincus.SessionRequest) =>
 *   Effect.flatMap(Clincus.Sessions, (sessions) =>
 *     sessions.begin({ ...request, network: { ...request.network, ...onlyModel } }))
 */
export type NetworkTarget =
  /** A service of the host's, also if it listens on the loopback interface only. */
  | { readonly _tag: "Host"; readonly port: number }
  | { readonly _tag: "Addresses"; readonly range: AddressRange; readonly port: number | undefined }
  /** A host by its name or, with `wildcard`, all names that end with `.` and that. */
  | {
    readonly _tag: "Name"
    readonly name: string
    readonly wildcard: boolean
    readonly port: number | undefined
  }
  /** The hosts of something that is widely used: see `presetNames`. */
  | { readonly _tag: "Preset"; readonly name: PresetName }

/** What can be named instead of its hosts. */
export const presetNames = ["npm", "pypi", "debian", "github", "nix"] as const
/**
 * The name of a preset.
 *
 * @see OpenFailure
 */
export type PresetName = typeof presetNames[number]

/** How a target is written, for a sentence that ends with it. */
export const targetForms =
  "a target such as \"host:11434\", \"10.0.0.5:443\", \"10.0.0.0/8\", \"*.corp.example:443\" or \"npm\""

const portOf = (text: string): number | undefined => {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  return port >= 1 && port <= 65_535 ? port : undefined
}

const isName = (text: string): boolean =>
  text.length <= 253 && /^(?!-)[a-z0-9-]{1,63}(\.(?!-)[a-z0-9-]{1,63})+$/i.test(text) &&
  !/^[\d.]+$/.test(text)

/** Reads a target as the configuration has it; undefined for anything else. */
export const parseTarget = (text: string): NetworkTarget | undefined => {
  const preset = presetNames.find((name) => name === text)
  if (preset !== undefined) return { _tag: "Preset", name: preset }
  const [, to = "", digits] = /^([^:]+?)(?::(\d+))?$/.exec(text) ?? []
  const port = digits === undefined ? undefined : portOf(digits)
  if (digits !== undefined && port === undefined) return undefined
  if (to === "host") return port === undefined ? undefined : { _tag: "Host", port }
  const address = parseAddress(to)
  if (address !== undefined) return { _tag: "Addresses", range: { first: address, last: address }, port }
  const subnet = parseCidr(to)
  if (subnet !== undefined) return { _tag: "Addresses", range: rangeOf(subnet), port }
  const wildcard = to.startsWith("*.")
  const name = (wildcard ? to.slice(2) : to).toLowerCase()
  return isName(name) ? { _tag: "Name", name, wildcard, port } : undefined
}
