/** What a machine says of the firewalls on it, each as its own program prints it; empty if there is none or it may not be asked. */
export interface FirewallFacts {
  /** The bridges that sessions and builds are on. */
  readonly bridges: ReadonlyArray<string>
  /** `iptables -S FORWARD` */
  readonly forward: string
  /** Whether Docker is on the machine. */
  readonly docker: boolean
  /** /etc/ufw/ufw.conf */
  readonly ufw: string
  /** Zones of the bridges, by `firewall-cmd --get-zone-of-interface`; undefined if firewalld does not run. */
  readonly zones: Readonly<Record<string, string>> | undefined
  /** `nft list ruleset` */
  readonly ruleset: string
}

/** A firewall that keeps sessions from the network, and what opens it for them. */
export interface FirewallFinding {
  readonly firewall: "docker" | "iptables" | "ufw" | "firewalld" | "nftables"
  readonly bridge: string
  /** A sentence without its full stop. */
  readonly reason: string
  readonly commands: ReadonlyArray<string>
}

/** True if the rules of `iptables -S FORWARD` drop what no rule lets through. */
export const dropsForwarded = (rules: string): boolean => /^-P FORWARD (DROP|REJECT)$/m.test(rules)

/** True if /etc/ufw/ufw.conf switches ufw on. */
export const ufwEnabled = (text: string): boolean => /^\s*ENABLED\s*=\s*"?yes"?\s*$/im.test(text)

/** A chain of nftables that decides about packets, and drops what no rule of it lets through. */
interface DroppingChain {
  readonly family: string
  readonly table: string
  readonly chain: string
  readonly hook: string
  readonly text: string
}

/**
 * The chains of a ruleset that drop by policy what comes in or is forwarded. Those that other programs keep are left out:
 * they are asked themselves.
 */
export const droppingChains = (ruleset: string): ReadonlyArray<DroppingChain> =>
  [...ruleset.matchAll(/^table (\S+) (\S+) \{\n([\s\S]*?)^\}/gm)].flatMap((
    [, family = "", table = "", body = ""]
  ) =>
    table === "incus" || table === "firewalld" || !["inet", "ip"].includes(family)
      || /^(filter|nat|mangle)$/.test(table) && body.includes("DOCKER")
      ? []
      : [...body.matchAll(/^\tchain (\S+) \{\n([\s\S]*?)^\t\}/gm)].flatMap(([, chain = "", text = ""]) => {
        const hook = /type filter hook (input|forward) [^;]*; policy drop;/.exec(text)?.[1]
        return hook === undefined ? [] : [{ family, table, chain, hook, text }]
      })
  )

const ofDocker = ({ bridges, docker, forward }: FirewallFacts): ReadonlyArray<FirewallFinding> =>
  !dropsForwarded(forward) ?
    [] :
    bridges.filter((bridge) => !forward.includes(`-i ${bridge} `)).map((bridge) => {
      const chain = docker ? "DOCKER-USER" : "FORWARD"
      return {
        firewall: docker ? "docker" : "iptables",
        bridge,
        reason: docker
          ? "Docker's firewall keeps the containers of other programs from the network"
          : "the firewall of this machine drops forwarded packets",
        commands: [
          `sudo iptables -I ${chain} -i ${bridge} -j ACCEPT`,
          `sudo iptables -I ${chain} -o ${bridge} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`
        ]
      }
    })

const ofUfw = ({ bridges, ufw }: FirewallFacts): ReadonlyArray<FirewallFinding> =>
  !ufwEnabled(ufw) ? [] : bridges.map((bridge) => ({
    firewall: "ufw",
    bridge,
    reason: "ufw is on",
    commands: [
      `sudo ufw allow in on ${bridge}`,
      `sudo ufw route allow in on ${bridge}`,
      `sudo ufw route allow out on ${bridge}`
    ]
  }))

const ofFirewalld = ({ bridges, zones }: FirewallFacts): ReadonlyArray<FirewallFinding> =>
  zones === undefined
    ? []
    : bridges.filter((bridge) => zones[bridge] !== "trusted").map((bridge) => ({
      firewall: "firewalld",
      bridge,
      reason: `firewalld has ${bridge} in the zone ${
        zones[bridge] || "that is its default"
      }, which lets no DHCP, DNS or forwarding through`,
      commands: [
        `sudo firewall-cmd --permanent --zone=trusted --change-interface=${bridge}`,
        "sudo firewall-cmd --reload"
      ]
    }))

const ofNftables = ({ bridges, ruleset }: FirewallFacts): ReadonlyArray<FirewallFinding> =>
  bridges.flatMap((bridge) => {
    const closed = droppingChains(ruleset).filter(({ text }) => !text.includes(`"${bridge}"`))
    const [first] = closed
    return first === undefined ? [] : [{
      firewall: "nftables" as const,
      bridge,
      reason:
        `the chain ${first.chain} of the table ${first.family} ${first.table} of nftables drops what comes from ${bridge}`,
      commands: closed.flatMap(({ chain, family, hook, table }) => {
        const rule = `sudo nft insert rule ${family} ${table} ${chain}`
        return hook === "input"
          ? [
            `${rule} iifname ${bridge} udp dport '{ 53, 67 }' accept`,
            `${rule} iifname ${bridge} tcp dport 53 accept`
          ]
          : [
            `${rule} iifname ${bridge} accept`,
            `${rule} oifname ${bridge} ct state established,related accept`
          ]
      })
    }]
  })

/**
 * The firewalls of a machine that keep the containers on these bridges from the network, with what opens each for them.
 * Nothing of it weakens what restricted sessions are kept from: Incus's own rules reject that, whatever others accept.
 */
export const firewallFindings = (facts: FirewallFacts): ReadonlyArray<FirewallFinding> => [
  ...ofDocker(facts),
  ...ofUfw(facts),
  ...ofFirewalld(facts),
  ...ofNftables(facts)
]
