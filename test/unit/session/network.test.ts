import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { parseAddress } from "../../../src/domain/ipv4.ts"
import { IncusService } from "../../../src/incus/IncusService.ts"
import { MemoryIncus } from "../../../src/incus/memory/MemoryIncus.ts"
import { restrictedAcl } from "../../../src/policy/network/restricted.ts"
import type { MemorySessionsOptions } from "../../../src/session/memory/memorySessions.ts"
import { Sessions } from "../../../src/session/Sessions.ts"
import { inWorld, start } from "./support/world.ts"

/** The user's configuration of the worlds of these tests, with a table `[network]`. */
const allowing = (...targets: ReadonlyArray<string>): MemorySessionsOptions => ({
  configuration: `[network]\nallow = ${JSON.stringify(targets)}\n`
})

const lan = {
  default: { devices: { lan0: { type: "nic", network: "lan" } } },
  clincus: { devices: { root: { type: "disk", path: "/", pool: "default" } } }
}

const devicesOf = (container: string) =>
  Effect.flatMap(MemoryIncus, ({ look }) => look(container)).pipe(
    Effect.map((found) => Option.getOrThrow(found).expanded_devices)
  )

const egress = Effect.flatMap(IncusService, ({ acls }) => acls.get(restrictedAcl)).pipe(
  Effect.map((acl) => Option.getOrThrow(acl).egress)
)
const openings = Effect.map(egress, (rules) => rules.slice(1))

describe("the network of a session", () => {
  it.live("is the restricted one unless said otherwise, and no interface of a profile's is beside it", () =>
    Effect.gen(function*() {
      const { container } = yield* start()
      const { eth0, lan0 } = yield* devicesOf(container)
      expect(eth0).toEqual({
        type: "nic",
        name: "eth0",
        network: "clincusbr0",
        "security.port_isolation": "true",
        "security.mac_filtering": "true",
        "security.ipv4_filtering": "true",
        "security.ipv6_filtering": "true"
      })
      expect(lan0).toEqual({ type: "none" })
      expect((yield* egress).map(({ description }) => description)).toEqual(["the Internet"])
    }).pipe(inWorld({ incus: { profiles: lan } })))

  it.live("is that of the profiles if it is open, and none at all if there is to be none", () =>
    Effect.gen(function*() {
      const open = yield* start({ network: "open" })
      expect((yield* devicesOf(open.container))["lan0"]).toEqual(lan.default.devices.lan0)
      const none = yield* start({ network: "none" })
      const sessions = yield* Sessions
      expect(yield* sessions.info({ container: none.container })).toMatchObject({
        network_mode: "none",
        open_host_ports: [],
        network: []
      })
      const kinds = Object.values(yield* devicesOf(none.container)).map((device) => device["type"])
      expect(kinds).not.toContain("nic")
    }).pipe(inWorld({ incus: { profiles: lan } })))

  it.live("follows the machine into another network", () =>
    Effect.gen(function*() {
      yield* start()
      expect((yield* egress)[0]?.destination).not.toContain("131.159.20.0")
      expect((yield* egress)[0]?.destination).toContain("128.0.0.0-131.159.19.255")
    }).pipe(inWorld({ host: { networks: [{ base: parseAddress("131.159.20.0") ?? 0, prefix: 22 }] } })))

  for (
    const [name, incus] of [
      ["there is no ACL", { acls: {} }],
      ["no network has the ACL", { networks: {} }]
    ] as const
  ) {
    it.live(`keeps a session from starting, and says what to do, if ${name}`, () =>
      Effect.gen(function*() {
        const failure = yield* Effect.flip(start())
        expect(failure).toMatchObject({
          _tag: "NetworkNotReady",
          hint: expect.stringContaining("clincus setup")
        })
        // The control: a session that does not need it.
        yield* start({ network: "open" })
      }).pipe(inWorld({ incus })))
  }
})

describe("what is opened to a session", () => {
  it.live("is so for its own address, from before it is made until it has ended", () =>
    Effect.gen(function*() {
      const session = yield* Effect.scoped(Effect.gen(function*() {
        const one = yield* start()
        const { eth0 } = yield* devicesOf(one.container)
        const rules = yield* openings
        expect(rules).toMatchObject([{ destination: "10.0.0.5/32", destination_port: "443" }])
        expect(rules[0]?.source).toBe(`${eth0?.["ipv4.address"]}/32`)
        const other = yield* start()
        expect(new Set((yield* openings).map(({ source }) => source)).size).toBe(2)
        yield* other.keep
        return other
      }))
      // One has ended with its scope, and the other lives on.
      expect(yield* openings).toHaveLength(1)
      const sessions = yield* Sessions
      yield* sessions.end(session, { _tag: "kill" })
      expect(yield* openings).toEqual([])
    }).pipe(inWorld(allowing("10.0.0.5:443"))))

  it.live("is what names lead to, where a session does not reach that by itself", () =>
    Effect.gen(function*() {
      const { notes } = yield* start()
      expect((yield* openings).map(({ destination }) => destination)).toEqual(["10.0.0.9/32"])
      expect(notes.join(" ")).toContain("gone.example is not known here")
    }).pipe(inWorld({
      ...allowing("in.corp.example:443", "out.example:443", "gone.example"),
      host: {
        names: {
          "in.corp.example": [parseAddress("10.0.0.9") ?? 0],
          "out.example": [parseAddress("1.1.1.1") ?? 0]
        }
      }
    })))

  it.live("is the machine's proxy, if that has a private address, and it is told of", () =>
    Effect.gen(function*() {
      const { notes } = yield* start()
      expect(yield* openings).toMatchObject([{ destination: "10.1.2.3/32", destination_port: "3128" }])
      expect(notes.join(" ")).toContain("10.1.2.3:3128 (https_proxy)")
    }).pipe(inWorld({ host: { environment: { https_proxy: "http://10.1.2.3:3128" } } })))

  it.live("is not the network that the configuration names for open sessions, which is said unless the mode was", () =>
    Effect.gen(function*() {
      expect((yield* start()).notes.join(" ")).toContain(
        "the session is restricted, on clincusbr0: mine is for"
      )
      expect((yield* start({ network: "restricted" })).notes).toEqual([])
      const open = yield* start({ network: "open" })
      expect((yield* devicesOf(open.container))["eth0"]).toEqual({
        type: "nic",
        network: "mine",
        name: "eth0"
      })
    }).pipe(inWorld({ configuration: "[incus]\nnetwork = \"mine\"\n" })))

  it.live("is a service of the machine in every mode", () =>
    Effect.forEach(["restricted", "open", "none"] as const, (network) =>
      Effect.gen(function*() {
        const { container } = yield* start({ network })
        expect((yield* devicesOf(container))["host11434"]).toEqual({
          type: "proxy",
          bind: "instance",
          listen: "tcp:127.0.0.254:11434",
          connect: "tcp:127.0.0.1:11434"
        })
      })).pipe(inWorld(allowing("host:11434"))))

  it.live("is not there for the next session in a persistent container", () =>
    Effect.gen(function*() {
      const first = yield* Effect.scoped(start({ persistent: true, network: "restricted" }))
      expect((yield* devicesOf(first.container))["host11434"]).toBeDefined()
      const incus = yield* MemoryIncus
      expect(Option.getOrThrow(yield* incus.look(first.container)).status).toBe("Stopped")
      const second = yield* start({ persistent: true, network: "open", slot: first.slot })
      expect(second.container).toBe(first.container)
      const { eth0 } = yield* devicesOf(second.container)
      expect(eth0).toEqual({ type: "nic", network: "incusbr0", name: "eth0" })
    }).pipe(inWorld(allowing("host:11434"))))
})
