import { describe, expect, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { parseTarget } from "../../../src/domain/network.ts"
import type { MemoryProcess } from "../../../src/incus/memory/guest.ts"
import { MemoryIncus } from "../../../src/incus/memory/MemoryIncus.ts"
import { gatewayName, gatewayRules, gatewayVersion } from "../../../src/policy/network/gateway.ts"
import type { MemorySessionsOptions } from "../../../src/session/memory/memorySessions.ts"
import { Sessions } from "../../../src/session/Sessions.ts"
import { inWorld, start } from "./support/world.ts"

const place = { network: "clincusgw0", address: "10.99.1.1/24" }

/** What the gateway of a world was told, and what its log says. */
const gateway = () => {
  const told: Array<string> = []
  const log: Array<string> = []
  const exec = ({ command, input, instance, write }: MemoryProcess) =>
    Effect.gen(function*() {
      if (instance.name !== gatewayName) return 0
      if (command.at(-1)?.includes("journalctl") === true) {
        yield* write(log.map((line) => `${line}\n`).join(""))
        return 0
      }
      told.push(yield* Stream.runFold(input, "", (text, chunk) => text + Buffer.from(chunk).toString("utf8")))
      return 0
    })
  const options: MemorySessionsOptions = {
    configuration: "[network]\nmode = \"allow\"\nallow = [\"npm\", \"*.corp.example:8443\"]\n",
    incus: {
      guest: { exec },
      networks: { clincusgw0: { "security.acls": "clincus-gateway" } },
      acls: {
        "clincus-gateway": {
          description: "",
          config: { "user.clincus.network": place.network, "user.clincus.address": place.address },
          ...gatewayRules(place)
        }
      }
    }
  }
  return { told, log, options }
}

const stands = (status: "Running" | "Stopped") =>
  Effect.flatMap(
    MemoryIncus,
    ({ put }) =>
      put({ name: gatewayName, status, config: { "user.clincus.gateway": gatewayVersion(place.address) } })
  )

const target = (text: string) => {
  const parsed = parseTarget(text)
  return parsed === undefined ? Effect.dieMessage(text) : Effect.succeed(parsed)
}

const addressOf = (container: string) =>
  Effect.flatMap(MemoryIncus, ({ look }) => look(container)).pipe(
    Effect.flatten,
    Effect.map(({ devices }) => devices["eth0"]?.["ipv4.address"] ?? "")
  )

describe("a session that may reach what is named", () => {
  it.live("is made with an address that the gateway has been told its names for", () => {
    const { options, told } = gateway()
    return Effect.gen(function*() {
      yield* stands("Running")
      const { container } = yield* start({ tool: "claude" })
      const address = yield* addressOf(container)
      expect(address).toMatch(/^10\.99\.1\.(1[3-9]\d|12[89]|2\d\d)$/)
      const [first = ""] = told
      expect(first.split("\n").slice(0, 2)).toEqual([address, "set"])
      expect(first).toContain(`\nname registry.npmjs.org:443|${address} outer\n`)
      expect(first).toContain(`\nend .corp.example:8443|${address} inner\n`)
      expect(first).toContain(`\nname api.anthropic.com:443|${address} outer\n`)
      expect(first).not.toContain("api.openai.com")
    }).pipe(inWorld(options))
  })

  it.live("starts the gateway if that stands, and says what to do if there is none", () => {
    const { options } = gateway()
    return Effect.gen(function*() {
      expect(yield* Effect.flip(start({ tool: "claude" }))).toMatchObject({
        _tag: "NetworkNotReady",
        hint: expect.stringContaining("clincus setup --gateway")
      })
      yield* stands("Stopped")
      yield* start({ tool: "claude" })
      const incus = yield* MemoryIncus
      expect((yield* Effect.flatten(incus.look(gatewayName))).status).toBe("Running")
    }).pipe(inWorld(options))
  })

  it.live("gets names while it runs; a session of another mode does not, and is told why", () => {
    const { options, told } = gateway()
    return Effect.gen(function*() {
      yield* stands("Running")
      const sessions = yield* Sessions
      const session = yield* start({ tool: "claude" })
      const address = yield* addressOf(session.container)
      yield* sessions.open(session, yield* target("crates.example"))
      expect(told.at(-1)).toBe(
        `${address}\nadd\nname crates.example:80|${address} inner\nname crates.example:443|${address} inner\n`
      )
      expect(yield* Effect.flip(sessions.open(session, yield* target("10.0.0.5:443")))).toMatchObject({
        _tag: "CannotOpen",
        reason: expect.stringContaining("addresses are not")
      })
      const open = yield* start({ tool: "claude", network: "open" })
      expect(yield* Effect.flip(sessions.open(open, yield* target("crates.example")))).toMatchObject({
        _tag: "CannotOpen",
        reason: expect.stringContaining("--network allow")
      })
      yield* sessions.open(open, yield* target("host:11434"))
      const incus = yield* MemoryIncus
      expect((yield* Effect.flatten(incus.look(open.container))).devices["host11434"]).toMatchObject({
        connect: "tcp:127.0.0.1:11434"
      })
    }).pipe(inWorld(options))
  })

  it.live("has a log of its own: not of the session that had its address before, whatever names say", () => {
    const { log, options } = gateway()
    return Effect.gen(function*() {
      yield* stands("Running")
      const sessions = yield* Sessions
      const session = yield* start({ tool: "claude" })
      const address = yield* addressOf(session.container)
      const now = yield* Clock.currentTimeMillis
      const line = (text: string, at = now + 1000) =>
        JSON.stringify({ MESSAGE: text, __REALTIME_TIMESTAMP: String(at * 1000), _PID: "7" })
      log.push(
        line(`clincus passed outer ${address} before.example 10.99.1.2 443`, now - 60_000),
        line(`clincus - - ${address} blocked.example 10.99.1.2 443`),
        line("clincus passed outer 10.99.1.77 another.example 10.99.1.2 443"),
        line(`clincus - - 10.99.1.77 x ${address} forged.example 10.99.1.2 443`),
        "no document",
        JSON.stringify({ MESSAGE: [1, 2, 3], __REALTIME_TIMESTAMP: "1" }),
        line(`clincus passed inner ${address} git.corp.example 10.99.1.2 8443`),
        line(`clincus - - ${address} - 10.0.0.5 5432`)
      )
      const events = yield* sessions.networkLog(yield* sessions.list)
      expect(events.map(({ address, name, passed, port }) => [passed, name ?? address, port])).toEqual([
        [false, "blocked.example", 443],
        [true, "git.corp.example", 8443],
        [false, "10.0.0.5", 5432]
      ])
      expect(yield* sessions.networkLog([])).toEqual([])
    }).pipe(inWorld(options))
  })
})
