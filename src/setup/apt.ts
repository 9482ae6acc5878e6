/** A place that apt takes packages from, as `apt-get indextargets` names it. */
export interface AptTarget {
  readonly uri: string
  /** The suite as it is written in the sources: `bookworm`, `bookworm-backports`. */
  readonly release: string
  readonly component: string
  /** The file of the source and, in it, the stanza (`.sources`) or the line (`.list`), counted from 1. */
  readonly file: string
  readonly entry: number
}

/** Asks for the configured places, whether their lists have been fetched yet or not; one line each. */
export const targetsCommand = [
  "apt-get",
  "--no-release-info",
  "indextargets",
  "--format",
  "$(REPO_URI)\t$(RELEASE)\t$(COMPONENT)\t$(SOURCESENTRY)",
  "Created-By: Packages"
] as const

export const parseTargets = (text: string): ReadonlyArray<AptTarget> =>
  text.split("\n").flatMap((line) => {
    const [uri, release, component, sourcesEntry] = line.split("\t")
    const place = /^(.*):(\d+)$/.exec(sourcesEntry ?? "")
    if (uri === undefined || release === undefined || component === undefined) return []
    return [{ uri, release, component, file: place?.[1] ?? "", entry: Number(place?.[2] ?? 0) }]
  })

export const isConfigured = (targets: ReadonlyArray<AptTarget>, release: string): boolean =>
  targets.some((target) => target.release === release && target.component === "main")

/**
 * The distribution's own mirror among the places that have a release: other vendors use the same code names, but only
 * the distribution has an `-updates` suite beside it, and its path usually ends in its name.
 */
export const mirrorOf = (targets: ReadonlyArray<AptTarget>, codename: string): AptTarget | undefined => {
  const candidates = targets.filter(({ component, release, uri }) =>
    release === codename && component === "main" && !uri.startsWith("cdrom:")
  )
  const withUpdates = (uri: string) =>
    targets.some((target) => target.uri === uri && target.release === `${codename}-updates`)
  return candidates.find(({ uri }) => withUpdates(uri))
    ?? candidates.find(({ uri }) => /\/debian\/?$/.test(uri))
    ?? candidates[0]
}

/** What a source says of trust: how its signatures are checked. Passed on as it stands. */
const trust = ["Signed-By", "Trusted"] as const

/** The fields on trust of one entry of a sources file, in the deb822 form, continuation lines included. */
export const trustOf = (text: string, target: AptTarget): ReadonlyArray<string> => {
  if (target.file.endsWith(".list")) {
    const options = /\[([^\]]*)\]/.exec(text.split("\n")[target.entry - 1] ?? "")?.[1] ?? ""
    return trust.flatMap((name) => {
      const value = new RegExp(`(?:^|\\s)${name}=(\\S+)`, "i").exec(options)?.[1]
      return value === undefined ? [] : [`${name}: ${value.replaceAll(",", " ")}`]
    })
  }
  const stanzas = text.split("\n").filter((line) => !line.startsWith("#")).join("\n").split(/\n\s*\n/)
    .filter((stanza) => stanza.trim() !== "")
  const lines = (stanzas[target.entry - 1] ?? "").split("\n")
  return trust.flatMap((name) => {
    const from = lines.findIndex((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`))
    if (from < 0) return []
    const more = lines.slice(from + 1).findIndex((line) => !/^[ \t]/.test(line))
    return lines.slice(from, more < 0 ? undefined : from + 1 + more)
  })
}

/** The sources file that adds a suite of a mirror that the machine uses already. */
export const sourcesFile = (mirror: AptTarget, suite: string, trusted: ReadonlyArray<string>): string =>
  ["Types: deb", `URIs: ${mirror.uri}`, `Suites: ${suite}`, "Components: main", ...trusted, ""].join("\n")
