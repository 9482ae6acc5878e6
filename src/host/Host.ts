import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { randomUUID } from "node:crypto"
import { homedir, totalmem, userInfo } from "node:os"
import type { Subnet } from "../domain/ipv4.ts"
import { addressesOf, ownNetworks } from "./networks.ts"

/**
 * The machine and user that clincus runs for. All that would otherwise be read from `process` here and there.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * export const elsewhere = Layer.effect(
 *   Clincus.Host,
 *   Effect.map(Clincus.Host, (own) => ({ ...own, home: "/srv/agents", environment: {} }))
 * ).pipe(Layer.provide(Clincus.hostLayer))
 */
export class Host extends Context.Tag("clincus/Host")<Host, {
  readonly uid: number
  readonly gid: number
  /** The groups that the user is in beside `gid`, by this login. */
  readonly groups: ReadonlyArray<number>
  readonly user: string
  /** The user's home directory. */
  readonly home: string
  /** The directory that relative paths start from. */
  readonly directory: string
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The machine's memory (bytes). Incus runs on it, for workspaces are mounted from its disks. */
  readonly memory: number
  /** A new random UUID (version 4). */
  readonly uuid: Effect.Effect<string>
  /** The IPv4 networks that the machine itself is on. */
  readonly networks: Effect.Effect<ReadonlyArray<Subnet>>
  /** The IPv4 addresses that the machine knows a name by; none if the name is not known within 3 s. */
  readonly resolve: (name: string) => Effect.Effect<ReadonlyArray<number>>
}>() {}

/** Users without an entry in the password database exist, in containers most of all; Node fails for them. */
const nameOf = (uid: number): string => {
  try {
    return userInfo().username
  } catch {
    return String(uid)
  }
}

/** The account's own group: under sg(1) or newgrp(1) the process has another one, that of Incus's users most of all. */
const groupOf = (): number => {
  try {
    return userInfo().gid
  } catch {
    return process.getgid?.() ?? 0
  }
}

const homeOf = (environment: NodeJS.ProcessEnv): string => {
  try {
    return environment["HOME"] || homedir()
  } catch {
    return "/"
  }
}

/**
 * The process that this is: its user, its current directory and its environment.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Effect from "effect/Effect"
 *
 * export const home = Effect.map(Clincus.Host, ({ home }) => home).pipe(Effect.provide(Clincus.hostLayer))
 */
export const layer: Layer.Layer<Host> = Layer.sync(Host, () => {
  const uid = process.getuid?.() ?? 0
  return {
    uid,
    gid: groupOf(),
    groups: process.getgroups?.() ?? [],
    user: nameOf(uid),
    home: homeOf(process.env),
    directory: process.cwd(),
    environment: process.env,
    memory: totalmem(),
    uuid: Effect.sync(() => randomUUID()),
    networks: ownNetworks,
    resolve: addressesOf
  }
})
