import * as Effect from "effect/Effect"
import type { IncusFailure } from "../incus/errors.ts"
import type { Machine } from "./machine.ts"
import { chooseNetwork } from "./network.ts"
import type { IncusServer } from "./server.ts"

/** True if the rules of `iptables -S FORWARD` drop what no rule lets through. */
export const dropsForwarded = (rules: string): boolean => /^-P FORWARD (DROP|REJECT)$/m.test(rules)

/** True if /etc/ufw/ufw.conf switches ufw on. */
export const ufwEnabled = (text: string): boolean => /^\s*ENABLED\s*=\s*"?yes"?\s*$/im.test(text)

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
    const networks = yield* server.api.networks.list
    const profile = yield* server.api.profiles.get("default")
    const devices = profile._tag === "Some" ? profile.value.devices : {}
    const bridge = chooseNetwork(networks, devices, wanted) ?? "incusbr0"

    const forwarding = (yield* machine.read("/proc/sys/net/ipv4/ip_forward")).trim()
    const docker = yield* machine.exists("/sys/class/net/docker0")
    // Only root may list rules.
    const rules = machine.root
      ? yield* machine.output(["iptables", "-S", "FORWARD"]).pipe(Effect.orElseSucceed(() => ""))
      : docker
      ? "-P FORWARD DROP"
      : ""
    const ufw = ufwEnabled(yield* machine.read("/etc/ufw/ufw.conf"))
    const accepted = rules.includes(`-i ${bridge} `)

    return [
      ...(forwarding === "0"
        ? [
          "IPv4 forwarding is off, so sessions have no network: sudo sysctl -w net.ipv4.ip_forward=1"
        ]
        : []),
      ...(dropsForwarded(rules) && !accepted
        ? docker
          ? [
            `Docker's firewall keeps the containers of other programs from the network. If sessions have none:\n`
            + `  sudo iptables -I DOCKER-USER -i ${bridge} -j ACCEPT\n`
            + `  sudo iptables -I DOCKER-USER -o ${bridge} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`
          ]
          : [
            `The firewall of this machine drops forwarded packets. If sessions have no network:\n`
            + `  sudo iptables -I FORWARD -i ${bridge} -j ACCEPT\n`
            + `  sudo iptables -I FORWARD -o ${bridge} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`
          ]
        : []),
      ...(ufw
        ? [
          `ufw is on. If sessions have no network:\n`
          + `  sudo ufw allow in on ${bridge}\n  sudo ufw route allow in on ${bridge}\n`
          + `  sudo ufw route allow out on ${bridge}`
        ]
        : [])
    ]
  })
