import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { NetworkTarget } from "../domain/network.ts"
import { logScript } from "../guest/gateway.ts"
import { InstanceNotFound } from "../incus/errors.ts"
import { IncusService } from "../incus/IncusService.ts"
import type { Instance } from "../incus/schemas.ts"
import { hostAddress, hostDevices, hostPrelude } from "../policy/network/devices.ts"
import { admit, askGateway, gatewayAcl } from "../policy/network/gateway.ts"
import { networkOf } from "../policy/network/prepare.ts"
import { allowedNames } from "../policy/network/presets.ts"
import { belongsTo } from "./container.ts"
import type { SessionHandle } from "./handle.ts"
import type { LiveSession } from "./live.ts"

/**
 * Nothing can be opened to a session while it runs, as it was started.
 *
 * @see OpenFailure
 */
export class CannotOpen extends Data.TaggedError("CannotOpen")<{
  readonly container: string
  readonly reason: string
  readonly hint: string
}> {
  override get message(): string {
    return `this cannot be opened to ${this.container}: ${this.reason}`
  }
}

/** The network of a container's interface, and its address there if that is configured. */
const interfaceOf = ({ expanded_devices }: Instance) => {
  const { "ipv4.address": address, network, type } = expanded_devices["eth0"] ?? {}
  return type === "nic" ? { network, address } : undefined
}

/** The network behind the gateway; none if there is none. */
const gatewayNetwork = Effect.gen(function*() {
  const { acls } = yield* IncusService
  const acl = yield* acls.get(gatewayAcl)
  return Option.isNone(acl) ? Option.none() : yield* Effect.option(networkOf(acl.value))
})

const openHost = (session: SessionHandle, port: number) =>
  Effect.gen(function*() {
    const { exec, instances } = yield* IncusService
    const ports = [port]
    yield* instances.edit(session.container, (instance) =>
      belongsTo(instance, { session: session.id, run: session.run })
        ? Option.some({
          config: instance.config,
          devices: { ...instance.devices, ...hostDevices(ports) },
          ephemeral: instance.ephemeral
        })
        : Option.none())
    const { status, stderr } = yield* exec.run(session.container, {
      command: ["bash", "-c", hostPrelude(ports)]
    })
    if (status !== 0) {
      return yield* new CannotOpen({
        container: session.container,
        reason: `its /etc/hosts cannot be written (${stderr.trim() || `status ${status}`})`,
        hint: `The service is open all the same, by its address: http://${hostAddress}:${port}`
      })
    }
  })

/**
 * Opens a target to a session that runs, until it ends: a service of the host in every mode, names and presets in mode
 * `allow`. Fails with `CannotOpen` if the session's mode has no way to do it.
 */
export const openTo = (session: SessionHandle, target: NetworkTarget) =>
  Effect.gen(function*() {
    const { instances } = yield* IncusService
    if (target._tag === "Host") return yield* openHost(session, target.port)
    const instance = yield* instances.get(session.container)
    if (!belongsTo(instance, { session: session.id, run: session.run })) {
      return yield* new InstanceNotFound({ name: session.container })
    }
    const place = interfaceOf(instance)
    const gateway = yield* gatewayNetwork
    const refuse = (reason: string, hint: string) =>
      new CannotOpen({ container: session.container, reason, hint })
    if (place?.address === undefined || !Option.exists(gateway, ({ network }) => network === place.network)) {
      return yield* refuse(
        "it was not started with --network allow",
        "Start it with 'clincus shell --network allow', or say in [network] allow what is to be open from its start on."
      )
    }
    const names = allowedNames([target], [])
    if (names.length === 0) {
      return yield* refuse(
        "with --network allow, names are opened, and services of this machine; addresses are not",
        "Give the name of the host: clincus network allow CONTAINER registry.corp.example:443"
      )
    }
    yield* admit(place.address, "add", names)
  }).pipe(Effect.withSpan("Session.open"))

/**
 * What a session has asked the gateway for.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Effect from "effect/Effect"
 *
 * const wasBlocked = ({ passed }: Clincus.NetworkEvent) => !passed
 *
 * export const blocked = Effect.gen(function*() {
 *   const sessions = yield* Clincus.Sessions
 *   const events = yield* sessions.networkLog(yield* sessions.list)
 *   return events.filter(wasBlocked).map(({ name, session }) => `${session.container}: ${name}`)
 * })
 */
export interface NetworkEvent {
  /** ms since the epoch */
  readonly at: number
  readonly session: LiveSession
  /** Whether it was let pass. */
  readonly passed: boolean
  /** Whether the name is open to the session: it is not let pass all the same if it leads nowhere, or to a private address. */
  readonly allowed: boolean
  /** The name that was asked for; `undefined` if none was. */
  readonly name: string | undefined
  /** The address that was connected to: the gateway's own unless the session went by an address. */
  readonly address: string
  readonly port: number
}

const Line = Schema.parseJson(Schema.Struct({
  MESSAGE: Schema.String,
  __REALTIME_TIMESTAMP: Schema.NumberFromString
}))
const decode = Schema.decodeOption(Line)

/** `clincus passed outer 10.1.2.200 registry.npmjs.org 10.1.2.2 443`: the name may be anything, what is around it may not. */
const message = /^clincus (passed|-) (inner|outer|-) ([\d.]+) ([\s\S]*) ([\d.]+) (\d+)$/

/** Lines that are asked for at most. */
const most = 10_000

/** What these sessions have asked the gateway for since they were started, oldest first; at most 10 000 of all sessions. */
export const networkLog = (sessions: ReadonlyArray<LiveSession>) =>
  Effect.gen(function*() {
    const gateway = yield* gatewayNetwork
    const byAddress = new Map(sessions.flatMap((session) => {
      const place = interfaceOf(session.instance)
      return place?.address !== undefined &&
          Option.exists(gateway, ({ network }) => network === place.network)
        ? [[place.address, session] as const]
        : []
    }))
    if (byAddress.size === 0) return []
    const text = yield* askGateway(logScript(most))
    return text.split("\n").flatMap((line): ReadonlyArray<NetworkEvent> => {
      const entry = Option.getOrUndefined(decode(line))
      const [, verdict, rule, source = "", name, address = "", port] = message.exec(entry?.MESSAGE ?? "") ??
        []
      const session = byAddress.get(source)
      const at = (entry?.__REALTIME_TIMESTAMP ?? 0) / 1000
      // Another session had the address before.
      if (session === undefined || at < session.labels.started) return []
      return [{
        at,
        session,
        passed: verdict === "passed",
        allowed: rule !== "-",
        name: name === "-" ? undefined : name,
        address,
        port: Number(port)
      }]
    }).toSorted((one, other) => one.at - other.at)
  }).pipe(Effect.withSpan("Session.networkLog"))
