import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import { fileScript } from "../guest/buildScript.ts"
import { packumentScript, type ProvisionStep, registryScript, steps } from "../guest/imageProvision.ts"
import { quote } from "../host/shell.ts"
import { IncusService } from "../incus/IncusService.ts"
import { baseFor, suite } from "./base.ts"
import { type Placement, runInside, startScoped, StepFailed } from "./BuildContainer.ts"
import { CurrentLog } from "./BuildLog.ts"
import { propertiesFor } from "./ImageSummary.ts"
import { type Inherited, inheritedFor } from "./inherited.ts"
import { decodePackument, longTermRelease } from "./nodeRelease.ts"
import { parseVersions, versionsScript } from "./versions.ts"

/** Certificates and sources of the machine, put in place before anything is downloaded. */
const inheritedScript = ({ certificates, debian }: Inherited): string =>
  [
    ...certificates.map((pem, index) =>
      fileScript(`/usr/local/share/ca-certificates/host-${index + 1}.crt`, `${pem}\n`)
    ),
    ...(debian === undefined ? [] : [
      "rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*",
      fileScript("/etc/apt/sources.list.d/debian.sources", debian.sources),
      `[ -e ${quote(debian.keyring)} ] || {\n${fileScript(debian.keyring, debian.key)}\n}`
    ])
  ].join("\n")

type Variables = Readonly<Record<string, string>>

/** npm's registry: the machine's, or the one that Debian's npm names. Without a slash at its end. */
const registryFor = (container: string, inherited: Inherited) =>
  inherited.registry !== undefined
    ? Effect.succeed(inherited.registry)
    : Effect.gen(function*() {
      const log = yield* CurrentLog
      yield* log.step("Asking Debian's npm for its registry")
      const said = yield* runInside(container, registryScript, inherited.proxies)
      const url = said.split("\n").find((line) => /^https?:\/\//.test(line))
      return url === undefined
        ? yield* new StepFailed({ reason: "npm did not name a registry" })
        : url.trim().replace(/\/+$/, "")
    })

/** The Node release to install, out of what the registry has for this architecture. */
const nodeFor = (container: string, variables: Variables) =>
  Effect.gen(function*() {
    const answer = yield* runInside(container, packumentScript, variables, "quiet")
    const packument = yield* decodePackument(answer).pipe(
      Effect.mapError(() => new StepFailed({ reason: "the registry's answer about Node is not understood" }))
    )
    const version = longTermRelease(packument, yield* Clock.currentTimeMillis)
    return version === undefined
      ? yield* new StepFailed({ reason: "the registry has no long-term release of Node, 22 or later" })
      : version
  })

/** Installs everything in a container of the base; returns the versions of what is inside now. */
const provision = (container: string, inherited: Inherited, insecure: boolean) =>
  Effect.gen(function*() {
    const log = yield* CurrentLog
    const run = ({ script, title }: ProvisionStep, variables: Variables, before = "") =>
      log.step(title).pipe(Effect.zipRight(runInside(container, `${before}\n${script}`, variables)))

    yield* run(steps.prepare, inherited.proxies, inheritedScript(inherited))
    yield* run(steps.install, inherited.proxies)
    const variables = {
      ...inherited.proxies,
      REGISTRY: yield* registryFor(container, inherited),
      ...(insecure ? { INSECURE_BASE: "yes" } : {})
    }
    yield* log.step(steps.node.title)
    const node = yield* nodeFor(container, variables)
    yield* runInside(container, steps.node.script, { ...variables, NODE_VERSION: node })
    yield* run(steps.tools, variables)
    yield* run(steps.settle, variables)
    const versions = parseVersions(yield* runInside(container, versionsScript, {}))
    yield* run(steps.clean, {})
    return versions
  })

/** The new image, still without a name. It is removed with the scope unless `kept` is set before. */
const publishScoped = (container: string, properties: Record<string, string>, kept: Ref.Ref<boolean>) =>
  Effect.gen(function*() {
    const { images } = yield* IncusService
    const attempt = (compression: string | undefined) => images.publish(container, properties, compression)
    // zstd is a third of the time of the default, gzip, and smaller; but the daemon's machine may not have it.
    const publish = attempt("zstd -3 -T0").pipe(
      Effect.catchIf(
        (error) => error._tag === "IncusRequestError" && /zstd|compress/i.test(error.reason),
        () => attempt(undefined)
      )
    )
    return yield* Effect.uninterruptibleMask((restore) =>
      restore(publish).pipe(
        Effect.tap((fingerprint) =>
          Effect.addFinalizer(() =>
            Effect.flatMap(Ref.get(kept), (keep) =>
              keep ? Effect.void : Effect.ignore(images.remove(fingerprint)))
          )
        )
      )
    )
  })

/** Gives the alias to the new image and removes the image that had it, unless that image has another name as well. */
export const replace = (alias: string, fingerprint: string) =>
  Effect.gen(function*() {
    const { images } = yield* IncusService
    const before = yield* images.pointAlias(alias, fingerprint)
    if (Option.isNone(before) || before.value === fingerprint) return
    const old = yield* Effect.option(images.get(before.value))
    if (Option.isSome(old) && old.value.aliases.length === 0) {
      // Somebody may be making a container of it right now; then it stays, without a name.
      yield* Effect.ignore(images.remove(before.value))
    }
  })

/**
 * Makes the image of these options and points the alias at it. All that it makes on the way belongs to the scope: a
 * base image, files, the build container, and the new image until it has its name.
 */
export const construct = (
  options: Placement & {
    readonly alias: string
    readonly base: string
    readonly insecure?: boolean | undefined
  }
) =>
  Effect.gen(function*() {
    const log = yield* CurrentLog
    const { images, instances } = yield* IncusService
    const inherited = yield* inheritedFor(suite)
    const base = yield* baseFor(options.base, inherited)

    yield* log.step("Starting the build container")
    const container = yield* startScoped(base.fingerprint, options)
    const versions = yield* provision(container, inherited, options.insecure === true)

    yield* log.step("Publishing the image")
    yield* instances.stop(container, { force: true })
    const kept = yield* Ref.make(false)
    const properties = propertiesFor({
      now: yield* Clock.currentTimeMillis,
      base: base.origin,
      versions
    })
    const fingerprint = yield* publishScoped(container, properties, kept)
    yield* instances.remove(container)

    // Unpacks it into the storage pool too, so that the first session need not wait for that.
    yield* log.step("Starting a container of the image")
    const trial = yield* startScoped(fingerprint, options)
    yield* runInside(trial, "id code && command -v tmux claude opencode", {})
    yield* instances.destroy(trial)

    yield* Effect.uninterruptible(
      replace(options.alias, fingerprint).pipe(Effect.zipRight(Ref.set(kept, true)))
    )
    return yield* images.get(fingerprint)
  })
