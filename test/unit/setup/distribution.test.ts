import { expect, it } from "@effect/vitest"
import { distributionOf, parseOsRelease } from "../../../src/setup/distribution.ts"

const of = (text: string) => distributionOf(parseOsRelease(text), "ada")

it("reads quoted, single-quoted and bare values, and skips comments", () => {
  expect(parseOsRelease("# about\nID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME='Debian 12'\n")).toMatchObject({
    ID: "debian",
    VERSION_ID: "12",
    PRETTY_NAME: "Debian 12"
  })
  expect(parseOsRelease("").ID).toBe("linux")
})

it.each([
  [
    "Debian 12",
    "ID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm",
    ["incus-base", "incus-client"],
    "bookworm-backports"
  ],
  [
    "Debian 13",
    "ID=debian\nVERSION_ID=\"13\"\nVERSION_CODENAME=trixie",
    ["incus-base", "incus-client"],
    undefined
  ],
  ["Debian testing", "ID=debian\nVERSION_CODENAME=forky", ["incus-base", "incus-client"], undefined],
  ["Ubuntu 24.04", "ID=ubuntu\nID_LIKE=debian\nVERSION_ID=\"24.04\"", ["incus"], undefined],
  ["Ubuntu 25.10", "ID=ubuntu\nID_LIKE=debian\nVERSION_ID=\"25.10\"", ["incus"], undefined]
])("%s installs by apt", (_, text, incus, backports) => {
  expect(of(text)).toEqual({ _tag: "Apt", incus, backports })
})

it.each([
  ["Debian 11", "ID=debian\nVERSION_ID=\"11\"", /upgrade to Debian 12/],
  ["Ubuntu 22.04", "ID=ubuntu\nID_LIKE=debian\nVERSION_ID=\"22.04\"", /upgrade to Ubuntu 24.04/],
  [
    "Fedora",
    "ID=fedora\nVERSION_ID=42",
    /dnf install[\s\S]*systemctl enable[\s\S]*usermod -aG incus-admin ada/
  ],
  ["Arch", "ID=arch", /pacman -S --needed incus/],
  [
    "NixOS",
    "ID=nixos",
    /virtualisation\.incus\.enable = true;[\s\S]*users\.users\.ada[\s\S]*nixos-rebuild switch/
  ],
  ["Mint", "ID=linuxmint\nID_LIKE=\"ubuntu debian\"\nVERSION_ID=\"22\"", /apt-get install -y incus/],
  ["another", "ID=void\nPRETTY_NAME=Void", /installing/]
])("%s is left to the user, with what to type", (_, text, instructions) => {
  const distribution = of(text)
  expect(distribution._tag).toBe("Manual")
  if (distribution._tag === "Manual") expect(distribution.instructions.join("\n")).toMatch(instructions)
})
