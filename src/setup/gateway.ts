import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { IncusFailure } from "../incus/errors.ts"
import { IncusService } from "../incus/IncusService.ts"
import type { Network } from "../incus/infrastructureSchemas.ts"
import { GatewayFailed } from "../policy/network/errors.ts"
import {
  gatewayAcl,
  gatewayBridgeOptions,
  gatewayName,
  gatewayRules,
  gatewaySpec,
  gatewayTrouble,
  provisionGateway
} from "../policy/network/gateway.ts"
import { aclKeys, placeOf, type RestrictedNetwork } from "../policy/network/restricted.ts"
import { writeAcl } from "./acl.ts"
import type { Machine } from "./machine.ts"
import { freeBridgeAddresses, newBridge, withFirstAccepted } from "./network.ts"
import { type IncusServer, unasked, whenReached } from "./server.ts"
import { type Action, done, manual, needed, type Status, type Step } from "./Step.ts"

interface GatewayOptions {
  readonly image: string
  readonly pool: string | undefined
  readonly network: string | undefined
}

const aclOf = (network: RestrictedNetwork) => ({
  description: "What sessions behind the gateway of clincus may reach",
  config: { [aclKeys.network]: network.network, [aclKeys.address]: network.address },
  ...gatewayRules(network)
})

/** Makes the network behind the gateway, with the first address that Incus accepts. */
const makeNetwork = (server: IncusServer, name: string, addresses: ReadonlyArray<string>): Action => ({
  shown: `# a network ${name}, ${addresses[0]}, with the ACL ${gatewayAcl}, from which nothing leads out`,
  run: withFirstAccepted(addresses, (address) =>
    Effect.zipRight(
      writeAcl(server, gatewayAcl, () => aclOf({ network: name, address })),
      server.api.networks.createBridge(name, gatewayBridgeOptions(address))
    ))
})

/** Makes the container, if there is none, and installs what it runs. */
const makeContainer = (server: IncusServer, options: GatewayOptions): Action => ({
  shown:
    `# a container ${gatewayName} from the image ${options.image}, with haproxy, dnsmasq and nftables of Debian`,
  run: Effect.gen(function*() {
    const place = Option.getOrUndefined(Option.flatMap(yield* server.api.acls.get(gatewayAcl), placeOf))
    if (place === undefined) return
    const there = yield* Effect.option(server.api.instances.get(gatewayName))
    yield* Option.match(there, {
      onNone: () => server.api.instances.createAndStart(gatewaySpec(place, options)),
      onSome: () => server.api.instances.start(gatewayName)
    })
    yield* provisionGateway(place)
  }).pipe(
    Effect.catchTags({
      ImageNotFound: failed,
      InstanceChanged: failed,
      InstanceNotFound: failed,
      NameTaken: failed
    }),
    Effect.provideService(IncusService, server.api)
  )
})

const failed = ({ message }: { readonly message: string }) =>
  new GatewayFailed({ container: gatewayName, reason: message })

/** There is a gateway for sessions of mode `allow`: a network that leads nowhere but to it, and its container. */
export const gatewayStep = (machine: Machine, server: IncusServer, options: GatewayOptions): Step => {
  const all = (reason: string, networks: ReadonlyArray<Network>) =>
    Effect.gen(function*() {
      const addresses = yield* freeBridgeAddresses(machine, networks)
      const interfaces = yield* machine.list("/sys/class/net")
      const name = newBridge([...interfaces, ...networks.map((one) => one.name)], "clincusgw")
      return addresses.length === 0
        ? manual("no /24 of 10.0.0.0/8 is free for a bridge: all of it is routed somewhere else", [])
        : needed(reason, [makeNetwork(server, name, addresses), makeContainer(server, options)])
    })
  return {
    name: "gateway",
    title: "Gateway",
    check: whenReached<IncusFailure>(
      server,
      all(unasked, []),
      () =>
        Effect.gen(function*(): Effect.fn.Return<Status, IncusFailure> {
          const [networks, acl] = yield* Effect.all([
            server.api.networks.list,
            server.api.acls.get(gatewayAcl)
          ])
          const place = Option.getOrUndefined(Option.flatMap(acl, placeOf))
          const network = networks.find(({ name }) => name === place?.network)
          if (place === undefined || network === undefined) {
            return yield* all("Incus has no network behind a gateway", networks)
          }
          const wrong = Object.entries(gatewayBridgeOptions(place.address)).filter(([key, value]) =>
            (network.config[key] ?? "") !== value
          )
          const trouble = yield* gatewayTrouble(place).pipe(Effect.provideService(IncusService, server.api))
          if (wrong.length === 0 && trouble === undefined) return done(`${gatewayName}, on ${place.network}`)
          return needed(trouble?.reason ?? `${place.network} is not as this version of clincus wants it`, [
            ...(wrong.length === 0 ? [] : [{
              shown: `incus network set ${place.network} ${wrong.map(([key]) => `${key}=…`).join(" ")}`,
              run: server.api.networks.configure(place.network, Object.fromEntries(wrong))
            }]),
            ...(trouble === undefined ? [] : [makeContainer(server, options)])
          ])
        })
    )
  }
}
