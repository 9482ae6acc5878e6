import * as Schema from "effect/Schema"

/** The fields of /etc/os-release that tell distributions apart; see os-release(5). */
export const OsRelease = Schema.Struct({
  ID: Schema.optionalWith(Schema.String, { default: () => "linux" }),
  ID_LIKE: Schema.optionalWith(Schema.String, { default: () => "" }),
  VERSION_ID: Schema.optionalWith(Schema.String, { default: () => "" }),
  VERSION_CODENAME: Schema.optionalWith(Schema.String, { default: () => "" }),
  PRETTY_NAME: Schema.optionalWith(Schema.String, { default: () => "this Linux" })
})
export type OsRelease = typeof OsRelease.Type

/** Reads os-release: `KEY=value` lines, values quoted or not, comments. */
export const parseOsRelease = (text: string): OsRelease =>
  Schema.decodeUnknownSync(OsRelease)(Object.fromEntries(
    text.split("\n").flatMap((line) => {
      const found = /^\s*([A-Z0-9_]+)=(?:"(.*)"|'(.*)'|(.*))\s*$/.exec(line)
      const key = found?.[1]
      return key === undefined ? [] : [[key, found?.[2] ?? found?.[3] ?? found?.[4] ?? ""]]
    })
  ))

/** How Incus gets onto this distribution. */
type Distribution =
  /** By apt; `backports` is the suite to take Incus from if the release itself has none. */
  | { readonly _tag: "Apt"; readonly incus: ReadonlyArray<string>; readonly backports: string | undefined }
  /** By the user's hand. */
  | { readonly _tag: "Manual"; readonly reason: string; readonly instructions: ReadonlyArray<string> }

const byHand = (reason: string, instructions: ReadonlyArray<string>): Distribution => ({
  _tag: "Manual",
  reason,
  instructions
})

const documented = "https://linuxcontainers.org/incus/docs/main/installing/"

/** Chooses the way for a distribution. `user` is put into instructions. */
export const distributionOf = (os: OsRelease, user: string): Distribution => {
  const version = Number.parseFloat(os.VERSION_ID)
  const join = `sudo usermod -aG incus-admin ${user}`
  const start = "sudo systemctl enable --now incus.socket incus.service"
  const ids = "grep -q ^root: /etc/subuid || sudo usermod --add-subuids 1000000-1000999999 "
    + "--add-subgids 1000000-1000999999 root"
  switch (os.ID) {
    case "debian": {
      if (version < 12) {
        return byHand(`${os.PRETTY_NAME} has no Incus package`, [
          "# upgrade to Debian 12 or newer, or take another package:",
          `# ${documented}`
        ])
      }
      // Debian's testing and unstable have no VERSION_ID.
      const backports = version === 12 ? "bookworm-backports" : undefined
      return { _tag: "Apt", incus: ["incus-base", "incus-client"], backports }
    }
    case "ubuntu":
      return version >= 24.04
        ? { _tag: "Apt", incus: ["incus"], backports: undefined }
        : byHand(`${os.PRETTY_NAME} has no Incus package`, [
          "# upgrade to Ubuntu 24.04 or newer, or take another package:",
          `# ${documented}`
        ])
    case "fedora":
      return byHand("on Fedora, Incus is installed by hand", [
        "sudo dnf install -y incus incus-client incus-tools dnsmasq btrfs-progs squashfs-tools",
        ids,
        start,
        join
      ])
    case "arch":
      return byHand("on Arch Linux, Incus is installed by hand", [
        "sudo pacman -S --needed incus dnsmasq btrfs-progs squashfs-tools",
        ids,
        start,
        join
      ])
    case "nixos":
      return byHand("on NixOS, Incus is part of the system's configuration", [
        "# in /etc/nixos/configuration.nix:",
        "virtualisation.incus.enable = true;",
        "networking.nftables.enable = true;",
        `users.users.${user}.extraGroups = [ "incus-admin" ];`,
        "# then:",
        "sudo nixos-rebuild switch"
      ])
    case "alpine":
      return byHand("on Alpine Linux, Incus is installed by hand", [
        "doas apk add incus incus-client btrfs-progs squashfs-tools dnsmasq",
        "doas rc-update add incusd && doas rc-service incusd start",
        `doas addgroup ${user} incus-admin`
      ])
  }
  const family = os.ID_LIKE.split(/\s+/)
  if (family.includes("debian") || family.includes("ubuntu")) {
    return byHand(`${os.PRETTY_NAME} is not a distribution that clincus installs packages on`, [
      "sudo apt-get update",
      "sudo apt-get install -y incus dnsmasq-base nftables iproute2 btrfs-progs squashfs-tools uidmap mmdebstrap",
      join
    ])
  }
  return byHand(`clincus does not know how Incus is installed on ${os.PRETTY_NAME}`, [
    `# how it is installed on yours: ${documented}`,
    ids,
    start,
    join
  ])
}
