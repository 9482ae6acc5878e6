import { describe, expect, it } from "vitest"
import { mirrorOf, signedBy, sourcesFor } from "../../../src/image/aptSources.ts"

const lines = (...all: ReadonlyArray<string>) => `${all.join("\n")}\n`

describe("mirrorOf", () => {
  it("finds Debian and its security archive among backports and other archives", () => {
    const targets = lines(
      "https://example.net/debian/|Debian Backports|Debian Backports|main|/etc/apt/sources.list.d/b.sources:1",
      "https://packages.example.org/apt|Example|Example|main|/etc/apt/sources.list.d/e.list:1",
      "https://mirror.example.net/debian/|Debian|Debian|contrib|/etc/apt/sources.list.d/debian.sources:3",
      "https://mirror.example.net/debian/|Debian|Debian|main|/etc/apt/sources.list.d/debian.sources:1",
      "https://mirror.example.net/security/|Debian|Debian-Security|main|/etc/apt/sources.list.d/debian.sources:2"
    )
    expect(mirrorOf(targets)).toEqual({
      main: "https://mirror.example.net/debian/",
      security: "https://mirror.example.net/security/",
      entry: "/etc/apt/sources.list.d/debian.sources:1"
    })
  })

  it("knows none on another distribution, without apt, and for mirrors that a container cannot reach", () => {
    expect(mirrorOf("http://archive.example.com/ubuntu/|Ubuntu|Ubuntu|main|/etc/apt/sources.list:1\n"))
      .toBeUndefined()
    expect(mirrorOf("")).toBeUndefined()
    for (
      const uri of [
        "http://localhost:3142/debian/",
        "http://127.0.0.1/debian/",
        "file:/srv/debian/",
        "cdrom:/"
      ]
    ) {
      expect(mirrorOf(`${uri}|Debian|Debian|main|/etc/apt/sources.list:1\n`)).toBeUndefined()
    }
  })
})

describe("signedBy", () => {
  const sources = lines(
    "# a comment, and a stanza that is none",
    "",
    "Types: deb",
    "URIs: https://one.example.net/debian",
    "Signed-By: /usr/share/keyrings/one.gpg",
    "",
    "Types: deb",
    "URIs: https://two.example.net/debian",
    "Signed-By: /etc/apt/keyrings/two.asc",
    "",
    "Types: deb",
    "URIs: https://three.example.net/debian",
    "Signed-By:",
    " -----BEGIN PGP PUBLIC KEY BLOCK-----"
  )

  it("reads the keyring of the stanza that is meant", () => {
    expect(signedBy(sources, "/etc/apt/sources.list.d/x.sources", 1)).toBe("/usr/share/keyrings/one.gpg")
    expect(signedBy(sources, "/etc/apt/sources.list.d/x.sources", 2)).toBe("/etc/apt/keyrings/two.asc")
  })

  it("reads the keyring of a line of a list", () => {
    const list = lines(
      "deb https://one.example.net/debian bookworm main",
      "deb [arch=amd64 signed-by=/etc/apt/keyrings/two.gpg] https://two.example.net/debian bookworm main"
    )
    expect(signedBy(list, "/etc/apt/sources.list", 1)).toBeUndefined()
    expect(signedBy(list, "/etc/apt/sources.list", 2)).toBe("/etc/apt/keyrings/two.gpg")
  })

  it("knows none for a key in place and for a stanza that is not there", () => {
    expect(signedBy(sources, "/etc/apt/sources.list.d/x.sources", 3)).toBeUndefined()
    expect(signedBy(sources, "/etc/apt/sources.list.d/x.sources", 4)).toBeUndefined()
  })
})

describe("sourcesFor", () => {
  it("names the suites of the release, the mirror and the keyring", () => {
    const mirror = {
      main: "https://m.example.net/debian",
      security: "https://m.example.net/sec",
      entry: "x:1"
    }
    expect(sourcesFor("bookworm", mirror, "/k.gpg")).toBe(lines(
      "Types: deb",
      "URIs: https://m.example.net/debian",
      "Suites: bookworm bookworm-updates",
      "Components: main",
      "Signed-By: /k.gpg",
      "",
      "Types: deb",
      "URIs: https://m.example.net/sec",
      "Suites: bookworm-security",
      "Components: main",
      "Signed-By: /k.gpg"
    ))
    expect(sourcesFor("bookworm", { ...mirror, security: undefined }, "/k.gpg")).not.toContain("security")
  })
})
