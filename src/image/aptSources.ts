/**
 * The machine's own Debian mirror, out of what apt says about itself. Whoever has a mirror of their own wants the image
 * to be made from it, and to use it.
 */

/** A line of `apt-get indextargets` in the format below. */
interface Target {
  readonly uri: string
  readonly origin: string
  readonly label: string
  readonly component: string
  /** The file and the number in it where the source is declared: `/etc/apt/sources.list.d/debian.sources:1`. */
  readonly entry: string
}

/** What to ask apt with: `apt-get indextargets --format <format> 'Created-By: Packages'`. */
export const targetFormat = "$(REPO_URI)|$(ORIGIN)|$(LABEL)|$(COMPONENT)|$(SOURCESENTRY)"

const parseTargets = (text: string): ReadonlyArray<Target> =>
  text.split("\n").flatMap((line) => {
    const [uri, origin, label, component, entry] = line.split("|")
    // A cache on the machine itself is out of reach in a container.
    const usable = /^https?:\/\/(?!localhost|127\.|\[::1\])/.test(uri ?? "")
    return uri === undefined || entry === undefined || !usable
      ? []
      : [{ uri, origin: origin ?? "", label: label ?? "", component: component ?? "", entry }]
  })

export interface Mirror {
  readonly main: string
  readonly security: string | undefined
  /** Where the source with the main archive is declared. */
  readonly entry: string
}

/** The mirror of Debian itself (not of its backports), where apt has one. */
export const mirrorOf = (targets: string): Mirror | undefined => {
  const main = parseTargets(targets).filter((target) => target.component === "main")
  const debian = main.find((target) => target.origin === "Debian" && target.label === "Debian")
  const security = main.find((target) => target.origin === "Debian" && target.label === "Debian-Security")
  return debian === undefined
    ? undefined
    : { main: debian.uri, security: security?.uri, entry: debian.entry }
}

/**
 * The keyring of a source, `Signed-By`, out of the file that declares it: of the `position`th stanza of a `.sources`
 * file, or of that line of a `.list`. Undefined where there is none or it is a key in place rather than a path.
 */
export const signedBy = (content: string, file: string, position: number): string | undefined => {
  const declared = file.endsWith(".sources")
    ? content.split(/\n\s*\n/).filter((stanza) => /^Types:/m.test(stanza))[position - 1]
    : content.split("\n")[position - 1]
  const value = file.endsWith(".sources")
    ? /^Signed-By:[ \t]*(\S+)[ \t]*$/im.exec(declared ?? "")?.[1]
    : /\[[^\]]*signed-by=([^\s,\]]+)/i.exec(declared ?? "")?.[1]
  return value?.startsWith("/") === true ? value : undefined
}

/** The same sources for the image, in the format of a `.sources` file. */
export const sourcesFor = (suite: string, mirror: Mirror, keyring: string): string => {
  const stanza = (uri: string, suites: string) =>
    `Types: deb\nURIs: ${uri}\nSuites: ${suites}\nComponents: main\nSigned-By: ${keyring}\n`
  return [
    stanza(mirror.main, `${suite} ${suite}-updates`),
    ...(mirror.security === undefined ? [] : [stanza(mirror.security, `${suite}-security`)])
  ].join("\n")
}
