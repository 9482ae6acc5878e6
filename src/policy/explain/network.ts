import type { Device } from "../../incus/schemas.ts"
import { isNetworkDevice } from "../network/devices.ts"
import { type About, type Explain, type Fact, fact } from "./Fact.ts"

const named = (devices: Readonly<Record<string, Device>>, type: string) =>
  Object.entries(devices).filter(([, device]) => device["type"] === type)

/** What an interface leads to: its own options say whether it is one of a restricted session. */
const leadsTo = (device: Device, about: About): string => {
  const network = device["network"] ?? device["parent"] ?? "a network of its own"
  if (device["security.port_isolation"] !== "true") {
    return `open: all that ${network} leads to, this machine too`
  }
  return about.network?.mode === "allow"
    ? `named hosts only, by ${network}`
    : `the Internet, by ${network}; not this machine, its neighbours, others`
}

const ofInterface = ([name, device]: readonly [string, Device], about: About): Fact =>
  fact({
    kind: "reach",
    what: "network",
    detail: leadsTo(device, about),
    source: about.profileOfDevice(name) ?? about.setting("network.mode"),
    devices: [name]
  })

/** A service of the host that is opened to a session. */
const ofService = ([name, device]: readonly [string, Device], about: About): Fact =>
  fact({
    kind: "reach",
    what: "this machine",
    detail: `${device["connect"] ?? ""} at ${device["listen"] ?? ""}`,
    source: about.profileOfDevice(name) ?? about.setting("network.allow"),
    devices: [name]
  })

/** What a session reaches over the network, by what it is given, and of the user who looks on. */
export const explainNetwork: Explain = ({ devices }, about): ReadonlyArray<Fact> => {
  const interfaces = named(devices, "nic")
  const opened = [...new Set([...about.network?.allow ?? [], ...about.openings])]
  return [
    ...(interfaces.length === 0
      ? [fact({ kind: "reach", what: "network", detail: "none", source: about.setting("network.mode") })]
      : interfaces.map((one) => ofInterface(one, about))),
    ...(opened.length === 0 ? [] : [fact({
      kind: "reach",
      what: "opened to it",
      detail: opened.join(", "),
      source: about.setting("network.allow"),
      items: opened
    })]),
    ...named(devices, "proxy").filter(([name, device]) => isNetworkDevice(name, device))
      .map((one) => ofService(one, about)),
    ...(about.credentials.length === 0 ? [] : [fact({
      kind: "reach",
      what: "credentials",
      detail: about.credentials.join(", "),
      source: about.tool,
      items: about.credentials
    })]),
    fact({
      kind: "reach",
      what: "your terminal",
      detail: `what tmux draws, ${about.clipboard ? "and the clipboard" : "not the clipboard"}`,
      source: about.setting("session.clipboard")
    }),
    ...(about.variables.length === 0 ? [] : [fact({
      kind: "read",
      what: "variables",
      detail: about.variables.join(" "),
      source: "environment",
      items: about.variables
    })])
  ]
}
