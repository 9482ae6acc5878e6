/**
 * Where a Debian machine takes its packages from, out of what apt says about itself: see apt-get(8), `indextargets`, and
 * sources.list(5).
 */

/** A place that apt takes packages from. */
export interface AptTarget {
  readonly uri: string
  /** The suite as it is written in the sources: `bookworm`, `bookworm-backports`. */
  readonly release: string
  /** Who made the archive and what it is called, by the archive's own word: `Debian` and `Debian-Security`, for instance. */
  readonly origin: string
  readonly label: string
  readonly component: string
  /** The file of the source and, in it, the stanza (`.sources`) or the line (`.list`), counted from 1. */
  readonly file: string
  readonly entry: number
}

const fields = ["REPO_URI", "RELEASE", "ORIGIN", "LABEL", "COMPONENT", "SOURCESENTRY"]

const listing = [
  "indextargets",
  "--format",
  fields.map((field) => `$(${field})`).join("\t"),
  "Created-By: Packages"
] as const

/** Asks for the places whose lists have been fetched, one line each: only the lists tell origin and label. */
export const fetchedTargets = ["apt-get", ...listing] as const

/** Asks for all places that are configured, whether their lists have been fetched or not. Origin and label say nothing. */
export const configuredTargets = ["apt-get", "--no-release-info", ...listing] as const

export const parseTargets = (text: string): ReadonlyArray<AptTarget> =>
  text.split("\n").flatMap((line) => {
    const [uri, release, origin, label, component, sourcesEntry] = line.split("\t")
    if (uri === undefined || release === undefined || component === undefined) return []
    const place = /^(.*):(\d+)$/.exec(sourcesEntry ?? "")
    return [{
      uri,
      release,
      origin: origin ?? "",
      label: label ?? "",
      component,
      file: place?.[1] ?? "",
      entry: Number(place?.[2] ?? 0)
    }]
  })

export const isConfigured = (targets: ReadonlyArray<AptTarget>, release: string): boolean =>
  targets.some((target) => target.release === release && target.component === "main")

/**
 * The distribution's own mirror among the places that are configured for a release. Other vendors use the same code names,
 * but only the distribution has an `-updates` suite beside it, and its path usually ends in its name.
 */
export const mirrorOfRelease = (
  targets: ReadonlyArray<AptTarget>,
  codename: string
): AptTarget | undefined => {
  const candidates = targets.filter(({ component, release, uri }) =>
    release === codename && component === "main" && !uri.startsWith("cdrom:")
  )
  const withUpdates = (uri: string) =>
    targets.some((target) => target.uri === uri && target.release === `${codename}-updates`)
  return candidates.find(({ uri }) => withUpdates(uri))
    ?? candidates.find(({ uri }) => /\/debian\/?$/.test(uri))
    ?? candidates[0]
}

/** A mirror of Debian, and of its security updates if the machine has one. */
interface DebianMirror {
  readonly main: AptTarget
  readonly security: AptTarget | undefined
}

/**
 * The mirror of Debian itself, not of its backports, among the places whose lists have been fetched. What is on the machine
 * itself, as a cache is, does not count: a container cannot reach it.
 */
export const debianMirror = (targets: ReadonlyArray<AptTarget>): DebianMirror | undefined => {
  const find = (name: string) =>
    targets.find(({ component, label, origin, uri }) =>
      component === "main" && origin === "Debian" && label === name
      && /^https?:\/\/(?!localhost|127\.|\[::1\])/.test(uri)
    )
  const main = find("Debian")
  return main === undefined ? undefined : { main, security: find("Debian-Security") }
}

/** What a source says of trust: how its signatures are checked. Passed on as it stands. */
const trust = ["Signed-By", "Trusted"] as const

/** The fields on trust of the source of a target, in the deb822 form, continuation lines included. */
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
  const lines = (stanzas[target.entry - 1] ?? "").trimStart().split("\n")
  return trust.flatMap((name) => {
    const from = lines.findIndex((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`))
    if (from < 0) return []
    const more = lines.slice(from + 1).findIndex((line) => !/^[ \t]/.test(line))
    return lines.slice(from, more < 0 ? undefined : from + 1 + more)
  })
}

/** The file with the key that fields on trust name, the first of several; undefined if they name none, or hold the key. */
export const keyringOf = (trusted: ReadonlyArray<string>): string | undefined =>
  trusted.map((line) => /^Signed-By:[ \t]*(\/\S+)/i.exec(line)?.[1]).find((path) => path !== undefined)

/** A source as a stanza of a `.sources` file. */
export const stanzaOf = (
  { suites, trusted, uri }: {
    readonly uri: string
    readonly suites: ReadonlyArray<string>
    /** Fields on trust, as `trustOf` gives them. */
    readonly trusted: ReadonlyArray<string>
  }
): string =>
  ["Types: deb", `URIs: ${uri}`, `Suites: ${suites.join(" ")}`, "Components: main", ...trusted, ""].join("\n")
