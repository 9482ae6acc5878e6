import { outcomeDirectory } from "../../guest/paths.ts"
import { type About, type Explain, type Fact, fact, type Shape } from "./Fact.ts"
import { heldPaths } from "./lxc.ts"

const isDisk = (device: Readonly<Record<string, string>>): boolean => device["type"] === "disk"

/** Where a disk comes from: the session itself, or a profile. */
const sourceOf = (name: string, about: About, own: string): string => about.profileOfDevice(name) ?? own

/**
 * Paths of the workspace that are held, whether by lines for LXC or by devices. A device counts only if what it mounts is the
 * workspace's own, the repository's, or nothing: its name proves nothing.
 */
const held = ({ config, devices }: Shape) => {
  const { hidden, keys, read } = heldPaths(config)
  const own = [devices["workspace"], devices["git"], devices["blank"]].flatMap((device) =>
    device?.["source"] ?? []
  )
  const holds = Object.entries(devices).filter(([name, { source = "" }]) =>
    /^hold\d+$/.test(name) && own.some((one) => source.startsWith(`${one}/`))
  )
  const isCover = ({ source = "" }: Readonly<Record<string, string>>) =>
    /\/blank\/(file|directory)$/.test(source)
  const pathsOf = (test: (device: Readonly<Record<string, string>>) => boolean) =>
    holds.filter(([, device]) => test(device)).map(([, { path = "" }]) => path)
  return {
    read: [...read, ...pathsOf((device) => device["readonly"] === "true" && !isCover(device))],
    hidden: [...hidden, ...pathsOf(isCover)],
    devices: holds.map(([name]) => name),
    keys
  }
}

/** Paths as they are below the workspace. */
const below = (at: string, paths: ReadonlyArray<string>): string =>
  paths.map((path) => path.startsWith(`${at}/`) ? path.slice(at.length + 1) : path).join(", ")

const ofWorkspace = (shape: Shape, about: About): ReadonlyArray<Fact> => {
  const { config, devices } = shape
  const workspace = devices["workspace"]
  if (workspace === undefined) return []
  const at = workspace["path"] ?? ""
  const { devices: holds, hidden, keys, read } = held(shape)
  const shifted = workspace["shift"] === "true"
  return [
    fact({
      kind: "write",
      what: at,
      detail: `${workspace["source"] ?? ""}${
        workspace["recursive"] === "true" ? " and what is mounted in it" : ""
      }${read.length === 0 ? "" : ", but for what is protected"}`,
      source: "workspace",
      devices: ["workspace", ...holds]
    }),
    ...(read.length === 0 ? [] : [fact({
      kind: "read",
      what: "protected",
      detail: `${read.length} paths of it: ${below(at, read)}`,
      source: about.setting("security.protect"),
      items: read,
      keys
    })]),
    ...(hidden.length === 0 ? [] : [fact({
      kind: "read",
      what: "hidden",
      detail: `${hidden.length} paths of it, which look empty: ${below(at, hidden)}`,
      source: about.setting("security.hide"),
      items: hidden,
      devices: devices["blank"] === undefined ? [] : ["blank"],
      keys
    })]),
    fact({
      kind: "write",
      what: "as whom",
      detail: shifted
        ? "root, on all that is mounted"
        : `${ownersOf(config["raw.idmap"] ?? "")} outside; root is nobody there`,
      source: shifted ? about.setting("security.root_on_mounts") : "default",
      keys: ["raw.idmap", "security.idmap.isolated", "security.idmap.base", "security.idmap.size"].filter((
        key
      ) => config[key] !== undefined)
    })
  ]
}

/** `uid 1000, gid 1000` of the lines of raw.idmap, which name an id outside, then one inside. */
const ownersOf = (map: string): string =>
  map.split("\n").filter((line) => line !== "").map((line) => line.split(" ").slice(0, 2).join(" ")).join(
    ", "
  )

const ofState = ({ devices }: Shape, about: About): ReadonlyArray<Fact> => [
  ...Object.entries(devices).filter(([name]) => /^state\d+$/.test(name)).map(([name, device]) =>
    fact({
      kind: "write",
      what: (device["path"] ?? "").replace(`${about.home}/`, "~/"),
      detail: device["source"] ?? "",
      source: about.tool,
      devices: [name]
    })
  ),
  ...(devices["outcome"] === undefined ? [] : [fact({
    kind: "write",
    what: "outcome",
    detail: `${devices["outcome"]["source"] ?? ""} at ${outcomeDirectory}`,
    source: "default",
    devices: ["outcome"]
  })]),
  ...(devices["git"] === undefined ? [] : [fact({
    kind: "write",
    what: devices["git"]["path"] ?? "",
    detail: `${devices["git"]["source"] ?? ""}, the repository of the workspace`,
    source: ".git",
    devices: ["git"]
  })]),
  ...(about.copied.length === 0 ? [] : [fact({
    kind: "read",
    what: "copied settings",
    detail: about.copied.join(", "),
    source: about.tool,
    items: about.copied
  })])
]

const named = /^(workspace|outcome|git|blank|state\d+)$/

/** Disks that no module has made: a profile's, or one that somebody has added. */
const ofOthers = (shape: Shape, about: About): ReadonlyArray<Fact> => {
  const holds = new Set(held(shape).devices)
  return Object.entries(shape.devices)
    .filter(([name, device]) =>
      isDisk(device) && !named.test(name) && !holds.has(name) && device["path"] !== "/"
    )
    .map(([name, device]) =>
      fact({
        kind: device["readonly"] === "true" ? "read" : "write",
        what: device["path"] ?? name,
        detail: device["source"] ?? device["pool"] ?? "",
        source: sourceOf(name, about, "added to the instance"),
        devices: [name]
      })
    )
}

/** What a session reads and writes. */
export const explainFiles: Explain = (shape, about) => [
  ...(about.image === undefined ? [] : [fact({
    kind: "read",
    what: "image",
    detail: about.image,
    source: about.setting("defaults.image")
  })]),
  ...ofWorkspace(shape, about),
  ...ofState(shape, about),
  ...ofOthers(shape, about)
]
