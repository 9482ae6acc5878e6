import * as Effect from "effect/Effect"
import type { Machine } from "./machine.ts"
import type { IncusServer } from "./server.ts"
import { done, needed, type Status, type Step } from "./Step.ts"

const group = "incus-admin"

/** True if a line of group(5) names the user as a member of the group. */
export const isMember = (groups: string, name: string, user: string): boolean =>
  groups.split("\n").some((line) => {
    const [found, , , members] = line.split(":")
    return found === name && (members ?? "").split(",").includes(user)
  })

/** The user may use the socket: all of Incus, which is as good as being root, so membership is asked for by name. */
export const accessStep = (machine: Machine, server: IncusServer): Step => ({
  name: "access",
  title: "Access to Incus",
  check: Effect.gen(function*() {
    if (machine.root) return done("root needs no group")
    const reach = yield* server.reach
    if (reach._tag === "Answers") return done(`${machine.user} may use ${server.socket}`)
    if (isMember(yield* machine.read("/etc/group"), group, machine.user)) {
      return reach._tag === "Denied"
        ? { _tag: "Login", user: machine.user, group } satisfies Status
        : done(`${machine.user} is in the group ${group}`)
    }
    return needed(
      `${machine.user} is not in the group ${group} (its members can do to this machine what root can)`,
      [machine.asRoot("usermod", "-aG", group, machine.user)]
    )
  })
})
