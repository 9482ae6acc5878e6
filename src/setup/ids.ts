import * as Effect from "effect/Effect"
import type { Machine } from "./machine.ts"
import type { IncusServer } from "./server.ts"
import { done, needed, type Step } from "./Step.ts"

/** The first id of a range for root above all that are given out in a subuid(5) or subgid(5) file. */
export const firstFreeId = (text: string): number =>
  text.split("\n").reduce((next, line) => {
    const [, start, count] = line.split(":")
    const end = Number(start) + Number(count)
    return Number.isFinite(end) && end > next ? end : next
  }, 1_000_000)

/** True where root has a range: without one, Incus runs no unprivileged container. */
export const rootHasIds = (text: string): boolean => /^(root|0):\d+:\d+\s*$/m.test(text)

const size = 1_000_000_000

/** Root has ranges of user and group ids to map containers to. Debian's package makes them; not all others do. */
export const idsStep = (machine: Machine, server: IncusServer): Step => ({
  name: "ids",
  title: "User ids for containers",
  check: Effect.gen(function*() {
    const files = yield* Effect.forEach(
      [
        { file: "/etc/subuid", option: "--add-subuids" },
        { file: "/etc/subgid", option: "--add-subgids" }
      ],
      (entry) => Effect.map(machine.read(entry.file), (text) => ({ ...entry, text }))
    )
    const missing = files.filter(({ text }) => !rootHasIds(text))
    if (missing.length === 0) return done("root has ranges in /etc/subuid and /etc/subgid")
    const reach = yield* server.reach
    return needed(
      `root has no range in ${missing.map(({ file }) => file).join(" and ")}`,
      [
        machine.asRoot("touch", ...missing.map(({ file }) => file)),
        machine.asRoot(
          "usermod",
          ...missing.flatMap(({ option, text }) => {
            const first = firstFreeId(text)
            return [option, `${first}-${first + size - 1}`]
          }),
          "root"
        )
      ],
      reach._tag === "Silent"
        ? undefined
        : "Incus was running before root had ranges of ids; restart it (sudo systemctl restart incus)"
    )
  })
})
