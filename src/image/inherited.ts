import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import { debianMirror, fetchedTargets, keyringOf, parseTargets, stanzaOf, trustOf } from "../host/apt.ts"
import { Host } from "../host/Host.ts"
import { ask } from "../host/programs.ts"

/** What a build takes over from the machine that it runs on. */
export interface Inherited {
  /** Extra certificate authorities, one PEM block each. */
  readonly certificates: ReadonlyArray<string>
  /** Proxy variables in lower and upper case. */
  readonly proxies: Readonly<Record<string, string>>
  /** npm's registry without a slash at its end; undefined if the machine has no npm. */
  readonly registry: string | undefined
  /** Debian sources and the keyring they name; undefined if the machine is not a Debian. */
  readonly debian:
    | { readonly sources: string; readonly keyring: string; readonly key: Uint8Array }
    | undefined
}

/** Where Debian, Fedora and Arch keep the authorities that an administrator has added. */
const anchors = [
  "/usr/local/share/ca-certificates",
  "/etc/pki/ca-trust/source/anchors",
  "/etc/ca-certificates/trust-source/anchors"
]

const block = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g

/** The certificates in the text of a file, each for itself. */
export const certificatesIn = (pem: string): ReadonlyArray<string> => pem.match(block) ?? []

const proxyNames = ["http_proxy", "https_proxy", "no_proxy", "all_proxy"]

const certificates = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const host = yield* Host
  const listed = yield* Effect.forEach(
    anchors,
    (directory) =>
      fs.readDirectory(directory, { recursive: true }).pipe(
        Effect.map((names) => names.map((name) => path.join(directory, name))),
        Effect.orElseSucceed((): Array<string> => [])
      )
  )
  const named = host.environment["NODE_EXTRA_CA_CERTS"] ?? ""
  // A bundle of the whole system holds nothing that Debian does not have.
  const extra = named === "" || /^\/etc\/(ssl|pki)\//.test(named) ? [] : [named]
  const texts = yield* Effect.forEach(
    [...listed.flat(), ...extra],
    (file) => fs.readFileString(file).pipe(Effect.orElseSucceed(() => ""))
  )
  return [...new Set(texts.flatMap(certificatesIn))]
})

const registry = Effect.gen(function*() {
  const host = yield* Host
  const said = host.environment["npm_config_registry"] || (yield* ask("npm", "config", "get", "registry"))
  const url = said?.trim().replace(/\/+$/, "")
  return url !== undefined && /^https?:\/\/\S+$/.test(url) ? url : undefined
})

/** A machine with a mirror of Debian wants the image to be made from it, and to use it. */
const debian = (suite: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const mirror = debianMirror(parseTargets((yield* ask(...fetchedTargets)) ?? ""))
    if (mirror === undefined) return undefined
    const { main, security } = mirror
    const keyring = keyringOf(trustOf(yield* fs.readFileString(main.file), main))
      ?? "/usr/share/keyrings/debian-archive-keyring.gpg"
    const trusted = [`Signed-By: ${keyring}`]
    const sources = [
      stanzaOf({ uri: main.uri, suites: [suite, `${suite}-updates`], trusted }),
      ...(security === undefined
        ? []
        : [stanzaOf({ uri: security.uri, suites: [`${suite}-security`], trusted })])
    ]
    return { sources: sources.join("\n"), keyring, key: yield* fs.readFile(keyring) }
  }).pipe(Effect.orElseSucceed(() => undefined))

/** Looks at the machine; what it does not have is left out. */
export const inheritedFor = (
  suite: string
): Effect.Effect<
  Inherited,
  never,
  FileSystem.FileSystem | Path.Path | Host
> =>
  Effect.gen(function*() {
    const host = yield* Host
    const proxies = proxyNames.flatMap((name) => {
      const value = host.environment[name] || host.environment[name.toUpperCase()]
      return value === undefined || value === "" ? [] : [[name, value], [name.toUpperCase(), value]]
    })
    return {
      proxies: Object.fromEntries(proxies),
      ...(yield* Effect.all({ certificates, registry, debian: debian(suite) }, { concurrency: "unbounded" }))
    }
  })
