import { describe, expect, it } from "vitest"
import {
  configuredTargets,
  debianMirror,
  fetchedTargets,
  isConfigured,
  keyringOf,
  mirrorOfRelease,
  parseTargets,
  stanzaOf,
  trustOf
} from "../../../src/host/apt.ts"

const lines = (...all: ReadonlyArray<string>) => `${all.join("\n")}\n`

/** A line as apt writes it, of an archive whose list has been fetched or, without origin and label, has not. */
const line = (
  uri: string,
  release: string,
  component: string,
  entry: string,
  [origin, label]: readonly [string, string] = ["$(ORIGIN)", "$(LABEL)"]
) => [uri, release, origin, label, component, entry].join("\t")

const sources = "/etc/apt/sources.list.d/debian.sources"

const configured = parseTargets(lines(
  line("https://vendor.example/apt/", "bookworm", "main", "/etc/apt/sources.list.d/vendor.list:1"),
  line("https://other.example/", "bookworm", "stable", "/etc/apt/sources.list.d/other.list:1"),
  line("http://mirror.example/debian/", "bookworm", "main", `${sources}:1`),
  line("http://mirror.example/debian/", "bookworm-updates", "main", `${sources}:1`),
  line("http://mirror.example/debian-security/", "bookworm-security", "main", `${sources}:2`)
))

/** A target whose source is declared there. */
const declared = (file: string, entry: number) => ({
  uri: "https://mirror.example/debian/",
  release: "bookworm",
  origin: "Debian",
  label: "Debian",
  component: "main",
  file,
  entry
})

it("asks for the same fields whether lists have been fetched or not", () => {
  expect(configuredTargets.filter((word) => word !== "--no-release-info")).toEqual([...fetchedTargets])
})

describe("mirrorOfRelease", () => {
  it("takes the distribution's mirror, and not another vendor's that has the same code name", () => {
    expect(mirrorOfRelease(configured, "bookworm")).toMatchObject({
      uri: "http://mirror.example/debian/",
      release: "bookworm",
      component: "main",
      file: sources,
      entry: 1
    })
  })

  it("takes no cdrom, and says when there is no mirror", () => {
    expect(mirrorOfRelease(parseTargets(line("cdrom:[Debian]/", "bookworm", "main", "x:1")), "bookworm"))
      .toBeUndefined()
    expect(mirrorOfRelease(configured, "trixie")).toBeUndefined()
  })
})

it("sees whether backports is configured", () => {
  expect(isConfigured(configured, "bookworm-backports")).toBe(false)
  const more = parseTargets(line("http://mirror.example/debian/", "bookworm-backports", "main", "/x.list:3"))
  expect(isConfigured([...configured, ...more], "bookworm-backports")).toBe(true)
})

describe("debianMirror", () => {
  const mirrorIn = (...all: ReadonlyArray<string>) => debianMirror(parseTargets(lines(...all)))

  it("finds Debian and its security archive among backports and other archives", () => {
    const backports = ["Debian Backports", "Debian Backports"] as const
    expect(mirrorIn(
      line("https://example.net/debian/", "bookworm-backports", "main", "/b.sources:1", backports),
      line("https://packages.example.org/apt", "bookworm", "main", "/e.list:1", ["Example", "Example"]),
      line("https://mirror.example/debian/", "trixie", "contrib", `${sources}:3`, ["Debian", "Debian"]),
      line("https://mirror.example/debian/", "trixie", "main", `${sources}:1`, ["Debian", "Debian"]),
      line("https://mirror.example/sec/", "trixie-security", "main", `${sources}:2`, [
        "Debian",
        "Debian-Security"
      ])
    )).toMatchObject({
      main: { uri: "https://mirror.example/debian/", file: sources, entry: 1 },
      security: { uri: "https://mirror.example/sec/", file: sources, entry: 2 }
    })
  })

  it("knows none on another distribution, without apt, and for mirrors that a container cannot reach", () => {
    expect(mirrorIn(
      line("http://archive.example.com/ubuntu/", "noble", "main", "/etc/apt/sources.list:1", [
        "Ubuntu",
        "Ubuntu"
      ])
    )).toBeUndefined()
    expect(mirrorIn()).toBeUndefined()
    for (
      const uri of [
        "http://localhost:3142/debian/",
        "http://127.0.0.1/debian/",
        "file:/srv/debian/",
        "cdrom:/"
      ]
    ) {
      expect(mirrorIn(line(uri, "bookworm", "main", "/etc/apt/sources.list:1", ["Debian", "Debian"])))
        .toBeUndefined()
    }
  })
})

describe("trustOf", () => {
  it("passes on how a source is trusted, in either form of sources, keys in the file included", () => {
    const text = lines(
      "# a comment",
      "Types: deb",
      "URIs: http://mirror.example/debian",
      "Signed-By:",
      " -----BEGIN",
      " .",
      " -----END",
      "Components: main",
      "",
      "Types: deb",
      "Signed-By: /other.gpg"
    )
    expect(trustOf(text, declared(sources, 1))).toEqual(["Signed-By:", " -----BEGIN", " .", " -----END"])
    expect(trustOf(text, declared(sources, 2))).toEqual(["Signed-By: /other.gpg"])
    expect(trustOf(
      "deb [arch=amd64 signed-by=/a.gpg,/b.gpg trusted=yes] https://vendor.example/apt bookworm main",
      declared("/etc/apt/sources.list.d/vendor.list", 1)
    )).toEqual(["Signed-By: /a.gpg /b.gpg", "Trusted: yes"])
    expect(trustOf("deb http://mirror.example/debian bookworm main", declared("/etc/apt/sources.list", 1)))
      .toEqual([])
  })

  it("counts no comment as a stanza, and says nothing of a stanza that is not there", () => {
    const text = lines(
      "# a comment, and a stanza that is none",
      "",
      "Types: deb",
      "Signed-By: /usr/share/keyrings/one.gpg",
      "",
      "",
      "Types: deb",
      "Signed-By: /etc/apt/keyrings/two.asc"
    )
    expect(trustOf(text, declared(sources, 1))).toEqual(["Signed-By: /usr/share/keyrings/one.gpg"])
    expect(trustOf(text, declared(sources, 2))).toEqual(["Signed-By: /etc/apt/keyrings/two.asc"])
    expect(trustOf(text, declared(sources, 3))).toEqual([])
  })
})

describe("keyringOf", () => {
  it("is the file that is named, the first of several", () => {
    expect(keyringOf(["Trusted: yes", "Signed-By: /usr/share/keyrings/one.gpg"])).toBe(
      "/usr/share/keyrings/one.gpg"
    )
    expect(keyringOf(["Signed-By: /a.gpg /b.gpg"])).toBe("/a.gpg")
  })

  it("is not known where the key stands in the source, or nothing is said", () => {
    expect(keyringOf(["Signed-By:", " -----BEGIN PGP PUBLIC KEY BLOCK-----"])).toBeUndefined()
    expect(keyringOf(["Signed-By: 0123456789ABCDEF"])).toBeUndefined()
    expect(keyringOf([])).toBeUndefined()
  })
})

it("writes a source in the form that apt reads", () => {
  expect(stanzaOf({
    uri: "http://mirror.example/debian/",
    suites: ["bookworm", "bookworm-updates"],
    trusted: ["Signed-By: /a.gpg"]
  })).toBe(lines(
    "Types: deb",
    "URIs: http://mirror.example/debian/",
    "Suites: bookworm bookworm-updates",
    "Components: main",
    "Signed-By: /a.gpg"
  ))
})
