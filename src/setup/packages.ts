import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import {
  configuredTargets,
  isConfigured,
  mirrorOfRelease,
  parseTargets,
  stanzaOf,
  trustOf
} from "../host/apt.ts"
import { distributionOf, type OsRelease, parseOsRelease } from "./distribution.ts"
import type { Machine } from "./machine.ts"
import { done, manual, needed, type Step } from "./Step.ts"

/** Programs that Incus and the image build use, and the Debian packages that they are in. */
const helpers: Readonly<Record<string, string>> = {
  dnsmasq: "dnsmasq-base",
  nft: "nftables",
  ip: "iproute2",
  "mkfs.btrfs": "btrfs-progs",
  unsquashfs: "squashfs-tools",
  newuidmap: "uidmap",
  mmdebstrap: "mmdebstrap"
}

/** Where the daemon's program is: distributions keep it out of the path. */
export const daemonProgram = (machine: Machine): Effect.Effect<Option.Option<string>> =>
  Effect.findFirst(
    ["/usr/libexec/incus/incusd", "/usr/lib/incus/incusd", "/opt/incus/bin/incusd"],
    machine.exists
  ).pipe(
    Effect.flatMap(Option.match({
      onNone: () => machine.program("incusd"),
      onSome: (path) => Effect.succeed(Option.some(path))
    }))
  )

const missingHelpers = (machine: Machine) =>
  Effect.filter(
    Object.keys(helpers),
    (program) => Effect.map(machine.program(program), Option.isNone)
  ).pipe(Effect.map((programs) => programs.map((program) => helpers[program] ?? program)))

/** Adds the suite that Incus is in, from the mirror that this machine uses anyway, unless it is configured already. */
const backportsSource = (machine: Machine, os: OsRelease, suite: string) =>
  Effect.gen(function*() {
    const targets = parseTargets(yield* machine.output(configuredTargets))
    if (isConfigured(targets, suite)) return Option.some([])
    const mirror = mirrorOfRelease(targets, os.VERSION_CODENAME)
    if (mirror === undefined) return Option.none()
    const trusted = trustOf(yield* machine.read(mirror.file), mirror)
    return Option.some([
      machine.write(
        `/etc/apt/sources.list.d/${suite}.sources`,
        stanzaOf({ uri: mirror.uri, suites: [suite], trusted })
      )
    ])
  })

/** Incus and the programs it needs are installed. */
export const packagesStep = (machine: Machine): Step => ({
  name: "packages",
  title: "Incus",
  check: Effect.gen(function*() {
    const program = yield* daemonProgram(machine)
    const os = parseOsRelease(yield* machine.read("/etc/os-release"))
    const distribution = distributionOf(os, machine.user)

    if (distribution._tag === "Manual") {
      return Option.isSome(program)
        ? done(`installed (${program.value})`)
        : manual(distribution.reason, distribution.instructions)
    }
    // Another vendor's Incus brings its own helpers.
    if (Option.isSome(program) && program.value.startsWith("/opt/")) {
      return done(`installed (${program.value})`)
    }

    const missing = yield* missingHelpers(machine)
    if (Option.isSome(program) && missing.length === 0) return done(`installed (${program.value})`)

    const install = (...packages: ReadonlyArray<string>) =>
      machine.asRoot(
        "env",
        "DEBIAN_FRONTEND=noninteractive",
        "apt-get",
        "-o",
        "DPkg::Lock::Timeout=300",
        "install",
        "-y",
        "--no-install-recommends",
        ...packages
      )
    const update = machine.asRoot("apt-get", "-o", "DPkg::Lock::Timeout=300", "update")
    if (Option.isSome(program)) {
      return needed("programs that Incus needs are missing", [update, install(...missing)])
    }

    const suite = distribution.backports
    const source = suite === undefined ? Option.some([]) : yield* backportsSource(machine, os, suite)
    if (Option.isNone(source)) {
      return manual(
        `Incus is in ${suite}, and no mirror of ${os.PRETTY_NAME} is configured to take it from`,
        [
          `# add ${suite} to /etc/apt/sources.list.d, then:`,
          "sudo apt-get update",
          `sudo apt-get install -y -t ${suite} ${distribution.incus.join(" ")}`
        ]
      )
    }
    return needed("Incus is not installed", [
      ...source.value,
      update,
      install(...(suite === undefined ? [] : ["-t", suite]), ...distribution.incus),
      ...(missing.length === 0 ? [] : [install(...missing)])
    ])
  })
})
