import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { requireRoom } from "../session/room.ts"
import type { Machine } from "../setup/machine.ts"
import type { IncusServer } from "../setup/server.ts"
import { degraded, type Seen, unknown, unusable, well } from "./Finding.ts"

/** The oldest Incus that clincus is tried on. */
const oldest = [6, 0] as const

/** Judges the server's version, `6.0.4`. */
export const judgeVersion = (version: string): Seen => {
  const [major = 0, minor = 0] = version.split(".").map(Number)
  if (Number.isNaN(major) || Number.isNaN(minor)) return unknown(`Incus calls its version '${version}'`)
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1])
    ? well(version)
    : degraded(`Incus is ${version}; clincus is tried on ${oldest.join(".")} and later`, ["clincus setup"])
}

/** Clocks of one machine differ by what an answer takes, and the server's counts whole seconds (s). */
const tolerance = 3

/** The server's clock goes as the one here does: ages, times of ends and limits of time are told by both. */
export const checkClocks = (server: IncusServer) =>
  Effect.gen(function*() {
    const theirs = yield* server.api.clock
    const ours = yield* Clock.currentTimeMillis
    if (Option.isNone(theirs)) return unknown("the server's answers have no date")
    const seconds = Math.round((theirs.value - ours) / 1000)
    return Math.abs(seconds) <= tolerance
      ? well("this machine's and the server's agree")
      : degraded(`the server's clock is ${Math.abs(seconds)} s ${seconds > 0 ? "ahead" : "behind"}`, [
        "timedatectl status"
      ])
  })

/** Another container would come up whole. */
export const checkRoom = (server: IncusServer) =>
  server.api.instances.list.pipe(
    Effect.flatMap((instances) =>
      requireRoom(instances).pipe(
        Effect.as(well(`${instances.filter(({ status }) => status === "Running").length} instances run`)),
        Effect.catchTag(
          "TooManyContainers",
          (error) => Effect.succeed(unusable(error.message, ["clincus setup", "clincus list"]))
        )
      )
    )
  )

/** Controllers that limits of sessions need. */
const controllers = ["cpu", "memory", "pids"]

/** What the kernel has of control groups: their version, and which controllers can be used. */
export const cgroupsOf = (
  unified: string,
  table: string
): { readonly version: 1 | 2; readonly controllers: ReadonlyArray<string> } => {
  const second = unified.trim().split(/\s+/).filter((name) => name !== "")
  const first = table.split("\n").flatMap((line) => {
    const [name = "", hierarchy, , enabled] = line.split(/\s+/)
    return enabled === "1" && hierarchy !== "0" ? [name] : []
  })
  // A hybrid has the second version's tree, and the controllers in the first version's.
  return controllers.every((name) => second.includes(name)) || first.length === 0
    ? { version: 2, controllers: second }
    : { version: 1, controllers: [...new Set([...first, ...second])] }
}

/** What walls and limits are made of: seccomp, control groups, AppArmor. */
export const checkKernel = (machine: Machine, server: IncusServer) =>
  Effect.gen(function*() {
    const { environment } = yield* server.api.server
    const seccomp = environment.kernel_features["seccomp_listener"] === "true"
      && environment.lxc_features["seccomp_notify"] === "true"
    const groups = cgroupsOf(
      yield* machine.read("/sys/fs/cgroup/cgroup.controllers"),
      yield* machine.read("/proc/cgroups")
    )
    const apparmor = (yield* machine.read("/sys/module/apparmor/parameters/enabled")).trim() === "Y"
    const missing = controllers.filter((name) => !groups.controllers.includes(name))
    const facts = [
      seccomp ? "seccomp" : "no seccomp notifications",
      `cgroups ${groups.version}`,
      apparmor ? "AppArmor" : "no AppArmor"
    ].join(", ")
    if (missing.length > 0) {
      return degraded(
        `${facts}; the kernel has no control group for ${missing.join(", ")}, so limits of it are not kept`,
        ["# the kernel's command line: cgroup_enable=memory, or systemd.unified_cgroup_hierarchy=1"]
      )
    }
    return seccomp ? well(facts) : degraded(facts)
  })
