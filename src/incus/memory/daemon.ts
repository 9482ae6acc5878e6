import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as PubSub from "effect/PubSub"
import * as Schema from "effect/Schema"
import { type IncusEvent, Instance } from "../schemas.ts"
import type { MemoryGuest } from "./guest.ts"
import {
  type Container,
  type MemoryAcl,
  type MemoryImage,
  type MemoryProfile,
  sha256,
  shownContainer
} from "./model.ts"
import { makeOperations, type Operations, type Verb } from "./operations.ts"

/**
 * How long what Incus does takes; no time at all unless given.
 *
 * @example
 * import * as Incus from "clincus/incus"
 * import * as Testing from "clincus/testing"
 * import * as Duration from "effect/Duration"
 * import * as Effect from "effect/Effect"
 *
 * const verb: Testing.Verb = "stop"
 * const times: Testing.MemoryTimes = { [verb]: "90 seconds", reboot: "5 seconds" }
 *
 * export const seconds = Effect.gen(function*() {
 *   const { instances } = yield* Incus.IncusService
 *   const incus = yield* Testing.MemoryIncus
 *   yield* incus.put({ name: "web" })
 *   const [taken] = yield* Effect.timed(instances.stop("web", { force: true }))
 *   return Duration.toSeconds(taken)
 * }).pipe(Effect.provide(Testing.memoryIncus({ times })), Effect.provide(Testing.hurriedClock))
 * // => 90
 */
export type MemoryTimes = Readonly<Partial<Record<Verb | "reboot", Duration.DurationInput>>>

/**
 * What the twin is at first.
 *
 * @example
 * import * as Incus from "clincus/incus"
 * import * as Testing from "clincus/testing"
 * import * as Effect from "effect/Effect"
 *
 * const options: Testing.MemoryOptions = {
 *   projects: ["default", "lab"],
 *   images: [{ aliases: ["debian"] }],
 *   profiles: { default: { config: { "limits.cpu": "1" } } },
 *   times: { create: "3 seconds" }
 * }
 *
 * export const limits = Effect.gen(function*() {
 *   const { instances } = yield* Incus.IncusService
 *   yield* instances.createAndStart({
 *     name: "web",
 *     image: "debian",
 *     profiles: ["default"],
 *     ephemeral: true,
 *     config: {},
 *     devices: {}
 *   })
 *   return (yield* instances.get("web")).expanded_config["limits.cpu"]
 * }).pipe(Effect.provide(Testing.memoryIncus(options, "lab")), Effect.provide(Testing.hurriedClock))
 * // => "1"
 */
export interface MemoryOptions {
  /** `default` unless given. All of them have the same profiles and images. */
  readonly projects?: ReadonlyArray<string>
  /** One with the alias `clincus` unless given. */
  readonly images?: ReadonlyArray<MemoryImage>
  /** `default` and `clincus` unless given, with a root disk and a network. */
  readonly profiles?: Readonly<Record<string, MemoryProfile>>
  /** Bridges by their names, with their options; `incusbr0` and `clincusbr0` unless given. */
  readonly networks?: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** ACLs by their names; the one of `clincusbr0`, with no rules, unless given. */
  readonly acls?: Readonly<Record<string, MemoryAcl>>
  readonly guest?: MemoryGuest
  readonly times?: MemoryTimes
  /** What tells this server from another one: 64 hexadecimal digits. */
  readonly fingerprint?: string
  /** How long the client waits for a word of the daemon; 10 s unless given. */
  readonly patience?: Duration.DurationInput
}

/** An image as the store has it. */
export interface Stored {
  readonly fingerprint: string
  readonly properties: Readonly<Record<string, string>>
  readonly storedAt: number
}

/** Something that the daemon tells of by itself. */
interface MemoryEvent extends IncusEvent {
  readonly project: string
}

/** The state of the twin, and what all of its parts share. */
export interface Daemon {
  /** The containers of a project by their names; undefined if there is no such project. */
  readonly project: (name: string) => Map<string, Container> | undefined
  readonly projects: ReadonlyMap<string, Map<string, Container>>
  readonly profiles: Map<string, MemoryProfile>
  readonly networks: Map<string, Readonly<Record<string, string>>>
  readonly acls: Map<string, MemoryAcl>
  readonly images: Map<string, Stored>
  /** Alias → fingerprint. */
  readonly aliases: Map<string, string>
  readonly imageOf: (source: {
    readonly alias?: string | undefined
    readonly fingerprint?: string | undefined
  }) => Stored | undefined
  readonly operations: Operations
  readonly guest: MemoryGuest
  readonly times: MemoryTimes
  readonly fingerprint: string
  readonly events: PubSub.PubSub<MemoryEvent>
  /** A container as the API shows it, and as a client reads that. */
  readonly shown: (container: Container) => ReturnType<typeof shownContainer>
  readonly instanceOf: (container: Container) => Instance
  /** Lets it be known what has happened to a container, by Incus's name of it. */
  readonly tell: (action: string, container: Container) => Effect.Effect<void>
}

const usualProfiles: Readonly<Record<string, MemoryProfile>> = {
  default: {},
  clincus: {
    devices: {
      root: { type: "disk", path: "/", pool: "default" },
      eth0: { type: "nic", network: "incusbr0", name: "eth0" }
    }
  }
}

/** As set-up makes them. */
const usualNetworks: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  incusbr0: { "ipv4.address": "10.100.11.1/24", "ipv4.nat": "true", "ipv6.address": "none" },
  clincusbr0: {
    "ipv4.address": "10.137.64.1/24",
    "ipv4.nat": "true",
    "ipv6.address": "none",
    "security.acls": "clincus-restricted"
  }
}

const usualAcls: Readonly<Record<string, MemoryAcl>> = {
  "clincus-restricted": {
    description: "",
    config: { "user.clincus.network": "clincusbr0", "user.clincus.address": "10.137.64.1/24" },
    egress: [],
    ingress: []
  }
}

const decode = Schema.decodeSync(Instance)

export const makeDaemon = (options: MemoryOptions) =>
  Effect.gen(function*() {
    const projects = new Map(
      (options.projects ?? ["default"]).map((name) => [name, new Map<string, Container>()])
    )
    const profiles = new Map(Object.entries(options.profiles ?? usualProfiles))
    const images = new Map<string, Stored>()
    const aliases = new Map<string, string>()
    const storedAt = yield* Clock.currentTimeMillis
    for (const image of options.images ?? [{ aliases: ["clincus"] }]) {
      const fingerprint = image.fingerprint ?? sha256(`image ${image.aliases?.join(" ") ?? ""}`)
      images.set(fingerprint, { fingerprint, properties: image.properties ?? {}, storedAt })
      for (const alias of image.aliases ?? []) aliases.set(alias, fingerprint)
    }
    const events = yield* PubSub.unbounded<MemoryEvent>()
    const daemon: Daemon = {
      projects,
      project: (name) => projects.get(name),
      profiles,
      networks: new Map(Object.entries(options.networks ?? usualNetworks)),
      acls: new Map(Object.entries(options.acls ?? usualAcls)),
      images,
      aliases,
      imageOf: ({ alias, fingerprint }) => {
        const wanted = alias === undefined ? fingerprint : aliases.get(alias)
        return wanted === undefined || wanted === ""
          ? undefined
          : [...images.values()].find((image) => image.fingerprint.startsWith(wanted))
      },
      operations: yield* makeOperations,
      guest: options.guest ?? {},
      times: options.times ?? {},
      fingerprint: options.fingerprint ?? sha256("the twin in memory"),
      events,
      shown: (container) => shownContainer(container, profiles),
      instanceOf: (container) => decode(shownContainer(container, profiles)),
      tell: (action, { name, project }) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) =>
          PubSub.publish(events, {
            type: "lifecycle",
            timestamp: new Date(now).toISOString(),
            project,
            metadata: { action, name, project, source: `/1.0/instances/${encodeURIComponent(name)}` }
          }))
    }
    return daemon
  })
