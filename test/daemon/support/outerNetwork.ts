import * as Effect from "effect/Effect"
import { execFileSync, spawn } from "node:child_process"
import { randomBytes } from "node:crypto"
import * as Fs from "node:fs"
import { join } from "node:path"
import { eventually } from "./eventually.ts"
import { World } from "./World.ts"

/** Answers TCP on a port of each address, and writes down what comes by UDP: a line of the address and the text. */
const server = `
const { createServer } = require("node:net")
const { createSocket } = require("node:dgram")
const { appendFileSync } = require("node:fs")
const [log, port, ...addresses] = process.argv.slice(2)
let open = 2 * addresses.length
const ready = () => { if (--open === 0) appendFileSync(log, "ready\\n") }
for (const address of addresses) {
  createServer((socket) => {
    socket.on("error", () => {})
    socket.once("data", () => socket.end("HTTP/1.0 200 OK\\r\\n\\r\\nhere is " + address + "\\n"))
  }).listen(Number(port), address, ready)
  const datagrams = createSocket(address.includes(":") ? "udp6" : "udp4")
  datagrams.on("message", (text) => appendFileSync(log, address + " " + text + "\\n"))
  datagrams.bind(Number(port), address, ready)
}
`

const root = (...argv: readonly [string, ...ReadonlyArray<string>]) =>
  Effect.sync(() =>
    execFileSync(argv[0], argv.slice(1), { stdio: ["ignore", "pipe", "pipe"], encoding: "utf8" })
  )

let count = 0

/** Starts the server, in a network namespace if one is given; gone with the scope. Gives what it has seen by UDP. */
export const serve = (port: number, addresses: ReadonlyArray<string>, namespace?: string) =>
  Effect.gen(function*() {
    const world = yield* World
    const log = join(world.root, `seen-${++count}`)
    const program = join(world.root, "server.cjs")
    Fs.writeFileSync(log, "")
    Fs.writeFileSync(program, server)
    yield* Effect.acquireRelease(
      Effect.sync(() => {
        const words = [process.execPath, program, log, String(port), ...addresses]
        const [command = "", ...rest] = namespace === undefined
          ? words
          : ["ip", "netns", "exec", namespace, ...words]
        return spawn(command, rest, { stdio: "inherit" })
      }),
      (child) => Effect.sync(() => void child.kill("SIGKILL"))
    )
    const lines = Effect.sync(() => Fs.readFileSync(log, "utf8").split("\n"))
    yield* eventually("the server is ready", lines, (seen) => seen.includes("ready"))
    return { port, seen: Effect.map(lines, (all) => all.filter((line) => line !== "" && line !== "ready")) }
  })

/** Stand for the Internet: networks for documentation, which are private to nobody. */
const publicAddress = "198.51.100.77"

/** What a session has no business with: a company's networks, a carrier's, the metadata service of a cloud. */
const privateAddresses = [
  "10.66.6.6",
  "172.20.6.6",
  "192.168.166.6",
  "100.66.6.6",
  "169.254.169.254",
  "198.18.6.6",
  "168.63.129.16"
] as const

/**
 * What is beyond this machine: a network namespace of the test's own with a public address and private ones, routed from
 * the machine, and a server that listens on all of them. Gone with the scope. Needs root.
 */
export const outerNetwork = Effect.gen(function*() {
  const id = randomBytes(3).toString("hex")
  const [namespace, near, far] = [`t${id}`, `t${id}a`, `t${id}b`]
  const addresses = [publicAddress, ...privateAddresses]
  const inside = (...argv: ReadonlyArray<string>) => root("ip", "netns", "exec", namespace, ...argv)
  yield* Effect.acquireRelease(
    root("ip", "netns", "add", namespace),
    () => Effect.ignore(Effect.catchAllDefect(root("ip", "netns", "delete", namespace), () => Effect.void))
  )
  yield* Effect.acquireRelease(
    root("ip", "link", "add", near, "type", "veth", "peer", "name", far, "netns", namespace),
    () => Effect.catchAllDefect(root("ip", "link", "delete", near), () => Effect.void)
  )
  yield* root("ip", "address", "add", "10.253.6.1/32", "dev", near)
  yield* root("ip", "link", "set", near, "up")
  yield* inside("ip", "link", "set", "lo", "up")
  yield* inside("ip", "link", "set", far, "up")
  yield* Effect.forEach(addresses, (address) => inside("ip", "address", "add", `${address}/32`, "dev", far))
  yield* inside("ip", "route", "add", "10.253.6.1", "dev", far)
  yield* inside("ip", "route", "add", "default", "via", "10.253.6.1", "dev", far)
  yield* Effect.forEach(
    addresses,
    (address) => root("ip", "route", "add", `${address}/32`, "dev", near, "src", "10.253.6.1")
  )
  const { seen } = yield* serve(8080, addresses, namespace)
  return {
    port: 8080,
    public: publicAddress,
    private: privateAddresses,
    /** What has come by UDP: a line for each, with the address and the text. */
    seen,
    /** Serves on another port of all these addresses too. */
    also: (port: number) => serve(port, addresses, namespace)
  }
})
