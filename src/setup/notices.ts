import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { IncusFailure } from "../incus/errors.ts"
import { gatewayAcl } from "../policy/network/gateway.ts"
import { aclKeys, restrictedAcl } from "../policy/network/restricted.ts"
import { type FirewallFacts, type FirewallFinding, firewallFindings } from "./firewalls.ts"
import type { Machine } from "./machine.ts"
import { chooseNetwork } from "./network.ts"
import type { IncusServer } from "./server.ts"

/** The bridges that sessions and builds are on. */
export const bridgesOf = (server: IncusServer, wanted: string | undefined) =>
  Effect.gen(function*() {
    const [networks, profile, ...acls] = yield* Effect.all([
      server.api.networks.list,
      server.api.profiles.get("default"),
      server.api.acls.get(restrictedAcl),
      server.api.acls.get(gatewayAcl)
    ])
    const devices = Option.match(profile, { onNone: () => ({}), onSome: (found) => found.devices })
    const own = acls.flatMap(Option.toArray).flatMap(({ config }) => config[aclKeys.network] ?? [])
    return [
      ...own,
      chooseNetwork(networks, devices, wanted) ?? "incusbr0"
    ]
  })

/** What the firewalls of a machine say of themselves. Their rules are root's to list. */
export const firewallFacts = (
  machine: Machine,
  bridges: ReadonlyArray<string>
): Effect.Effect<FirewallFacts> =>
  Effect.gen(function*() {
    const said = (...argv: readonly [string, ...ReadonlyArray<string>]) =>
      machine.output(argv).pipe(Effect.orElseSucceed(() => ""))
    const rules = (...argv: readonly [string, ...ReadonlyArray<string>]) =>
      machine.root ? said(...argv) : Effect.succeed("")
    const docker = yield* machine.exists("/sys/class/net/docker0")
    const firewalld = (yield* said("firewall-cmd", "--state")).trim() === "running"
    const zones = yield* Effect.forEach(firewalld ? bridges : [], (bridge) =>
      Effect.map(
        said("firewall-cmd", `--get-zone-of-interface=${bridge}`),
        (zone) => [bridge, zone.trim()] as const
      ))
    return {
      bridges,
      docker,
      // Docker makes this policy wherever it runs.
      forward: docker && !machine.root ? "-P FORWARD DROP\n" : yield* rules("iptables", "-S", "FORWARD"),
      ufw: yield* machine.read("/etc/ufw/ufw.conf"),
      zones: firewalld ? Object.fromEntries(zones) : undefined,
      ruleset: yield* rules("nft", "list", "ruleset")
    }
  })

const shown = ({ bridge, commands, reason }: FirewallFinding): string =>
  [`${reason}. If sessions have no network on ${bridge}:`, ...commands.map((line) => `  ${line}`)].join("\n")

/**
 * Facts of the machine that keep sessions from the network. clincus tells of them and changes nothing: a firewall is its
 * owner's business.
 */
export const noticesOf = (
  machine: Machine,
  server: IncusServer,
  wanted: string | undefined
): Effect.Effect<ReadonlyArray<string>, IncusFailure> =>
  Effect.gen(function*() {
    const forwarding = (yield* machine.read("/proc/sys/net/ipv4/ip_forward")).trim()
    const facts = yield* firewallFacts(machine, yield* bridgesOf(server, wanted))
    return [
      ...(forwarding === "0"
        ? ["IPv4 forwarding is off, so sessions have no network: sudo sysctl -w net.ipv4.ip_forward=1"]
        : []),
      ...firewallFindings(facts).map(shown)
    ]
  })
