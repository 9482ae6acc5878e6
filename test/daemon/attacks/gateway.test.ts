import { describe, expect } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { IncusService } from "../../../src/incus/IncusService.ts"
import { gatewayAcl, gatewayAddress, gatewayName } from "../../../src/policy/network/gateway.ts"
import { aclKeys } from "../../../src/policy/network/restricted.ts"
import { eventually } from "../support/eventually.ts"
import * as Library from "../support/library.ts"
import { inside } from "../support/look.ts"
import { outerNetwork } from "../support/outerNetwork.ts"
import { background, clincus, json, succeeds } from "../support/program.ts"
import { World } from "../support/World.ts"

/** Names that the gateway's resolver knows while a test runs, as names of the Internet would be known. */
const names = (known: Readonly<Record<string, string>>) =>
  Effect.acquireRelease(
    inside(
      gatewayName,
      `cp /etc/hosts /etc/hosts.clincus; printf '%s\\n' ${
        Object.entries(known).map(([name, address]) => `'${address} ${name}'`).join(" ")
      } >>/etc/hosts; resolvectl flush-caches`
    ),
    () => Effect.orDie(inside(gatewayName, "mv /etc/hosts.clincus /etc/hosts; resolvectl flush-caches"))
  )

/** A session of mode `allow` that may reach these, once it is on the network. */
const session = (...allow: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const world = yield* World
    const { container } = yield* Effect.scoped(Effect.zipRight(
      world.configure(`${world.configuration}\n[network]\nallow = ${JSON.stringify(allow)}\n`),
      background(world.workspace(), "--tool", "claude", "--debug", "--network", "allow")
    ))
    yield* eventually(
      "a default route",
      inside(container, "ip route show default"),
      (text) => text.includes("default")
    )
    return container
  })

const web = (container: string, url: string, options = "") =>
  inside(container, `curl -s -m 6 ${options} ${url} || true`)

/** What answers a TLS client that asks an address, or the address of a name, for a name. */
const tls = (container: string, to: string, name: string, port = 443) =>
  inside(
    container,
    `python3 - <<'END'
import socket, ssl
ours, theirs = ssl.MemoryBIO(), ssl.MemoryBIO()
client = ssl.create_default_context().wrap_bio(theirs, ours, server_hostname=${JSON.stringify(name)})
try: client.do_handshake()
except ssl.SSLWantReadError: pass
try:
    s = socket.create_connection((${JSON.stringify(to)}, ${port}), 5)
    s.settimeout(8)
    s.sendall(ours.read())
    print(s.recv(1000).decode("latin1"))
except OSError as error: print(type(error).__name__)
END`
  )

if (process.getuid?.() === 0) {
  describe("a session that may reach what is named", () => {
    Library.test("reaches that, by HTTP and by TLS, and no other name", () =>
      Effect.gen(function*() {
        const outer = yield* outerNetwork
        yield* outer.also(80)
        yield* outer.also(443)
        yield* names({
          "open.example": outer.public,
          "sub.wide.example": outer.public,
          "shut.example": outer.public
        })
        const one = yield* session("open.example", "*.wide.example")
        const here = `here is ${outer.public}`
        for (const name of ["open.example", "sub.wide.example"]) {
          expect(yield* web(one, `http://${name}/`), name).toContain(here)
          expect(yield* tls(one, name, name), name).toContain(here)
        }
        for (const name of ["shut.example", "wide.example", "open.example.shut.example", "xopen.example"]) {
          expect(yield* web(one, `http://${name}/`), name).toContain("is not open to this session")
          expect(yield* tls(one, name, name), name).not.toContain("here is")
        }
        // One name is asked for, and another one meant.
        expect(yield* web(one, "http://open.example/", "-H 'Host: shut.example'")).not.toContain("here is")
        expect(yield* tls(one, "open.example", "shut.example")).not.toContain("here is")
        // A name is open at the ports of HTTP and HTTPS only; so is another session's.
        expect(yield* tls(one, "open.example", "open.example", outer.port)).not.toContain("here is")
        const other = yield* session("shut.example")
        expect(yield* web(other, "http://open.example/")).not.toContain("here is")
        expect(yield* web(other, "http://shut.example/")).toContain(here)
      }))

    Library.test("reaches nothing by an address, be the name that it gives an open one", () =>
      Effect.gen(function*() {
        const outer = yield* outerNetwork
        yield* outer.also(80)
        yield* outer.also(443)
        yield* names({ "open.example": outer.public })
        const one = yield* session("open.example")
        for (const address of [outer.public, ...outer.private]) {
          expect(yield* web(one, `http://${address}/`), address).not.toContain("here is")
          expect(yield* web(one, `http://${address}:${outer.port}/`), address).not.toContain("here is")
          // What answers, if anything does, is what the open name leads to.
          const tricked = yield* tls(one, address, "open.example")
          expect(tricked.replaceAll(`here is ${outer.public}`, ""), address).not.toContain("here is")
        }
        // The control: these are there for a session that may.
        const { workspace } = yield* World
        const open = yield* background(workspace(), "--tool", "claude", "--debug", "--network", "open")
        yield* eventually(
          "the control",
          web(open.container, `http://${outer.private[0]}/`),
          (text) => text.includes("here is")
        )
      }))

    Library.test("gets no further by a proxy's CONNECT, by a name that leads inside, or by its neighbours", () =>
      Effect.gen(function*() {
        const outer = yield* outerNetwork
        yield* outer.also(80)
        yield* outer.also(443)
        yield* names({
          "open.example": outer.public,
          "mine.example": outer.private[0],
          "metadata.example": "169.254.169.254",
          "self.example": "127.0.0.1",
          // A host of the tool's, whose owner lets it lead into the private network.
          "api.anthropic.com": outer.private[0]
        })
        const one = yield* session("open.example", "mine.example", "metadata.example", "self.example")
        const through = (to: string) =>
          web(one, `http://${to}/`, "-p -x http://open.example:80 --proxy-header 'Host: open.example'")
        expect(yield* through("shut.example:443")).not.toContain("here is")
        expect(yield* through(`${outer.private[0]}:80`)).not.toContain("here is")
        for (const name of ["metadata.example", "self.example", "api.anthropic.com"]) {
          expect(yield* web(one, `http://${name}/`), name).not.toContain("here is")
          expect(yield* tls(one, name, name), name).not.toContain("here is")
        }
        // The control: a private address is reached by a name that the user has named.
        expect(yield* web(one, "http://mine.example/")).toContain(`here is ${outer.private[0]}`)
        const other = yield* session("open.example")
        const address = (yield* inside(other, "hostname -I")).trim().split(" ")[0]
        yield* inside(
          other,
          "cd /root; setsid python3 -m http.server 80 >/dev/null 2>&1 & sleep 1; curl -s localhost"
        )
        expect(yield* web(one, `http://${address}/`)).not.toContain("Directory listing")
      }))

    Library.test("carries nothing out by DNS or other datagrams", () =>
      Effect.gen(function*() {
        const outer = yield* outerNetwork
        const { acls } = yield* IncusService
        const acl = Option.getOrThrow(yield* acls.get(gatewayAcl))
        const gateway = gatewayAddress(acl.config[aclKeys.address] ?? "")
        yield* names({ "known.example": outer.public })
        const one = yield* session("known.example")
        for (const name of ["known.example", "c2VjcmV0.shut.example"]) {
          expect((yield* inside(one, `getent ahostsv4 ${name} | cut -d' ' -f1 | sort -u`)).trim()).toBe(
            gateway
          )
        }
        const others = yield* inside(one, "resolvectl query --type=TXT c2VjcmV0.shut.example 2>&1 || true")
        expect(others).not.toContain("c2VjcmV0.shut.example IN TXT")
        const say = (text: string) => `printf ${text} >/dev/udp/${outer.public}/${outer.port} || true`
        yield* inside(one, `${say("secret")}; ping -c 1 -W 1 ${outer.public} && exit 1 || true`)
        const { workspace } = yield* World
        const open = yield* background(workspace(), "--tool", "claude", "--debug", "--network", "open")
        yield* eventually(
          "the control arrives",
          Effect.zipRight(inside(open.container, say("control")), outer.seen),
          (
            lines
          ) => lines.includes(`${outer.public} control`)
        )
        expect(yield* outer.seen).not.toContain(`${outer.public} secret`)
      }))

    Library.test("has an empty log while nobody has asked for anything, of a new gateway too", () =>
      Effect.gen(function*() {
        const one = yield* session("npm")
        yield* inside(gatewayName, "journalctl -q --rotate; journalctl -q --vacuum-time=1us")
        expect(yield* json("network", "log", one)).toEqual({ events: [] })
        expect(yield* succeeds("network", "log", one)).toContain("Nothing is noted.")
      }))

    Library.test("is told of what was blocked, and gets what is opened while it runs", () =>
      Effect.gen(function*() {
        const outer = yield* outerNetwork
        yield* outer.also(80)
        yield* names({ "later.example": outer.public })
        const one = yield* session()
        expect(yield* web(one, "http://later.example/")).toContain("is not open to this session")
        const Log = Schema.Struct({
          events: Schema.Array(Schema.Struct({
            container: Schema.String,
            passed: Schema.Boolean,
            name: Schema.NullOr(Schema.String),
            port: Schema.Number
          }))
        })
        const log = (...options: ReadonlyArray<string>) =>
          Effect.flatMap(json("network", "log", one, ...options), Schema.decodeUnknown(Log))
        const blocked = { container: one, passed: false, name: "later.example", port: 80 }
        yield* eventually("it is noted", log("--blocked"), ({ events }) => events.length > 0)
        expect((yield* log()).events).toEqual([blocked])
        yield* succeeds("network", "allow", one, "later.example")
        expect(yield* web(one, "http://later.example/")).toContain(`here is ${outer.public}`)
        yield* eventually("it is noted", log(), ({ events }) => events.length === 2)
        expect((yield* log("--blocked")).events).toEqual([blocked])
        // It is not opened to another one, and not for good.
        expect(yield* web(yield* session(), "http://later.example/")).toContain("is not open")
        const { stderr, status } = yield* clincus("network", "allow", one, "10.0.0.5")
        expect([status, stderr]).toEqual([1, expect.stringContaining("addresses are not")])
      }))

    Library.test("has what it may also after the gateway was restarted, and nothing while that is away", () =>
      Effect.gen(function*() {
        const outer = yield* outerNetwork
        yield* outer.also(80)
        yield* names({ "open.example": outer.public, "shut.example": outer.public })
        const { instances } = yield* IncusService
        const one = yield* session("open.example")
        yield* Effect.acquireUseRelease(
          instances.stop(gatewayName, { force: true }),
          () =>
            Effect.gen(function*() {
              expect(yield* web(one, "http://open.example/")).not.toContain("here is")
              expect(yield* web(one, `http://${outer.public}/`)).not.toContain("here is")
            }),
          () => Effect.orDie(instances.start(gatewayName))
        )
        yield* eventually(
          "it is reached",
          web(one, "http://open.example/"),
          (text) => text.includes(`here is ${outer.public}`)
        )
        expect(yield* web(one, "http://shut.example/")).toContain("is not open")
      }))
  })
}
