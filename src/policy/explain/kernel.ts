import { type Explain, type Fact, fact } from "./Fact.ts"
import { unknownLines } from "./lxc.ts"

const isOn = (value: string | undefined): boolean => /^(true|1|yes|on)$/i.test(value ?? "")

/** Options that are the wall to the kernel. */
const wall = (key: string): boolean =>
  key === "security.privileged" || key === "security.nesting" || key === "security.guestapi"
  || key === "security.guestapi.images" || key === "nvidia.runtime" || key === "raw.lxc"
  || key.startsWith("security.syscalls.")

/** Names of the system calls of `security.syscalls.deny`. */
const deniedIn = (text: string): ReadonlyArray<string> => [
  ...new Set(text.split("\n").map((line) => line.split(" ")[0] ?? "").filter((name) => name !== ""))
]

/** What a session reaches of the kernel, and of Incus. */
export const explainKernel: Explain = ({ config }, about): ReadonlyArray<Fact> => {
  const denied = deniedIn(config["security.syscalls.deny"] ?? "")
  const strange = unknownLines(config)
  const nesting = isOn(config["security.nesting"])
  const isPrivileged = isOn(config["security.privileged"])
  const keys = Object.keys(config).filter(wall)
  const isKept = denied.length > 0
  const walls = [
    isPrivileged ? "privileged: root inside is root outside" : "unprivileged",
    isKept ? `not ${denied.join(", ")}` : "all its calls",
    ...(isOn(config["security.guestapi"] ?? "true") ? ["with Incus's guest API"] : [])
  ]
  return [
    fact({
      kind: "reach",
      what: "the kernel",
      detail: `shared; ${walls.join("; ")}`,
      source: "default",
      items: denied,
      keys
    }),
    ...(nesting
      ? [fact({
        kind: "reach",
        what: "containers in it",
        detail: "Docker may run inside",
        source: about.profileOfKey("security.nesting") ?? about.setting("security.docker"),
        keys: ["security.nesting"]
      })]
      : []),
    ...strange.map((line) =>
      fact({
        kind: "unknown",
        what: "raw.lxc",
        detail: line,
        source: about.profileOfKey("raw.lxc") ?? "added to the instance",
        keys: ["raw.lxc"]
      })
    )
  ]
}
