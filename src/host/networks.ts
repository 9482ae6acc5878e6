import * as Effect from "effect/Effect"
import { lookup } from "node:dns/promises"
import { networkInterfaces } from "node:os"
import { parseAddress, parseCidr, type Subnet } from "../domain/ipv4.ts"

// Interfaces and the resolver are the kernel's and the C library's: no service of Effect has them.

/** The IPv4 networks that this machine itself is on, by the addresses of its interfaces. */
export const ownNetworks: Effect.Effect<ReadonlyArray<Subnet>> = Effect.sync(() =>
  Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []).flatMap(({ cidr }) => {
    const subnet = cidr === null ? undefined : parseCidr(cidr)
    return subnet === undefined ? [] : [subnet]
  })
)

/** A resolver that is away takes its time to say so. */
const patience = "3 seconds"

/** The IPv4 addresses that this machine knows a name by; none if the name is not known within 3 s. */
export const addressesOf = (name: string): Effect.Effect<ReadonlyArray<number>> =>
  Effect.tryPromise(() => lookup(name, { all: true, family: 4 })).pipe(
    Effect.map((found) => found.flatMap(({ address }) => parseAddress(address) ?? [])),
    Effect.timeout(patience),
    Effect.orElseSucceed(() => [])
  )
