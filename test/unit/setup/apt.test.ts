import { expect, it } from "@effect/vitest"
import { isConfigured, mirrorOf, parseTargets, sourcesFile, trustOf } from "../../../src/setup/apt.ts"

const line = (uri: string, release: string, component: string, entry: string) =>
  [uri, release, component, entry].join("\t")

const targets = parseTargets([
  line("https://vendor.example/apt/", "bookworm", "main", "/etc/apt/sources.list.d/vendor.list:1"),
  line("https://other.example/", "bookworm", "stable", "/etc/apt/sources.list.d/other.list:1"),
  line("http://mirror.example/debian/", "bookworm", "main", "/etc/apt/sources.list.d/debian.sources:1"),
  line(
    "http://mirror.example/debian/",
    "bookworm-updates",
    "main",
    "/etc/apt/sources.list.d/debian.sources:1"
  ),
  line(
    "http://mirror.example/debian-security/",
    "bookworm-security",
    "main",
    "/etc/apt/sources.list.d/debian.sources:2"
  ),
  ""
].join("\n"))

it("takes the distribution's mirror, and not another vendor's that has the same code name", () => {
  expect(mirrorOf(targets, "bookworm")).toEqual({
    uri: "http://mirror.example/debian/",
    release: "bookworm",
    component: "main",
    file: "/etc/apt/sources.list.d/debian.sources",
    entry: 1
  })
})

it("takes no cdrom, and says when there is no mirror", () => {
  expect(mirrorOf(parseTargets(line("cdrom:[Debian]/", "bookworm", "main", "x:1")), "bookworm"))
    .toBeUndefined()
  expect(mirrorOf(targets, "trixie")).toBeUndefined()
})

it("sees whether backports is configured", () => {
  expect(isConfigured(targets, "bookworm-backports")).toBe(false)
  const more = parseTargets(line("http://mirror.example/debian/", "bookworm-backports", "main", "/x.list:3"))
  expect(isConfigured([...targets, ...more], "bookworm-backports")).toBe(true)
})

it("passes on how a source is trusted, in either form of sources, keys in the file included", () => {
  const [, , debian] = targets
  const [vendor] = targets
  if (debian === undefined || vendor === undefined) throw new Error("no targets")
  const text =
    "# a comment\nTypes: deb\nURIs: http://mirror.example/debian\nSuites: bookworm\nSigned-By:\n -----BEGIN\n .\n -----END\nComponents: main\n\n"
    + "Types: deb\nSigned-By: /other.gpg\n"
  expect(trustOf(text, debian)).toEqual(["Signed-By:", " -----BEGIN", " .", " -----END"])
  expect(trustOf(text, { ...debian, entry: 2 })).toEqual(["Signed-By: /other.gpg"])
  expect(
    trustOf(
      "deb [arch=amd64 signed-by=/a.gpg,/b.gpg trusted=yes] https://vendor.example/apt bookworm main",
      vendor
    )
  )
    .toEqual(["Signed-By: /a.gpg /b.gpg", "Trusted: yes"])
  expect(trustOf("deb http://mirror.example/debian bookworm main", vendor)).toEqual([])
})

it("writes a source in the form that apt reads", () => {
  const [, , debian] = targets
  if (debian === undefined) throw new Error("no target")
  expect(sourcesFile(debian, "bookworm-backports", ["Signed-By: /a.gpg"])).toBe(
    "Types: deb\nURIs: http://mirror.example/debian/\nSuites: bookworm-backports\nComponents: main\nSigned-By: /a.gpg\n"
  )
})
