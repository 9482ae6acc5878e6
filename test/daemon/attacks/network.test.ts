import { describe, expect } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { networkInterfaces } from "node:os"
import { IncusService } from "../../../src/incus/IncusService.ts"
import { aclKeys, openingOf, restrictedAcl } from "../../../src/policy/network/restricted.ts"
import { eventually } from "../support/eventually.ts"
import * as Library from "../support/library.ts"
import { inside, statusOf, withoutOffSwitch } from "../support/look.ts"
import { outerNetwork, serve } from "../support/outerNetwork.ts"
import { background, clincus, succeeds } from "../support/program.ts"
import { World } from "../support/World.ts"

/** Whether a container's root gets an answer from a server, with `options` for curl. */
const reaches = (container: string, address: string, port: number, options = "") =>
  inside(container, `curl -s -m 3 ${options} http://${address}:${port}/ || true`).pipe(
    Effect.map((text) => text.includes("here is"))
  )

/** Of a list of addresses those that answer. */
const answering = (container: string, port: number, addresses: ReadonlyArray<string>) =>
  Effect.filter(addresses, (address) => reaches(container, address, port), { concurrency: "unbounded" })

/** A session with a shell in the place of a tool, once its system is on the network. */
const session = (...options: ReadonlyArray<string>) =>
  Effect.flatMap(World, ({ workspace }) => sessionOn(workspace(), ...options))

const sessionOn = (directory: string, ...options: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const { container } = yield* background(directory, "--tool", "claude", "--debug", ...options)
    if (!options.includes("none")) {
      yield* eventually(
        "a default route",
        inside(container, "ip route show default"),
        (text) => text.includes("default")
      )
    }
    return container
  })

/** The name of the restricted network, and the address of its bridge. */
const restricted = Effect.gen(function*() {
  const { acls } = yield* IncusService
  const { config } = Option.getOrThrow(yield* acls.get(restrictedAcl))
  return {
    network: config[aclKeys.network] ?? "",
    bridge: (config[aclKeys.address] ?? "").replace(/\/.*/, "")
  }
})

/** A port of this machine that nothing else listens on, one in a thousand times. */
const port = () => 20_000 + Math.floor(Math.random() * 10_000)

/** This machine's own addresses, but for the loopback interface's. */
const ownAddresses = () =>
  Object.values(networkInterfaces()).flatMap((all) => all ?? [])
    .filter(({ family, internal }) => family === "IPv4" && !internal).map(({ address }) => address)

const address = (container: string) =>
  Effect.map(
    inside(container, "ip -4 -o address show dev eth0"),
    (text) => / inet ([\d.]+)\//.exec(text)?.[1] ?? ""
  )

// Network namespaces and addresses of the machine are root's to make.
if (process.getuid?.() === 0) {
  describe("a restricted session", () => {
    Library.test("reaches the Internet, and neither private networks nor metadata services", () =>
      Effect.gen(function*() {
        const outer = yield* outerNetwork
        const [closed, open] = [yield* session(), yield* session("--network", "open")]
        const all = [outer.public, ...outer.private]
        expect(yield* answering(closed, outer.port, all)).toEqual([outer.public])
        // A name that leads there is no way round, and neither is an address of IPv6 that stands for one of IPv4.
        for (const target of outer.private) {
          const named = `--resolve public.example:${outer.port}:${target}`
          expect(yield* reaches(closed, "public.example", outer.port, named), target).toBe(false)
          expect(yield* reaches(closed, `[::ffff:${target}]`, outer.port, "-g"), target).toBe(false)
          expect(yield* reaches(closed, `[64:ff9b::${target}]`, outer.port, "-g"), target).toBe(false)
        }
        // The control: all of them are there for a session that may.
        expect(yield* answering(open, outer.port, all)).toEqual(all)
        const named = `--resolve public.example:${outer.port}:${outer.private[0]}`
        expect(yield* reaches(open, "public.example", outer.port, named)).toBe(true)
      }))

    Library.test("reaches no service of the machine, on whatever address", () =>
      Effect.gen(function*() {
        const { bridge } = yield* restricted
        const own = [...new Set([bridge, ...ownAddresses()])]
        const { port: service } = yield* serve(port(), own)
        const [closed, open] = [yield* session(), yield* session("--network", "open")]
        expect(yield* answering(closed, service, own)).toEqual([])
        const names = yield* inside(closed, "getent hosts _gateway || true")
        expect(names).toContain(bridge)
        expect(yield* reaches(closed, "_gateway", service)).toBe(false)
        // The control: the services are there.
        expect(yield* answering(open, service, own.filter((one) => one !== bridge)))
          .toEqual(own.filter((one) => one !== bridge))
      }))

    Library.test("resolves names and gets packages as ever", () =>
      Effect.gen(function*() {
        const container = yield* session()
        expect(yield* inside(container, "npm view left-pad version", 1000)).toMatch(/^\d+\.\d+/)
        yield* inside(container, "apt-get update -o APT::Update::Error-Mode=any")
      }))

    Library.test("sends nothing to another session, by any protocol", () =>
      Effect.gen(function*() {
        const [one, other] = [yield* session(), yield* session()]
        const target = yield* address(other)
        const mac = (yield* inside(other, "cat /sys/class/net/eth0/address")).trim()
        yield* listen(other)
        yield* inside(other, "setsid python3 -m http.server 8000 >/dev/null 2>&1 & sleep 1")
        expect(yield* inside(one, `curl -s -m 3 http://${target}:8000/ || echo closed`)).toBe("closed\n")
        yield* inside(one, frames(mac, "from the other"))
        // With the way there forced upon the system, it is still not one.
        yield* inside(
          one,
          `ip neighbour replace ${target} lladdr ${mac} dev eth0; curl -s -m 2 http://${target}:8000/ && exit 1 || true`
        )
        yield* Effect.sleep("1 second")
        expect(yield* heard(other)).not.toContain("from the other")
        // The control: what is sent so arrives where nothing is in the way.
        const [third, fourth] = [yield* session("--network", "open"), yield* session("--network", "open")]
        yield* listen(fourth)
        const open = (yield* inside(fourth, "cat /sys/class/net/eth0/address")).trim()
        yield* inside(third, frames(open, "from a neighbour"))
        yield* eventually("frames arrive", heard(fourth), (text) => text.includes("from a neighbour"))
      }))

    Library.test("is reached by this machine, for a server in it, and by no container", () =>
      Effect.gen(function*() {
        const [one, open] = [yield* session(), yield* session("--network", "open")]
        const serve = "cd /root; setsid python3 -m http.server 8000 >/dev/null 2>&1 & sleep 1"
        yield* Effect.forEach([one, open], (container) => inside(container, serve))
        const [target, control] = [yield* address(one), yield* address(open)]
        expect(yield* inside(open, `curl -s -m 3 http://${target}:8000/ || echo closed`)).toBe("closed\n")
        const fetched = (to: string) =>
          Effect.promise(() => fetch(`http://${to}:8000/`).then((answer) => answer.status))
        expect([yield* fetched(target), yield* fetched(control)]).toEqual([200, 200])
        // The control: an open one is reached by containers too.
        const other = yield* session("--network", "open")
        expect(yield* inside(other, `curl -s -m 3 http://${control}:8000/`)).toContain("Directory listing")
      }))

    Library.test("sends under no other address than its own", () =>
      Effect.gen(function*() {
        const outer = yield* outerNetwork
        const [one, other] = [yield* session(), yield* session()]
        const theirs = yield* address(other)
        const say = (text: string) => `printf '%s' ${text} >/dev/udp/${outer.public}/${outer.port}`
        yield* inside(one, say("own"))
        yield* eventually("the control arrives", outer.seen, (lines) => lines.includes(`${outer.public} own`))
        yield* inside(
          one,
          `ip address add ${theirs}/24 dev eth0; gw=$(ip route show default | cut -d' ' -f3); ip route replace ${outer.public} via $gw dev eth0 src ${theirs}; ${
            say("spoofed")
          }; ip address del ${theirs}/24 dev eth0; ip route del ${outer.public}
          ip link set eth0 address 02:00:00:00:00:99; ${say("disguised")}; true`
        )
        yield* Effect.sleep("1 second")
        const seen = yield* outer.seen
        expect(seen).not.toContain(`${outer.public} spoofed`)
        expect(seen).not.toContain(`${outer.public} disguised`)
        // The control: the other session still has its address to itself.
        yield* inside(other, say("theirs"))
        yield* eventually("it arrives", outer.seen, (lines) => lines.includes(`${outer.public} theirs`))
      }))

    Library.test("is given no address but its own, and so takes none away from others", () =>
      Effect.gen(function*() {
        const one = yield* session()
        expect(yield* inside(one, offered("os.urandom(6)"))).toBe("0\n")
        // The control: for the interface itself there is an answer.
        expect(yield* inside(one, offered("own"))).toBe("1\n")
      }))

    Library.test("is restricted from its first packet on, also when it boots again", () =>
      Effect.gen(function*() {
        const outer = yield* outerNetwork
        const { workspace } = yield* World
        const directory = workspace()
        const container = yield* sessionOn(directory, "--persistent")
        // What an agent can leave behind: a program that sends as soon as there is a network, and before.
        yield* inside(
          container,
          `${withoutOffSwitch}
printf '%s\\n' '#!/bin/bash' 'for ((i = 0; i < 4000; i++)); do for a in ${outer.public} ${
            outer.private.join(" ")
          }; do printf early >/dev/udp/$a/${outer.port}; done; sleep 0.005; done 2>/dev/null' >/opt/early
chmod +x /opt/early
printf '[Unit]\\nDefaultDependencies=no\\nBefore=systemd-networkd.service\\n[Service]\\nExecStart=/opt/early\\n' >/etc/systemd/system/early.service
mkdir -p /etc/systemd/system/sysinit.target.wants
ln -sf /etc/systemd/system/early.service /etc/systemd/system/sysinit.target.wants/early.service
systemctl reboot &`
        ).pipe(Effect.ignore)
        yield* eventually(
          "the control arrives",
          outer.seen,
          (lines) => lines.includes(`${outer.public} early`)
        )
        yield* succeeds("shutdown", "--timeout", "1", container)
        expect(yield* statusOf(container)).toBe("Stopped")
        expect(yield* sessionOn(directory, "--persistent")).toBe(container)
        yield* Effect.sleep("2 seconds")
        expect([...new Set(yield* outer.seen)]).toEqual([`${outer.public} early`])
      }))
  })

  describe("what is opened to a session", () => {
    Library.test("is that alone, for that session alone, as long as it lives", () =>
      Effect.gen(function*() {
        const world = yield* World
        const outer = yield* outerNetwork
        const [opened, ...rest] = outer.private
        const neighbour = yield* session()
        yield* Effect.gen(function*() {
          yield* world.configure(`${world.configuration}\n[network]\nallow = ["${opened}:${outer.port}"]\n`)
          const container = yield* session()
          expect(yield* answering(container, outer.port, [opened, ...rest])).toEqual([opened])
          expect(yield* answering(neighbour, outer.port, [opened, ...rest])).toEqual([])
          yield* world.configure(`${world.configuration}\n[network]\nallow = ["${opened}:1"]\n`)
          expect(yield* reaches(yield* session(), opened, outer.port)).toBe(false)
          yield* world.configure(`${world.configuration}\n[network]\nallow = ["172.16.0.0/12"]\n`)
          expect(yield* answering(yield* session(), outer.port, outer.private)).toEqual(["172.20.6.6"])
        }).pipe(Effect.scoped)
      }))

    Library.test("is a service of the machine's loopback interface, by its port, also without a network", () =>
      Effect.gen(function*() {
        const world = yield* World
        const [wanted, other] = [yield* serve(port(), ["127.0.0.1"]), yield* serve(port(), ["127.0.0.1"])]
        const outer = yield* outerNetwork
        yield* Effect.gen(function*() {
          yield* world.configure(`${world.configuration}\n[network]\nallow = ["host:${wanted.port}"]\n`)
          for (const mode of ["restricted", "none", "open"]) {
            const container = yield* session("--network", mode)
            expect(yield* reaches(container, "host", wanted.port), mode).toBe(true)
            expect(yield* reaches(container, "host", other.port), mode).toBe(false)
            expect(yield* reaches(container, outer.public, outer.port), mode).toBe(mode !== "none")
          }
        }).pipe(Effect.scoped)
      }))

    Library.test("is closed by the end of the session", () =>
      Effect.gen(function*() {
        const world = yield* World
        const { acls } = yield* IncusService
        const openings = Effect.map(acls.get(restrictedAcl), (acl) =>
          Option.getOrThrow(acl).egress.filter((rule) =>
            openingOf(rule) !== undefined && rule.destination === "10.66.6.6/32" &&
            rule.destination_port === "4433"
          ))
        expect(yield* openings).toEqual([])
        yield* Effect.gen(function*() {
          yield* world.configure(`${world.configuration}\n[network]\nallow = ["10.66.6.6:4433"]\n`)
          const container = yield* session()
          expect(yield* openings).toHaveLength(1)
          yield* clincus("kill", "--force", container)
          yield* clincus("list")
        }).pipe(Effect.scoped)
        expect(yield* openings).toEqual([])
      }))
  })

  describe("a session without a network", () => {
    Library.test("has no interface but the loopback one, and cannot make one that leads anywhere", () =>
      Effect.gen(function*() {
        const outer = yield* outerNetwork
        const [none, open] = [yield* session("--network", "none"), yield* session("--network", "open")]
        const links = Effect.map(inside(none, "ls /sys/class/net"), (text) => text.trim().split(/\s+/))
        expect(yield* links).not.toContain("eth0")
        yield* inside(
          none,
          "ip link add veth7 type veth peer name veth8; ip link set veth7 up; ip route add default dev veth7 || true"
        )
        expect(yield* answering(none, outer.port, [outer.public, ...outer.private])).toEqual([])
        expect(yield* answering(open, outer.port, [outer.public])).toEqual([outer.public])
      }))
  })
}

/** Asks by DHCP for an address for a station, and prints how many are offered: one, or none. */
const offered = (station: string) =>
  `python3 - <<'END'
import os, socket
own = bytes.fromhex(open("/sys/class/net/eth0/address").read().strip().replace(":", ""))
id = os.urandom(4)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
s.bind(("", 68))
s.settimeout(3)
discover = b"\\x01\\x01\\x06\\x00" + id + b"\\x00\\x00\\x80\\x00" + bytes(16) + (${station}) + bytes(202) + b"\\x63\\x82\\x53\\x63\\x35\\x01\\x01\\xff"
s.sendto(discover.ljust(300, b"\\x00"), ("255.255.255.255", 67))
found = 0
try:
    while found == 0:
        answer = s.recv(2000)
        found = int(answer[4:8] == id and answer[0] == 2)
except TimeoutError: pass
print(found)
END`

/** Writes down all frames that arrive at a container. */
const listen = (container: string) =>
  inside(
    container,
    `cat >/opt/listen.py <<'END'
import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
out = open("/opt/heard", "ab", buffering=0)
open("/opt/listening", "w").close()
while True:
    out.write(s.recv(65535) + b"\\n")
END
setsid python3 /opt/listen.py >/dev/null 2>&1 &
until [ -e /opt/listening ]; do sleep 0.05; done`
  )

const heard = (container: string) => inside(container, "tr -cd '[:print:]\\n' </opt/heard")

/** Sends a text in raw frames: to one station, to all, to a group; as IPv4, IPv6, ARP, with a VLAN tag, as nothing known. */
const frames = (mac: string, text: string) =>
  `python3 - <<'END'
import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("eth0", 0))
own = bytes.fromhex(open("/sys/class/net/eth0/address").read().strip().replace(":", ""))
for to in ("${mac}", "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:fb", "33:33:00:00:00:01"):
    for kind in ("0800", "86dd", "0806", "8100000a0800", "88b5"):
        s.send(bytes.fromhex(to.replace(":", "")) + own + bytes.fromhex(kind) + b"${text}".ljust(60, b" "))
END`
