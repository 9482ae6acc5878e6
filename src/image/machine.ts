import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import { Host } from "../host/Host.ts"
import { mirrorOf, signedBy, sourcesFor, targetFormat } from "./aptSources.ts"
import { ask } from "./hostCommand.ts"

/** What a build takes over from the machine that it runs on. */
export interface Machine {
  /** Extra certificate authorities, one PEM block each. */
  readonly certificates: ReadonlyArray<string>
  /** Proxy variables in lower and upper case. */
  readonly proxies: Readonly<Record<string, string>>
  /** npm's registry without a slash at its end; undefined where the machine has no npm. */
  readonly registry: string | undefined
  /** Debian sources and the keyring they name; undefined where the machine is no Debian. */
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

const debian = (suite: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const targets = yield* ask("apt-get", "indextargets", "--format", targetFormat, "Created-By: Packages")
    const mirror = mirrorOf(targets ?? "")
    if (mirror === undefined) return undefined
    const [, file = "", position = "1"] = /^(.*):(\d+)$/.exec(mirror.entry) ?? []
    const declared = yield* fs.readFileString(file)
    const keyring = signedBy(declared, file, Number(position))
      ?? "/usr/share/keyrings/debian-archive-keyring.gpg"
    return { sources: sourcesFor(suite, mirror, keyring), keyring, key: yield* fs.readFile(keyring) }
  }).pipe(Effect.orElseSucceed(() => undefined))

/** Looks at the machine; what it does not have is left out. */
export const machineFor = (
  suite: string
): Effect.Effect<
  Machine,
  never,
  CommandExecutor.CommandExecutor | FileSystem.FileSystem | Path.Path | Host
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
