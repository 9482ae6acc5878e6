import type { NetworkTarget, PresetName } from "../../domain/network.ts"
import { parseTarget } from "../../domain/network.ts"

/** The hosts of what is widely used, each at the ports of HTTP and HTTPS. */
const hosts: Readonly<Record<PresetName, ReadonlyArray<string>>> = {
  npm: ["registry.npmjs.org", "registry.yarnpkg.com"],
  pypi: ["pypi.org", "files.pythonhosted.org"],
  debian: ["deb.debian.org", "security.debian.org", "cdn-fastly.deb.debian.org"],
  github: [
    "github.com",
    "api.github.com",
    "codeload.github.com",
    "uploads.github.com",
    "*.githubusercontent.com"
  ],
  nix: ["cache.nixos.org", "channels.nixos.org", "releases.nixos.org", "tarballs.nixos.org"]
}

/** A name that a session may reach in mode `allow`, at one port. */
export interface AllowedName {
  readonly name: string
  readonly wildcard: boolean
  readonly port: number
  /** Whether it may lead to a private address: the user has named it. */
  readonly inner: boolean
}

const webPorts = [80, 443]

const named = (target: NetworkTarget, inner: boolean): ReadonlyArray<AllowedName> => {
  switch (target._tag) {
    case "Name": {
      const { name, port, wildcard } = target
      return (port === undefined ? webPorts : [port]).map((one) => ({ name, wildcard, port: one, inner }))
    }
    case "Preset":
      return namesOf(hosts[target.name])
    case "Host":
    case "Addresses":
      return []
  }
}

const namesOf = (texts: ReadonlyArray<string>): ReadonlyArray<AllowedName> =>
  texts.flatMap((text) => {
    const target = parseTarget(text)
    return target === undefined ? [] : named(target, false)
  })

/** What a session may reach by name: what is allowed, presets as the hosts that they stand for, and what its tool needs. */
export const allowedNames = (
  allow: ReadonlyArray<NetworkTarget>,
  tool: ReadonlyArray<string>
): ReadonlyArray<AllowedName> => [...namesOf(tool), ...allow.flatMap((target) => named(target, true))]
