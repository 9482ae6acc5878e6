import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Effective, Settings } from "../config/Settings.ts"
import type { SessionOptions } from "./plan.ts"

/**
 * Where what was decided for a session comes from, by the key of the configuration: a file, a variable's name, an option of
 * the command line. What is not named is as it is by default.
 */
export type Sources = Readonly<Record<string, string>>

const Recorded = Schema.Struct({
  sources: Schema.Record({ key: Schema.String, value: Schema.String }),
  /** What the session may reach, by mode and by what is opened to it in the words of the configuration. */
  network: Schema.optional(Schema.Struct({ mode: Schema.String, allow: Schema.Array(Schema.String) })),
  /** What the workspace's own file asks for and does not get. */
  withheld: Schema.Array(Schema.String)
})
/**
 * What is noted at a session's start for those who ask why it may what it may.
 *
 * @see SessionRequest
 */
export type Recorded = typeof Recorded.Type
const Label = Schema.parseJson(Recorded)

/** What a session's container is labelled with, so that `explain` need not guess by today's configuration. */
export const encodeSources = Schema.encodeSync(Label)
const decode = Schema.decodeUnknownOption(Label)

/** None if a label says nothing that can be read: an older clincus has written none. */
export const decodeSources = (text: string | undefined) =>
  Option.flatMap(Option.fromNullable(text), (label) => decode(label))

/** The keys that options of a session decide, with the option's name. */
const byOptions = (options: SessionOptions): Sources => {
  const { docker, image, limits = {}, network, persistent, profile, protect, tool } = options
  const said: ReadonlyArray<readonly [string, unknown, string]> = [
    ["tool.name", tool, "--tool"],
    ["defaults.image", image, "--image"],
    ["defaults.persistent", persistent, persistent === true ? "--persistent" : "--ephemeral"],
    ["security.docker", docker, docker === true ? "--docker" : "--no-docker"],
    ["security.protect", protect === false ? protect : undefined, "--no-protect"],
    ["network.mode", network, "--network"],
    ["profile", profile, "--profile"],
    ...Object.entries(limits).map(([name, value]) => [`limits.${name}`, value, `--limit-${name}`] as const)
  ]
  return Object.fromEntries(
    said.flatMap(([key, value, option]) => value === undefined ? [] : [[key, option]])
  )
}

/** What a resumed session has from the time before. */
const ofSaved = ["tool.name", "defaults.image", "defaults.persistent"] as const

/** Where what was decided comes from, and what the workspace's own file asks for in vain. */
export const sourcesOf = (
  options: SessionOptions,
  { origins, withheld }: Effective,
  settings: Settings
): Recorded => {
  const agreed = withheld !== undefined && settings === withheld.granted
  const open = withheld === undefined ? [] : [
    ...(agreed
      ? []
      : withheld.requests.map(({ asked, key }) => `${key} = ${JSON.stringify(asked)}: not granted`)),
    ...withheld.limits.map(({ asked, key, reason }) => `${key} = ${JSON.stringify(asked)}: ${reason}`)
  ]
  const allow = origins.find(({ key }) => key === "network.allow")?.value
  return {
    sources: {
      ...Object.fromEntries(
        origins.flatMap(({ key, source }) => source === "default" ? [] : [[key, source]])
      ),
      ...(agreed ? Object.fromEntries(withheld.requests.map(({ key }) => [key, withheld.file])) : {}),
      ...(options.resume === undefined
        ? {}
        : Object.fromEntries(ofSaved.map((key) => [key, "the saved session"]))),
      ...byOptions(options)
    },
    network: {
      mode: options.network ?? settings.network.mode,
      allow: Array.isArray(allow) ? allow.map(String) : []
    },
    withheld: open
  }
}
