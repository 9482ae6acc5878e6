import * as Schema from "effect/Schema"

/** What a package registry answers when asked for a package: its versions and when each was published. */
const Packument = Schema.Struct({
  versions: Schema.Record({ key: Schema.String, value: Schema.Unknown }),
  time: Schema.optionalWith(Schema.Record({ key: Schema.String, value: Schema.String }), {
    default: () => ({})
  })
})

/** Decodes a registry's answer. */
export const decodePackument = Schema.decodeUnknown(Schema.parseJson(Packument))

const halfYear = 182 * 24 * 60 * 60 * 1000

/**
 * The newest release of the newest long-term line: lines with an even number become that about half a year after their
 * first release. `now` is in ms since the epoch. Undefined if no line of 22 or later is old enough.
 */
export const longTermRelease = (packument: typeof Packument.Type, now: number): string | undefined =>
  Object.keys(packument.versions)
    .flatMap((version) => {
      const [, major, minor, patch] = /^(\d+)\.(\d+)\.(\d+)$/.exec(version) ?? []
      return patch === undefined ? [] : [{ version, order: [Number(major), Number(minor), Number(patch)] }]
    })
    .filter(({ order: [major = 0] }) => {
      const first = packument.time[`${major}.0.0`]
      // Registries of companies leave the dates out at times.
      return major >= 22 && major % 2 === 0 && (first === undefined || Date.parse(first) < now - halfYear)
    })
    .toSorted((a, b) =>
      a.order.map((part, index) => part - (b.order[index] ?? 0)).find((by) => by !== 0) ?? 0
    )
    .at(-1)?.version
