import type * as Deferred from "effect/Deferred"
import type * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import type { AclRule } from "../infrastructureSchemas.ts"
import type { Device, Instance } from "../schemas.ts"
import type { Refusal } from "./answers.ts"
import type { Verb } from "./operations.ts"

/** A project and a name in it. */
export interface Place {
  readonly project: string
  readonly name: string
}

/** `Ready` is what a system that runs may say of itself. */
export type Status = "Running" | "Ready" | "Stopped" | "Frozen"

/** What is under way with a container: Incus lets nothing else come between, but for more of the same. */
export interface Busy {
  readonly verb: Verb
  readonly done: Deferred.Deferred<void, Refusal>
  /** Pulls the plug if its system was only asked to shut down. */
  readonly force: Deferred.Deferred<void>
}

/** A container of the twin. */
export interface Container {
  readonly project: string
  name: string
  status: Status
  ephemeral: boolean
  config: Readonly<Record<string, string>>
  devices: Readonly<Record<string, Device>>
  profiles: ReadonlyArray<string>
  readonly createdAt: number
  lastUsedAt: number
  busy: Busy | undefined
  /** Kills the commands that run in it. */
  readonly commands: Set<Effect.Effect<void>>
  readonly files: Map<string, Uint8Array>
}

/**
 * A container that is put into the twin as it stands; what is not given is as in a container that was just made.
 *
 * @example
 * import * as Incus from "clincus/incus"
 * import * as Testing from "clincus/testing"
 * import * as Effect from "effect/Effect"
 *
 * const left: Testing.MemoryContainer = { name: "old", status: "Stopped", config: { "user.owner": "ada" } }
 *
 * export const owner = Effect.gen(function*() {
 *   const { instances } = yield* Incus.IncusService
 *   const incus = yield* Testing.MemoryIncus
 *   yield* incus.put(left)
 *   return (yield* instances.get("old")).config["user.owner"]
 * }).pipe(Effect.provide(Testing.memoryIncus()))
 * // => "ada"
 */
export interface MemoryContainer {
  readonly name: string
  /** `default` unless given. */
  readonly project?: string
  /** `Running` unless given. */
  readonly status?: Status
  readonly ephemeral?: boolean
  readonly config?: Readonly<Record<string, string>>
  readonly devices?: Readonly<Record<string, Device>>
  readonly profiles?: ReadonlyArray<string>
  /** ms since the epoch */
  readonly createdAt?: number
  /** ms since the epoch; 0 if it never ran. */
  readonly lastUsedAt?: number
}

/**
 * A profile, as far as instances are made of it.
 *
 * @see MemoryOptions
 */
export interface MemoryProfile {
  readonly config?: Readonly<Record<string, string>>
  readonly devices?: Readonly<Record<string, Device>>
}

/**
 * An ACL of networks, as it is written.
 *
 * @see MemoryOptions
 */
export interface MemoryAcl {
  readonly description: string
  readonly config: Readonly<Record<string, string>>
  readonly egress: ReadonlyArray<AclRule>
  readonly ingress: ReadonlyArray<AclRule>
}

/**
 * An image of the store.
 *
 * @see MemoryOptions
 */
export interface MemoryImage {
  readonly aliases?: ReadonlyArray<string>
  /** 64 hexadecimal digits; made of the aliases unless given. */
  readonly fingerprint?: string
  readonly properties?: Readonly<Record<string, string>>
}

export const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex")

/**
 * What `If-Match` is compared with: what can be written, and no more. That a container was started shows in it by what the
 * daemon notes in the configuration.
 */
export const etagOf = ({ config, devices, ephemeral, profiles }: Container): string =>
  sha256(JSON.stringify([Object.entries(config).toSorted(), devices, ephemeral, profiles]))

/** The note of the daemon that says whether a container ran last. */
export const power = (container: Container, on: boolean): void => {
  container.config = { ...container.config, "volatile.last_state.power": on ? "RUNNING" : "STOPPED" }
}

/** Go's zero of what has never been used. */
const moment = (millis: number): string => new Date(millis).toISOString()

const codes: Readonly<Record<Status, number>> = { Stopped: 102, Running: 103, Frozen: 110, Ready: 113 }

/** The parts of a container's profiles and its own, the later over the earlier. */
const expanded = (container: Container, profiles: ReadonlyMap<string, MemoryProfile>) => {
  const all = container.profiles.map((name) => profiles.get(name) ?? {})
  return {
    expanded_config: Object.assign({}, ...all.map(({ config }) => config), container.config),
    expanded_devices: Object.assign({}, ...all.map(({ devices }) => devices), container.devices)
  }
}

/** A container as the API shows it. */
export const shownContainer = (
  container: Container,
  profiles: ReadonlyMap<string, MemoryProfile>
): typeof Instance.Encoded & { readonly status_code: number } => ({
  name: container.name,
  project: container.project,
  type: "container",
  architecture: "x86_64",
  description: "",
  status: container.status,
  status_code: codes[container.status],
  ephemeral: container.ephemeral,
  config: container.config,
  devices: container.devices,
  profiles: container.profiles,
  ...expanded(container, profiles),
  created_at: moment(container.createdAt),
  last_used_at: moment(container.lastUsedAt)
})

/** A container as it is given, and as a new one if it is not said. */
export const containerOf = (given: MemoryContainer, now: number): Container => ({
  name: given.name,
  project: given.project ?? "default",
  status: given.status ?? "Running",
  ephemeral: given.ephemeral ?? false,
  config: given.config ?? {},
  devices: given.devices ?? {},
  profiles: given.profiles ?? ["default", "clincus"],
  createdAt: given.createdAt ?? now,
  lastUsedAt: given.lastUsedAt ?? now,
  busy: undefined,
  commands: new Set(),
  files: new Map()
})
