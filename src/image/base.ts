import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { networkFile } from "../guest/imageProvision.ts"
import { Host } from "../host/Host.ts"
import { ask, follow } from "../host/programs.ts"
import { Progress } from "../host/Progress.ts"
import type { IncusFailure } from "../incus/errors.ts"
import { IncusService } from "../incus/IncusService.ts"
import { StepFailed } from "./BuildContainer.ts"
import { CurrentLog } from "./BuildLog.ts"
import { NoBase, UnknownBase } from "./errors.ts"
import type { Inherited } from "./inherited.ts"

/** The release of Debian that images are made of. */
export const suite = "bookworm"

/** The public image server of the Incus project; `images:` in the names of its client. */
const imageServer = "https://images.linuxcontainers.org"
const debianOnServer = "debian/12"

/** A base system as an image in the store: its fingerprint and, for the record, where it came from. */
export interface Base {
  readonly fingerprint: string
  readonly origin: string
}

type Requirements =
  | IncusService
  | CurrentLog
  | Progress
  | Host
  | FileSystem.FileSystem
  | Path.Path
  | Scope.Scope

const serverAnswers = Effect.tryPromise((signal) =>
  fetch(`${imageServer}/streams/v1/index.json`, { method: "HEAD", signal })
).pipe(
  Effect.map((response) => response.ok),
  Effect.timeout("5 seconds"),
  Effect.orElseSucceed(() => false)
)

const haveMmdebstrap = Effect.map(ask("mmdebstrap", "--version"), (said) => said !== undefined)

/** An image that only this build needs: removed with the scope, unless it was in the store before. */
const temporary = (make: Effect.Effect<string, IncusFailure>) =>
  Effect.gen(function*() {
    const { images } = yield* IncusService
    const before = new Set((yield* images.list).map((image) => image.fingerprint))
    // `make` may be interrupted and then leaves nothing; nothing comes between its success and the finalizer.
    return yield* Effect.uninterruptibleMask((restore) =>
      restore(make).pipe(
        Effect.tap((fingerprint) =>
          Effect.addFinalizer(() =>
            before.has(fingerprint) ? Effect.void : Effect.ignore(images.remove(fingerprint))
          )
        )
      )
    )
  })

const fromServer = (name: string) =>
  Effect.gen(function*() {
    const log = yield* CurrentLog
    const { images } = yield* IncusService
    yield* log.step(`Downloading images:${name}`)
    const fingerprint = yield* temporary(images.copy(imageServer, name))
    return { fingerprint, origin: `images:${name}` }
  })

const architectures: Readonly<Record<string, string>> = { amd64: "x86_64", arm64: "aarch64" }

/**
 * A directory that goes with the scope. Without root mmdebstrap works as another uid, which has to get through it; and
 * should it die with file systems mounted in there, those are not walked into.
 */
const temporaryDirectory = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  return yield* Effect.acquireRelease(
    fs.makeTempDirectory({ prefix: "clincus-build-" }).pipe(
      Effect.tap((directory) => fs.chmod(directory, 0o755))
    ),
    (directory) => ask("rm", "-rf", "--one-file-system", directory)
  )
})

const fromMirror = (inherited: Inherited) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const host = yield* Host
    const log = yield* CurrentLog
    const { images } = yield* IncusService
    yield* log.step("Bootstrapping Debian 12 from the mirror")
    const debian = (yield* ask("dpkg", "--print-architecture"))?.trim() ?? ""
    const directory = yield* temporaryDirectory
    const rootfs = path.join(directory, "rootfs.tar")
    const metadata = path.join(directory, "metadata.tar")
    const network = path.join(directory, "eth0.network")
    yield* fs.writeFileString(network, networkFile)
    yield* fs.writeFileString(
      path.join(directory, "metadata.yaml"),
      `architecture: ${architectures[debian] ?? debian}\ncreation_date: ${
        Math.floor((yield* Clock.currentTimeMillis) / 1000)
      }\nproperties:\n  os: Debian\n  release: ${suite}\n`
    )
    const status = yield* follow({
      argv: [
        "mmdebstrap",
        "--variant=minbase",
        "--include=systemd,systemd-sysv,systemd-resolved,dbus,udev,ca-certificates,iproute2",
        ...["doc", "man", "info", "locale"].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
        "--dpkgopt=force-unsafe-io",
        `--customize-hook=upload ${network} /etc/systemd/network/eth0.network`,
        "--customize-hook=chroot \"$1\" systemctl enable systemd-networkd systemd-resolved",
        "--customize-hook=ln -sf ../run/systemd/resolve/stub-resolv.conf \"$1/etc/resolv.conf\"",
        "--customize-hook=: > \"$1/etc/machine-id\"; rm -f \"$1/etc/hostname\"",
        suite,
        rootfs,
        ...(inherited.debian === undefined ? [] : ["-"])
      ],
      // So that no project's files sway it.
      directory: "/",
      input: inherited.debian?.sources ?? "",
      environment: { ...host.environment, TMPDIR: directory }
    }, log.feed).pipe(Effect.mapError((error) => new StepFailed({ reason: error.message })))
    if (status !== 0) {
      return yield* new StepFailed({ reason: `mmdebstrap ended with status ${status}` })
    }
    if ((yield* ask("tar", "-C", directory, "-cf", metadata, "metadata.yaml")) === undefined) {
      return yield* new StepFailed({ reason: "tar could not pack the metadata of the base image" })
    }
    yield* log.step("Importing the base system")
    const fingerprint = yield* temporary(
      images.importSplit(metadata, rootfs, { description: "base of a clincus build, to be removed" })
    )
    yield* fs.remove(rootfs)
    return { fingerprint, origin: `mmdebstrap ${suite}` }
  })

/**
 * Finds or makes the base system: `auto`, `images`, `mmdebstrap`, `images:NAME` of the image server, or the alias or
 * fingerprint of an image in the store.
 */
export const baseFor = (
  wanted: string,
  inherited: Inherited
): Effect.Effect<Base, IncusFailure | StepFailed | NoBase | UnknownBase, Requirements> =>
  Effect.gen(function*() {
    const { images } = yield* IncusService
    const log = yield* CurrentLog
    const progress = yield* Progress
    const mirror = fromMirror(inherited).pipe(
      Effect.catchTags({
        BadArgument: (error) => Effect.fail(new StepFailed({ reason: error.message })),
        SystemError: (error) => Effect.fail(new StepFailed({ reason: error.message }))
      })
    )
    if (wanted === "images") return yield* fromServer(debianOnServer)
    if (wanted.startsWith("images:")) return yield* fromServer(wanted.slice("images:".length))
    if (wanted === "mmdebstrap") {
      if (!(yield* haveMmdebstrap)) return yield* new NoBase({ reason: "mmdebstrap is not installed" })
      return yield* mirror
    }
    if (wanted !== "auto") {
      return yield* images.get(wanted).pipe(
        Effect.map((image) => ({ fingerprint: image.fingerprint, origin: wanted })),
        Effect.catchTag("ImageNotFound", () =>
          Effect.flatMap(images.list, (all) => {
            const known = all.flatMap((one) => one.aliases.map(({ name }) => name))
            return Effect.fail(new UnknownBase({ base: wanted, known }))
          }))
      )
    }
    yield* log.step("Looking for a base system")
    const [server, bootstrap] = yield* Effect.all([serverAnswers, haveMmdebstrap], { concurrency: 2 })
    if (!bootstrap) {
      return yield* fromServer(debianOnServer).pipe(
        Effect.catchTag("IncusRequestError", ({ reason }) =>
          Effect.fail(
            new NoBase({
              reason: `${imageServer} did not deliver one (${reason}) and mmdebstrap is not installed`
            })
          ))
      )
    }
    if (server) {
      return yield* fromServer(debianOnServer).pipe(
        Effect.catchTag(
          "IncusRequestError",
          ({ reason }) =>
            progress.notice(`${imageServer} did not deliver a base system: ${reason}`).pipe(
              Effect.zipRight(mirror)
            )
        )
      )
    }
    return yield* mirror
  })
