import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { AddressRange } from "../../domain/ipv4.ts"
import type { NetworkMode, NetworkTarget } from "../../domain/network.ts"
import { Host } from "../../host/Host.ts"
import type { IncusFailure } from "../../incus/errors.ts"
import { IncusService } from "../../incus/IncusService.ts"
import type { NetworkAcl } from "../../incus/infrastructureSchemas.ts"
import type { Device, Instance } from "../../incus/schemas.ts"
import { hostPortsOf, sessionDevices } from "./devices.ts"
import { NetworkNotReady } from "./errors.ts"
import { admit, gatewayAcl, requireGateway } from "./gateway.ts"
import { allowedNames } from "./presets.ts"
import { proxiesOf } from "./proxies.ts"
import {
  freeOf,
  isClosed,
  openingOf,
  openingRule,
  placeOf,
  restrictedAcl,
  type RestrictedNetwork,
  rulesFor,
  sameRules
} from "./restricted.ts"

/**
 * What a session may reach: all of it is decided.
 *
 * @see NetworkTarget
 */
export interface NetworkRequest {
  readonly mode: NetworkMode
  readonly allow: ReadonlyArray<NetworkTarget>
  /** Whether the user has said the mode: else it is the default one. */
  readonly said: boolean
  /** The network of an open session; that of its profiles if undefined. */
  readonly network: string | undefined
  /** Hosts that the session's tool needs. */
  readonly tool: ReadonlyArray<string>
  /** Variables of the session that may name a proxy, beside those of the host. */
  readonly environment: Readonly<Record<string, string | undefined>>
}

type Opened = { readonly range: AddressRange; readonly port: number | undefined }

const notThere = (reason: string) => new NetworkNotReady({ reason })

/** The restricted network by its ACL; fails with `NetworkNotReady` if no network has the ACL. */
export const networkOf = (acl: NetworkAcl): Effect.Effect<RestrictedNetwork, NetworkNotReady> => {
  const place = placeOf(acl)
  if (Option.isNone(place)) return notThere(`the ACL ${acl.name} names no network`)
  const { network } = place.value
  return acl.used_by.some((path) => path.replace(/\?.*/, "") === `/1.0/networks/${network}`)
    ? Effect.succeed(place.value)
    : notThere(`Incus has no network ${network} with the ACL ${acl.name}`)
}

/** What of Incus a session's network depends on: nothing that another session changes for this one. */
export interface NetworkFacts {
  readonly acl: Option.Option<NetworkAcl>
  /** The devices that the profiles of sessions would give them. */
  readonly devices: Readonly<Record<string, Device>>
}

/** Asks Incus for what a session of this mode depends on beside its profiles. */
export const networkFacts = (
  mode: NetworkMode
): Effect.Effect<Pick<NetworkFacts, "acl">, IncusFailure | NetworkNotReady, IncusService> =>
  Effect.gen(function*() {
    if (mode !== "restricted" && mode !== "allow") return { acl: Option.none() }
    const { acls } = yield* IncusService
    const acl = yield* acls.get(mode === "allow" ? gatewayAcl : restrictedAcl).pipe(
      Effect.catchIf(
        (error) => error._tag === "IncusRequestError" && error.status === 403,
        (error) => notThere(error.message)
      )
    )
    return { acl }
  }).pipe(Effect.withSpan("Network.facts"))

/** The addresses of targets that a restricted session does not reach by itself, and what is to be said of them. */
const openedBy = (request: NetworkRequest) =>
  Effect.gen(function*() {
    const host = yield* Host
    const proxies = proxiesOf({ ...host.environment, ...request.environment })
    const notes: Array<string> = []
    const resolve = (target: NetworkTarget): Effect.Effect<ReadonlyArray<Opened>> => {
      switch (target._tag) {
        case "Host":
          return Effect.succeed([])
        case "Addresses":
          return Effect.succeed([target])
        case "Preset":
          return Effect.succeed([])
        case "Name":
          if (target.wildcard) {
            notes.push(`Note: *.${target.name} is not opened: names with * are for --network allow.`)
            return Effect.succeed([])
          }
          return Effect.map(host.resolve(target.name), (addresses) => {
            if (addresses.length === 0) {
              notes.push(`Note: ${target.name} is not known here, so it is not opened to the session.`)
            }
            return addresses.map((address) => ({
              range: { first: address, last: address },
              port: target.port
            }))
          })
      }
    }
    const closed = (opened: ReadonlyArray<Opened>) => opened.filter(({ range }) => isClosed(range))
    const said = yield* Effect.forEach(request.allow, resolve, { concurrency: "unbounded" })
    const found = yield* Effect.forEach(proxies, (proxy) =>
      Effect.map(resolve(proxy.target), (opened) => {
        const inner = closed(opened)
        if (inner.length > 0) {
          notes.push(`Note: the proxy ${proxy.shown} (${proxy.variable}) is opened to the session.`)
        }
        return inner
      }), { concurrency: "unbounded" })
    return { opened: [...closed(said.flat()), ...found.flat()], notes }
  })

/** The addresses that containers have by their configuration. */
const addressesIn = (instances: ReadonlyArray<Instance>): ReadonlySet<string | undefined> =>
  new Set(instances.flatMap(({ devices }) => Object.values(devices).map((device) => device["ipv4.address"])))

/** One that is not used, of which two who choose at once hardly choose the same. */
const choose = (
  addresses: ReadonlyArray<string>,
  used: ReadonlySet<string | undefined>,
  uuid: string
): string | undefined => {
  const free = addresses.filter((address) => !used.has(address))
  return free[Number.parseInt(uuid.slice(0, 8), 16) % Math.max(1, free.length)]
}

/** A rule of a run of which there is no container is kept so long: it may just be being made (ms). */
const youngest = 15 * 60_000

/**
 * Opens ranges to the session that will have an address of its own, which this gives: the rules are there before the
 * session is. What a crash has left is taken away; its address is not given out before.
 */
const openFor = (run: string, network: RestrictedNetwork, opened: ReadonlyArray<Opened>) =>
  Effect.gen(function*() {
    const incus = yield* IncusService
    const host = yield* Host
    const neighbours = yield* host.networks
    const now = yield* Clock.currentTimeMillis
    const instances = yield* incus.instances.listAll
    const live = new Set(instances.map(({ config }) => config["user.clincus.run"]))
    const used = addressesIn(instances)
    const seed = yield* host.uuid
    let chosen: string | undefined
    yield* incus.acls.edit(restrictedAcl, (acl) => {
      const own = acl.egress.filter((rule) => openingOf(rule)?.run === run)
      if (own.length === opened.length) return Option.none()
      const kept = acl.egress.filter((rule) => {
        const opening = openingOf(rule)
        return opening !== undefined && opening.run !== run
          && (live.has(opening.run) || now - opening.at < youngest)
      })
      chosen ??= choose(freeOf(network, acl.egress), used, seed)
      const address = chosen
      return address === undefined
        ? Option.none()
        : Option.some({
          ...acl,
          ...rulesFor(network, neighbours, [
            ...kept,
            ...opened.map((one) => openingRule({ run, at: now }, address, one))
          ])
        })
    })
    return chosen ?? (yield* notThere(`no address of ${network.network} is free`))
  })

/** Closes what was opened to a run. */
export const closeFor = (run: string): Effect.Effect<void, IncusFailure, IncusService> =>
  Effect.flatMap(IncusService, ({ acls }) =>
    acls.edit(restrictedAcl, (acl) => {
      const egress = acl.egress.filter((rule) => openingOf(rule)?.run !== run)
      return egress.length === acl.egress.length ? Option.none() : Option.some({ ...acl, egress })
    }))

/**
 * Lets the session that is to be reach what it may by the gateway, and gives the address that it is known by there. What an
 * earlier session with this address could reach is taken away by this, so nothing has to be done at the end.
 */
const admitted = (network: RestrictedNetwork, request: NetworkRequest) =>
  Effect.gen(function*() {
    const { instances } = yield* IncusService
    const host = yield* Host
    const [all] = yield* Effect.all([instances.listAll, requireGateway(network)], {
      concurrency: "unbounded"
    })
    const address = choose(freeOf(network, []), addressesIn(all), yield* host.uuid)
    if (address === undefined) return yield* notThere(`no address of ${network.network} is free`)
    yield* admit(address, "set", allowedNames(request.allow, request.tool))
    return address
  })

/** The machine may have moved to another network since the rules were made. */
const keepCurrent = (network: RestrictedNetwork, acl: NetworkAcl) =>
  Effect.gen(function*() {
    const host = yield* Host
    const neighbours = yield* host.networks
    const current = (now: NetworkAcl) =>
      rulesFor(network, neighbours, now.egress.filter((rule) => openingOf(rule) !== undefined))
    const isCurrent = (now: NetworkAcl) =>
      sameRules(current(now).egress, now.egress) && sameRules(current(now).ingress, now.ingress)
    if (isCurrent(acl)) return
    const { acls } = yield* IncusService
    yield* acls.edit(restrictedAcl, (now) =>
      isCurrent(now) ? Option.none() : Option.some({ ...now, ...current(now) }))
  })

/**
 * Readies the network of the session that is to be the given run: looks at what Incus has, and opens to it what is to be
 * open. Changes nothing for other sessions. What was opened is closed with the scope, unless `kept` says that the session
 * lives on.
 */
export const prepareNetwork = (
  run: string,
  request: NetworkRequest,
  { acl, devices }: NetworkFacts,
  kept: Effect.Effect<boolean>
) =>
  Effect.gen(function*() {
    const hostPorts = hostPortsOf(request.allow)
    switch (request.mode) {
      case "open":
        return { devices: sessionDevices(request, devices), hostPorts, opened: false, notes: [] }
      case "none":
        return {
          devices: sessionDevices(request, devices),
          hostPorts,
          opened: false,
          notes: hostPorts.length === request.allow.length
            ? []
            : ["Note: without a network only services of this machine are opened to the session."]
        }
      case "allow": {
        if (Option.isNone(acl)) {
          return yield* new NetworkNotReady({ reason: `Incus has no ACL ${gatewayAcl}`, gateway: true })
        }
        const network = yield* networkOf(acl.value)
        const address = yield* admitted(network, request)
        const notes = request.allow.some(({ _tag }) => _tag === "Addresses")
          ? ["Note: with --network allow, names are opened, and services of this machine; addresses are not."]
          : []
        return {
          devices: sessionDevices(request, devices, network, address),
          hostPorts,
          opened: false,
          notes
        }
      }
      case "restricted": {
        if (Option.isNone(acl)) return yield* notThere(`Incus has no ACL ${restrictedAcl}`)
        const network = yield* networkOf(acl.value)
        const { notes, opened } = yield* openedBy(request)
        if (!request.said && request.network !== undefined) {
          notes.push(
            `Note: the session is restricted, on ${network.network}: ${request.network} is for open ones (--network open, or [network] mode).`
          )
        }
        const address = opened.length === 0
          ? yield* Effect.as(keepCurrent(network, acl.value), undefined)
          : yield* Effect.acquireRelease(
            openFor(run, network, opened),
            () => Effect.unlessEffect(Effect.ignoreLogged(closeFor(run)), kept)
          )
        return {
          devices: sessionDevices(request, devices, network, address),
          hostPorts,
          opened: address !== undefined,
          notes
        }
      }
    }
  }).pipe(Effect.withSpan("Network.prepare"))

/** What a session is made with to reach what it may reach and no more. */
export interface PreparedNetwork {
  readonly devices: Record<string, Device>
  /** Ports of the host that are opened. */
  readonly hostPorts: ReadonlyArray<number>
  /** Whether there are rules for this run alone. */
  readonly opened: boolean
  /** Sentences for the user. */
  readonly notes: ReadonlyArray<string>
}
